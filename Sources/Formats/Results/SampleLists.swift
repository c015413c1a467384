import Model
import Query

/// Writes the samples of one series after the other as JSON, `[[1700001265,"42"],…]`: nearly all of what a range query
/// answers, so it is written without a string in between.
///
/// Series of one answer have their samples at the same moments, or some of them: the text of each moment is made once.
struct SampleLists {
    /// Moments whose text is known, ascending.
    private let times: ArraySlice<Int64>
    /// The texts of ``times``, ``stride`` bytes each: `[1700001265,"` and whatever follows.
    private var texts: [UInt8] = []
    private var lengths: [UInt8] = []

    /// The longest text of a moment, `[-9223372036854775.807,"`, has 24 bytes.
    fileprivate static let stride = 32
    /// `[…,"` of a moment, a number, `"],`.
    fileprivate static let sampleBytesMax = stride + NumberText.bytesMax + 8
    /// Samples that are written between two looks at how much room there is.
    private static let samplesAtOnce = 64

    init(_ series: [ResultSeries]) {
        let longest = series.max { $0.samples.count < $1.samples.count }
        times = longest?.samples.times ?? []
        texts = [UInt8](repeating: 0, count: times.count * SampleLists.stride)
        lengths.reserveCapacity(times.count)
        unsafe texts.withUnsafeMutableBufferPointer { texts in
            guard let start = texts.baseAddress else { return }
            for (place, time) in times.enumerated() {
                // In bounds: there is a stride for each moment, which is longer than its text.
                lengths.append(UInt8(unsafe SampleLists.write(moment: time, to: start + place * SampleLists.stride)))
            }
        }
    }

    /// Appends the list of one series.
    func write(_ samples: SampleRow, into writer: inout TextWriter) {
        writer.write(byte: UInt8(ascii: "["))
        var known = (0..<times.count).partitioned { times[times.startIndex + $0] < (samples.times.first ?? 0) }
        // Nearly always: whoever has no gaps has all the moments that are known, from the first of its own on.
        let isRun = times.dropFirst(known).prefix(samples.count) == samples.times
        var last = Last()
        var widened: [Double] = []
        var start = 0
        while start < samples.count {
            let end = min(samples.count, start + SampleLists.samplesAtOnce)
            let moments = samples.times.span.extracting(start..<end)
            switch samples.values {
            case .full(let values):
                write(values.span.extracting(start..<end), at: moments, isRun, &known, &last, into: &writer)
            case .narrow:
                widened.removeAll(keepingCapacity: true)
                samples.values.append(start..<end, to: &widened)
                write(widened.span, at: moments, isRun, &known, &last, into: &writer)
            }
            start = end
        }
        writer.removeTrailing(UInt8(ascii: ","))
        writer.write(byte: UInt8(ascii: "]"))
    }

    /// Appends a few samples, with a comma behind each.
    /// - Parameters:
    ///   - isRun: whether the samples are at all the moments of ``times`` from `known` on.
    ///   - known: where in ``times`` to look first; moves on with the series' samples.
    @inline(__always) private func write(
        _ values: Span<Double>, at moments: Span<Int64>, _ isRun: Bool, _ known: inout Int, _ last: inout Last,
        into writer: inout TextWriter
    ) {
        // Each sample writes at most `sampleBytesMax` bytes, copies of whole strides included.
        unsafe writer.write(capacity: values.count * SampleLists.sampleBytesMax) { out in
            var at = unsafe out
            for place in values.indices {
                if isRun {
                    unsafe at += copyText(known, to: at)
                    known &+= 1
                } else {
                    unsafe at += writeMoment(moments[place], &known, to: at)
                }
                unsafe at += last.write(values[place], to: at)
                unsafe at[0] = UInt8(ascii: "\"")
                unsafe at[1] = UInt8(ascii: "]")
                unsafe at[2] = UInt8(ascii: ",")
                unsafe at += 3
            }
            return unsafe at - out
        }
    }

    @inline(__always)
    @unsafe private func writeMoment(_ time: Int64, _ known: inout Int, to: UnsafeMutablePointer<UInt8>) -> Int {
        while known < times.count, times[times.startIndex + known] < time { known += 1 }
        guard known < times.count, times[times.startIndex + known] == time else {
            return unsafe SampleLists.write(moment: time, to: to)
        }
        return unsafe copyText(known, to: to)
    }

    @inline(__always)
    @unsafe private func copyText(_ known: Int, to: UnsafeMutablePointer<UInt8>) -> Int {
        unsafe texts.withUnsafeBytes { bytes in
            // In bounds: there is a whole stride for each moment.
            let text = unsafe bytes.loadUnaligned(
                fromByteOffset: known * SampleLists.stride, as: SIMD32<UInt8>.self)
            unsafe UnsafeMutableRawPointer(to).storeBytes(of: text, as: SIMD32<UInt8>.self)
        }
        return Int(lengths[known])
    }

    /// The number that was written last, and its text: a gauge often stays as it is.
    private struct Last {
        private var bits: UInt64 = Double.staleMarkerBits
        private var text = SIMD32<UInt8>()
        private var length = 0

        @inline(__always)
        @unsafe mutating func write(_ value: Double, to: UnsafeMutablePointer<UInt8>) -> Int {
            if value.bitPattern == bits, length > 0 {
                unsafe UnsafeMutableRawPointer(to).storeBytes(of: text, as: SIMD32<UInt8>.self)
                return length
            }
            bits = value.bitPattern
            length = unsafe SampleLists.write(number: value, to: to)
            // There is room for more than a stride from here on.
            unsafe text = UnsafeRawPointer(to).loadUnaligned(as: SIMD32<UInt8>.self)
            return length
        }
    }
}

extension SampleLists {
    /// Writes `[1700001265.500,"`: seconds since 1970, with three decimals where they are not whole, as Prometheus does
    /// (util/jsonutil, MarshalTimestamp).
    @inline(__always)
    @unsafe fileprivate static func write(moment milliseconds: Int64, to: UnsafeMutablePointer<UInt8>) -> Int {
        var at = unsafe to
        unsafe at[0] = UInt8(ascii: "[")
        unsafe at += 1
        if milliseconds < 0 {
            unsafe at[0] = UInt8(ascii: "-")
            unsafe at += 1
        }
        unsafe at += NumberText.write(milliseconds: milliseconds.magnitude, to: at)
        unsafe at[0] = UInt8(ascii: ",")
        unsafe at[1] = UInt8(ascii: "\"")
        return unsafe at + 2 - to
    }

    /// Prometheus leaves the plain form below 1e-6 and from 1e21 on (util/jsonutil, MarshalFloat).
    @inline(__always)
    @unsafe fileprivate static func write(number value: Double, to: UnsafeMutablePointer<UInt8>) -> Int {
        if let count = unsafe NumberText.write(plain: value, to: to) { return count }
        let text = FloatText.short(value).utf8
        for (place, byte) in text.enumerated() { unsafe to[place] = byte }
        return text.count
    }

    /// `[1700001265,"42"]`
    static func write(_ sample: Sample, into writer: inout TextWriter) {
        unsafe writer.write(capacity: sampleBytesMax) { out in
            var at = unsafe out + write(moment: sample.time.milliseconds, to: out)
            unsafe at += write(number: sample.value, to: at)
            unsafe at[0] = UInt8(ascii: "\"")
            unsafe at[1] = UInt8(ascii: "]")
            return unsafe at + 2 - out
        }
    }
}
