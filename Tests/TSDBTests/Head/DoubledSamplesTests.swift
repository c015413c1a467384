import Model
import TestSupport
import Testing

@testable import TSDB

/// A scrape may bring a series twice: two devices whose names differ in bytes that are no UTF-8 have the same label.
/// The last of its values stays, as with samples of equal times, and nothing else suffers.
@Suite struct DoubledSamplesTests {
    private let labels = (0..<3).map { Labels(name: "m", ["i": "\($0)"]) }

    private func doubled(_ tick: Int64) -> [(Labels, Double)] {
        [(labels[0], Double(tick)), (labels[1], 7), (labels[0], Double(tick) + 0.5), (labels[2], 8)]
    }

    @Test func theLastStaysInTheHeadAndWhenSealed() throws {
        var written = try WrittenStore()
        for tick in 0..<5 as Range<Int64> {
            try written.append(tick * 5000, doubled(tick))
            try written.expectEqualsModel("row \(tick)")
        }
        try written.recorder.sealEverything()
        #expect(try written.store.snapshot().oldestHeadTime() == nil, "the rows were sealed")
        try written.expectEqualsModel("sealed")
    }

    /// In a delta row, as a series that the chain does not know yet.
    @Test func theLastStaysInADeltaRow() throws {
        var written = try WrittenStore()
        try written.append(0, [(labels[1], 1)])
        try written.append(5000, doubled(1))
        try written.append(10_000, doubled(2))
        try written.expectEqualsModel("rows")
        try written.recorder.sealEverything()
        try written.expectEqualsModel("sealed")
    }

    @Test func theLastStaysAmongLateSamples() throws {
        var written = try WrittenStore()
        try written.append(10_000, [(labels[0], 1)])
        try written.append(5000, doubled(3))
        #expect(written.recorder.lateSamples == 3)
        try written.expectEqualsModel("late batch")
        try written.recorder.sealEverything()
        try written.expectEqualsModel("merged")
    }
}
