/// Bytes that cannot be what they claim to be. Positions are byte offsets in the array that was read.
package enum CodecError: Error, Hashable, Sendable {
    /// The bytes end before the value that begins at `position` does.
    case cutShort(position: Int)
    /// A field has a value that no encoder writes.
    case malformed(position: Int, reason: String)
    /// A coder of a later version, or damage: refused by its number, never guessed.
    case unknownCoder(position: Int, number: UInt8)
    /// A format version this program does not know.
    case unknownVersion(position: Int, number: UInt8)
}

extension CodecError: CustomStringConvertible {
    /// What was found and where, for people.
    package var description: String {
        switch self {
        case .cutShort(let position): "bytes end too early (at byte \(position))"
        case .malformed(let position, let reason): "\(reason) (at byte \(position))"
        case .unknownCoder(let position, let number): "unknown coder \(number) (at byte \(position))"
        case .unknownVersion(let position, let number): "unknown format version \(number) (at byte \(position))"
        }
    }
}
