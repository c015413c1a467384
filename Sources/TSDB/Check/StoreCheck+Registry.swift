import LMDB
import Model

extension StoreCheck {
    /// Pairs are sorted, postings and series say the same, label sets are distinct; but for the empty ones, which stand
    /// for ids whose series is deleted or was left out of a snapshot.
    mutating func checkRegistries() throws(StoreError) {
        var names: [RegistryName] = []
        try snapshot.transaction.scan(from: [Key.Kind.registry.rawValue]) { key, _ throws(StoreError) in
            guard let name = key.registryKey() else { return key.isKey(.registry) ? .next : .stop }
            let one = RegistryName(span: name.span, start: name.start)
            if names.last != one { names.append(one) }
            return .next
        }
        for name in names {
            guard let span = RegistrySpan(rawValue: name.span) else {
                report.add("registry of \(name.start)", "span \(name.span) is not known; use a newer mon")
                seriesCounts[name] = .some(nil)
                continue
            }
            let range = TimeRange(
                minMilliseconds: name.start * 1000 + 1, maxMilliseconds: (name.start + span.seconds) * 1000)
            do throws(StoreError) {
                try checkRegistry(name, span)
            } catch {
                if seriesCounts[name] == nil { seriesCounts[name] = .some(nil) }
                report.add(error, costs: CheckReport.samples(in: range, of: "series whose names it holds,"))
            }
        }
    }

    private mutating func checkRegistry(_ name: RegistryName, _ span: RegistrySpan) throws(StoreError) {
        let title = RecordKind.title(of: Key.registry(span: span, start: name.start, stripe: 0))
        if name.start % span.seconds != 0 {
            report.add(title, "its start is not that of a span")
        }
        var registry = try RegistryReader(
            start: name.start, stripeBytes: stripeBytes, span: span, in: snapshot.transaction)
        seriesCounts[name] = registry.count
        report.series += registry.count
        // What the postings say of each series, by rank.
        var ranks = [[Int]](repeating: [], count: registry.seriesCount)
        var last: RegistryReader.Pair?
        for number in 0..<registry.pageCount {
            for (place, pair) in try registry.page(number, in: snapshot.transaction).enumerated() {
                if let last, !RegistryReader.precedes(last, pair) {
                    throw .damaged(
                        path: inspection.store.path, record: title, reason: "label pairs out of order on page \(number)"
                    )
                }
                last = pair
                let ids = try registry.ids(pair, in: snapshot.transaction)
                if ids.count != pair.seriesCount {
                    report.add(title, "a label pair says that it has \(pair.seriesCount) series, and has \(ids.count)")
                }
                for id in ids { ranks[Int(id)].append(number * RegistryWriter.pageEntries + place) }
            }
        }
        for (id, expected) in ranks.enumerated()
        where try registry.ranks(of: UInt32(id), in: snapshot.transaction) != expected {
            report.add(title, "its postings and its series disagree", costs: "series \(id) and others")
            break
        }
        let labels = try registry.allLabels(in: snapshot.transaction).filter { !$0.isEmpty }
        report.series -= registry.count - labels.count
        if Set(labels).count != labels.count { report.add(title, "two of its series have the same labels") }
    }
}

extension RegistryReader {
    fileprivate static func precedes(_ lhs: Pair, _ rhs: Pair) -> Bool {
        lhs.name == rhs.name
            ? lhs.value.lexicographicallyPrecedes(rhs.value) : lhs.name.lexicographicallyPrecedes(rhs.name)
    }
}
