import Glibc

/// A secret that the configuration names and does not hold: a file of its own, or a credential of the service manager
/// (systemd.exec(5), `LoadCredential=`). Read whenever it is needed, so that it may be exchanged, and never told.
package struct SecretFile: Hashable, Sendable {
    /// A path, or the name of a credential.
    package let name: String

    package init(_ name: String) { self.name = name }

    /// More is no password and no token.
    private static let bytesMax = 8192

    /// The first line, without blanks around it.
    /// - Throws: with the file's name, never with what is in it.
    func read(
        environment: (String) -> String? = { SecretFile.variable($0) }
    ) throws(CollectorError) -> String {
        var path = name
        if !name.utf8.contains(UInt8(ascii: "/")) {
            guard let folder = environment("CREDENTIALS_DIRECTORY"), !folder.isEmpty else {
                throw CollectorError(
                    .missing, attempt: "read the credential \(name)",
                    found: "CREDENTIALS_DIRECTORY is not set: add LoadCredential=\(name):/path to the unit")
            }
            path = folder + "/" + name
        }
        let file = try Descriptor(reading: path)
        var bytes = [UInt8](repeating: 0, count: SecretFile.bytesMax + 1)
        // The kernel writes at most the array's count.
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe Glibc.read(file.number, $0.baseAddress, $0.count) }
        guard count >= 0 else { throw CollectorError(code: errno, attempt: "read \(path)") }
        var line = bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }
        while let last = line.last, last <= 32 { line.removeLast() }
        while let first = line.first, first <= 32 { line.removeFirst() }
        guard count <= SecretFile.bytesMax, !line.isEmpty, line.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            throw CollectorError(
                .malformed, attempt: "read \(path)",
                found: "no secret: its first line is to be of 1 to \(SecretFile.bytesMax) visible ASCII characters")
        }
        return String(decoding: line, as: UTF8.self)
    }

    private static func variable(_ name: String) -> String? {
        // getenv's text is copied at once; nothing here changes the environment.
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }
}
