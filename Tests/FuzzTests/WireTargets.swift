import Formats
import Model

extension FuzzTarget {
    /// What remote write and remote read bring: a Snappy block, or the message in it. The first byte says which.
    static let wire = FuzzTarget(name: "wire", seeds: { wireSeeds }) { bytes in
        guard let first = bytes.first else { return nil }
        let rest = Array(bytes.dropFirst())
        switch first % 4 {
        case 0:
            // What is read is written to the same bytes again, and stays within its bound.
            return refusing {
                let content = try Snappy.decode(rest, most: 1 << 16)
                if content.count > 1 << 16 { return "more than was allowed" }
                return try Snappy.decode(Snappy.encode(content), most: 1 << 16) == content ? nil : "does not come back"
            }
        case 1: return refusing { problem(try WriteRequest(rest, .one)) }
        case 2: return refusing { problem(try WriteRequest(rest, .two)) }
        default:
            return refusing {
                _ = try ReadRequest(rest)
                return nil
            }
        }
    }

    /// Labels are made without a second look: they must be well formed.
    private static func problem(_ request: WriteRequest) -> String? {
        for labels in request.batch.series where Labels(bytes: labels.bytes) == nil { return "bad labels" }
        let last = request.batch.numbers.max().map { Int($0) } ?? -1
        return last < request.batch.series.count ? nil : "a sample of no series"
    }

    private static var wireSeeds: [[UInt8]] {
        // up 1 at 5 ms, with a histogram and what it is.
        let name = Array("__name__".utf8)
        let up = Array("up".utf8)
        let sample: [UInt8] = [18, 11, 9, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 16, 5]
        var series: [UInt8] = [10, 14, 10, 8]
        series += name
        series += [18, 2]
        series += up
        series += sample
        series += [34, 2, 8, 1]
        var metadata: [UInt8] = [8, 1, 18, 2]
        metadata += up
        metadata += [34, 1, 104]
        var first: [UInt8] = [10, UInt8(series.count)]
        first += series
        first += [26, UInt8(metadata.count)]
        first += metadata
        var second: [UInt8] = [34, 0, 34, 8]
        second += name
        second += [34, 2]
        second += up
        second += [42, 23, 10, 2, 1, 2]
        second += sample
        second += [42, 4, 8, 1, 24, 2]
        let read: [UInt8] = [10, 11, 8, 1, 16, 9, 26, 5, 8, 2, 18, 1, 97, 16, 0]
        return [[0] + Snappy.encode(first + first), [1] + first, [2] + second, [3] + read]
    }
}
