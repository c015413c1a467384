import LMDB
import Synchronization

/// What snapshots of one commit have decoded of their blocks' heads (times, presence, directories), kept for the next
/// snapshot of the same commit: a server is asked by many panels at once, and half of a short query goes to heads.
///
/// Nothing is kept unless a server says so. A snapshot of a newer commit takes the place of all that was kept.
final class DecodedBlocks: Sendable {
    /// A reader that no snapshot uses.
    private struct Head: @unchecked Sendable {
        // @unchecked: it is copied for whoever takes it, who gives it a workspace of his own before he reads.
        let reader: BlockReader
        let byteCount: Int
    }

    private struct Kept {
        var byteCountMax = 0
        var byteCount = 0
        var view: ReadView?
        var heads: [Snapshot.BlockReference: Head] = [:]

        mutating func removeAll() {
            heads.removeAll()
            byteCount = 0
        }
    }

    private let kept = Mutex(Kept())

    /// Keeps at most so many bytes, by estimate.
    func limit(to byteCount: Int) {
        kept.withLock { kept in
            kept.byteCountMax = byteCount
            kept.removeAll()
        }
    }

    /// A reader of the block as that view shows it; nil where there is none yet.
    func reader(of block: Snapshot.BlockReference, in view: ReadView) -> BlockReader? {
        let head = kept.withLock { $0.view == view ? $0.heads[block] : nil }
        return head?.reader
    }

    /// Keeps what a snapshot that ends has decoded.
    /// - Parameter readers: asked for only where anything is kept.
    func keep(_ readers: @autoclosure () -> [Snapshot.BlockReference: BlockReader], of view: ReadView) {
        guard kept.withLock({ $0.byteCountMax > 0 }) else { return }
        let heads = readers().map { block, reader in
            var reader = reader
            reader.forgetChunks()
            return (block: block, head: Head(reader: reader, byteCount: reader.decodedBytes))
        }
        kept.withLock { kept in
            if let known = kept.view, known.environment == view.environment, known.commit > view.commit { return }
            if kept.view != view {
                kept.removeAll()
                kept.view = view
            }
            for (block, head) in heads {
                let before = kept.heads[block]?.byteCount ?? 0
                // Whoever read other series of the block may have decoded more of it.
                guard head.byteCount > before, kept.byteCount + head.byteCount - before <= kept.byteCountMax else {
                    continue
                }
                kept.heads[block] = head
                kept.byteCount += head.byteCount - before
            }
        }
    }
}

extension Store {
    /// Has snapshots find what others of the same commit have decoded, up to so many bytes: for a server of queries.
    package func keepDecoded(upTo byteCount: Int) { decoded.limit(to: byteCount) }
}
