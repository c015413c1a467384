import LMDB
import Model

/// What the chunks of a store's blocks take, by metric and coder: where a byte saved would be worth most.
package struct ChunkSizes: Hashable, Sendable {
    /// The chunks of one metric that were written in one way.
    package struct Part: Hashable, Sendable {
        package var metric: String
        /// `integers order 1 huffman`, `reference form 2`.
        package var coder: String
        package var chunks = 0
        package var samples = 0
        package var bytes = 0
    }

    /// Largest first.
    package var parts: [Part] = []
    /// Headers, fences, times, presence lists, parameters and directories.
    package var otherBytes = 0
}

extension Snapshot {
    /// Looks at every chunk of every block. Cost: a walk over the blocks, of whose chunks two bytes are decoded.
    package func chunkSizes() throws(StoreError) -> ChunkSizes {
        var found: [[String]: ChunkSizes.Part] = [:]
        var sizes = ChunkSizes()
        for reference in try blockReferences(in: .all) {
            let day = Block.day(of: reference.start)
            let labels = try withRegistry(day) { registry throws(StoreError) in
                try registry.allLabels(in: transaction)
            }
            try withBlock(reference) { block throws(StoreError) in
                sizes.otherBytes += block.chunkOffset
                for entry in try block.allEntries(in: transaction) {
                    let place = Int(entry.id)
                    let metric = place < labels.count ? labels[place][Labels.metricNameLabel] ?? "" : ""
                    let coder = try ChunkSizes.coder(block.chunk(entry, in: transaction), count: entry.chunkBytes)
                    let count = block.sampleCount(entry)
                    var part = found[[metric, coder]] ?? ChunkSizes.Part(metric: metric, coder: coder)
                    part.chunks += 1
                    part.samples += count
                    part.bytes += entry.chunkBytes
                    found[[metric, coder]] = part
                }
            }
        }
        sizes.parts = found.values.sorted {
            ($1.bytes, $0.metric, $0.coder) < ($0.bytes, $1.metric, $1.coder)
        }
        return sizes
    }
}

extension ChunkSizes {
    /// How a chunk was written, in words.
    fileprivate static func coder(_ chunk: [UInt8], count: Int) -> String {
        guard count > 1, let coder = ChunkCoder(rawValue: chunk[0]) else { return "zero" }
        switch coder {
        case .constant: return "constant"
        case .reference: return "reference form \(chunk[1])"
        case .integers, .dictionary, .raw:
            guard let flags = try? ChunkFlags(chunk[1], at: 1) else { return "\(coder)" }
            return "\(coder) order \(flags.order) \(flags.residual)" + (flags.hasCorrections ? " corrected" : "")
        }
    }
}
