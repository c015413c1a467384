import Glibc

/// The kernel's log from now on (Documentation/ABI/testing/dev-kmsg): each read brings one record,
/// `priority,sequence,microseconds,flags;message`, with lines of details behind it.
final class KernelLog {
    private let descriptor: Descriptor
    private var buffer = [UInt8](repeating: 0, count: 8192)

    /// - Throws: where the log may not be read, as without CAP_SYSLOG under `dmesg_restrict`.
    init(_ path: String) throws(CollectorError) {
        descriptor = try Descriptor(reading: path)
        // Behind the last record. A pipe, as in tests, has no place to go to.
        _ = lseek(descriptor.number, 0, SEEK_END)
    }

    /// The message of the next record, without its details; nil where there is none yet.
    func next() -> String? {
        while true {
            // The read is given the whole buffer.
            let got = unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe read(descriptor.number, bytes.baseAddress, bytes.count)
            }
            // EPIPE: records were overwritten before they were read; the next read goes on behind the gap.
            if got < 0, errno == EPIPE || errno == EINTR { continue }
            if got <= 0 { return nil }
            let end = buffer[..<got].firstIndex(of: 10) ?? got
            let line = String(decoding: buffer[..<end], as: UTF8.self)
            guard let mark = line.firstIndex(of: ";") else { return "" }
            return String(line[line.index(after: mark)...])
        }
    }
}
