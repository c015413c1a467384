/// Which of the two texts a client gets, by its Accept header (RFC 9110, section 12.5.1).
package enum ContentNegotiation {
    /// OpenMetrics only where it is asked for by name, with a weight that is not below the text's: a browser, whose
    /// `*/*` accepts everything, and a client that says nothing get the older text, which everybody reads.
    package static func format(accept: String?) -> ExpositionFormat {
        guard let accept else { return .text }
        var openMetrics = Weight()
        var text = Weight()
        for range in accept.split(separator: ",") {
            var parts = range.split(separator: ";", omittingEmptySubsequences: true).map(trimmed)
            if parts.isEmpty { continue }
            let media = parts.removeFirst().lowercased()
            let parameters = parts.compactMap(parameter)
            let version = parameters.first { $0.name == "version" }?.value
            let weight = parameters.first { $0.name == "q" }.map { quality($0.value) } ?? 1
            switch media {
            case "application/openmetrics-text":
                // 0.0.1 is OpenMetrics as Prometheus asked for it before 1.0.0; both read what is written here.
                if version == nil || version == "1.0.0" || version == "0.0.1" { openMetrics.take(weight, rank: 2) }
            case "text/plain":
                if version == nil || version == "0.0.4" || version == "1.0.0" { text.take(weight, rank: 2) }
            case "text/*": text.take(weight, rank: 1)
            case "*/*": text.take(weight, rank: 0)
            default: continue
            }
        }
        return openMetrics.value > 0 && openMetrics.value >= text.value ? .openMetrics : .text
    }

    /// The weight of a format so far: that of the most specific range, and of equals the largest.
    private struct Weight {
        var value = 0.0
        private var rank = -1

        mutating func take(_ weight: Double, rank: Int) {
            if rank > self.rank || (rank == self.rank && weight > value) {
                value = weight
                self.rank = rank
            }
        }
    }

    private static func parameter(_ text: Substring) -> (name: String, value: Substring)? {
        guard let equals = text.firstIndex(of: "=") else { return nil }
        var value = trimmed(text[text.index(after: equals)...])
        if value.count >= 2, value.first == "\"", value.last == "\"" { value = value.dropFirst().dropLast() }
        return (trimmed(text[..<equals]).lowercased(), value)
    }

    /// 0…1; what is not a number weighs nothing.
    private static func quality(_ text: Substring) -> Double {
        guard let weight = Double(text), weight >= 0, weight <= 1 else { return 0 }
        return weight
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
