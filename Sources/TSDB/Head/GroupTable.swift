import LMDB
import Model

/// The groups of a store, the chain of each, and which group a series is in.
struct GroupTable {
    /// A group holds at most this many series; the next opens another group of its definition, because sealing is one
    /// transaction a group and must stay small (storage format, keys).
    static let seriesMax = 8192

    private struct Group {
        var definition: GroupDefinition
        var encoder = HeadRowEncoder()
        var lastTime = Int64.min
        var seriesCount = 0
    }

    /// The samples of one row that belong to one group.
    struct Part {
        var group: UInt16
        var samples: [(reference: Int, value: Double)]
    }

    private var groups: [UInt16: Group] = [:]
    /// Numbers of the groups of each definition, ascending.
    private var numbers: [GroupDefinition: [UInt16]] = [:]
    /// Group of a reference within each definition.
    private var assignment: [GroupDefinition: [UInt16]] = [:]
    private(set) var newestTime: Int64?
    /// The row that each reference was in last, by the rows' order of arrival.
    private var rowOfReference: [UInt64] = []
    private var rowNumber: UInt64 = 0

    init() {}

    /// - Throws: ``StoreError`` where a group's record is damaged.
    init(_ snapshot: Snapshot) throws(StoreError) {
        for (number, definition) in try snapshot.groups() {
            groups[number] = Group(definition: definition)
            numbers[definition, default: []].append(number)
        }
        for definition in numbers.keys { numbers[definition]?.sort() }
        for (number, time) in try snapshot.lastRowTimes() {
            groups[number]?.lastTime = time
            newestTime = max(newestTime ?? time, time)
        }
        // A span may be sealed before it is complete; the rows that follow join its block at the next seal.
        for reference in try snapshot.newestBlocks() {
            // A block that is damaged tells no times; what comes within its span is merged with what is left of it.
            let times = try snapshot.tolerating { () throws(StoreError) in try snapshot.blockTimes(reference) } ?? []
            guard let end = times.compactMap(\.last).max() else { continue }
            guard let group = groups[reference.group] else { continue }
            groups[reference.group]?.lastTime = max(group.lastTime, end)
            // What was imported may lie in the future, and tells nothing of which spans are complete.
            if group.definition.isOfAgent { newestTime = max(newestTime ?? end, end) }
        }
        // What was imported as late may lie behind the last row. A row not later than it has to come after it, as
        // another late batch, for late batches are read after the rows.
        for (group, end) in try snapshot.lateBatchEnds() {
            guard let known = groups[group] else { continue }
            groups[group]?.lastTime = max(known.lastTime, end)
        }
    }

    struct Place {
        var lastTime: Int64
    }

    subscript(number: UInt16) -> Place { Place(lastTime: groups[number]?.lastTime ?? .min) }

    func interval(of number: UInt16) -> Int64? { groups[number]?.definition.intervalMilliseconds }

    /// Has each chain begin anew: the ids of the series have changed.
    mutating func forgetIDs() {
        for number in Array(groups.keys) { groups[number]?.encoder.reset() }
    }

    /// The parts of a row by group. Groups that had to be opened are added to `news`. Of a series that is given twice
    /// the last value stays: a chain has no place for two.
    mutating func split(_ row: Scrape.Row, _ news: inout [UInt16: GroupDefinition]) -> [Part] {
        var parts: [Part] = []
        var assigned = assignment[row.group] ?? []
        rowNumber += 1
        for sample in row.samples {
            let reference = sample.series.index
            while assigned.count <= reference { assigned.append(.max) }
            while rowOfReference.count <= reference { rowOfReference.append(0) }
            if rowOfReference[reference] == rowNumber {
                GroupTable.replace(reference, sample.value, in: &parts)
                continue
            }
            rowOfReference[reference] = rowNumber
            if assigned[reference] == .max {
                assigned[reference] = room(in: row.group, &news)
                groups[assigned[reference]]?.seriesCount += 1
            }
            let group = assigned[reference]
            if let place = parts.firstIndex(where: { $0.group == group }) {
                parts[place].samples.append((reference, sample.value))
            } else {
                var part = Part(group: group, samples: [])
                part.samples.reserveCapacity(row.samples.count)
                part.samples.append((reference, sample.value))
                parts.append(part)
            }
        }
        assignment[row.group] = assigned
        return parts
    }

    private static func replace(_ reference: Int, _ value: Double, in parts: inout [Part]) {
        for place in parts.indices {
            guard let sample = parts[place].samples.firstIndex(where: { $0.reference == reference }) else { continue }
            parts[place].samples[sample].value = value
        }
    }

    /// The number of a group of the definition that can take another series.
    private mutating func room(in definition: GroupDefinition, _ news: inout [UInt16: GroupDefinition]) -> UInt16 {
        if let known = numbers[definition]?.first(where: { (groups[$0]?.seriesCount ?? 0) < GroupTable.seriesMax }) {
            return known
        }
        // The last two are the frames'; a store with 65,533 groups has half a billion series.
        let number = (groups.keys.max() ?? 0) + 1
        precondition(number < HeadScan.lateFrameGroup, "group numbers are used up")
        groups[number] = Group(definition: definition)
        numbers[definition, default: []].append(number)
        news[number] = definition
        return number
    }

    /// Encodes a part as the group's next row. `time` is later than its last.
    mutating func encode(_ part: Part, time: Int64, id: (Int) -> UInt32) -> [UInt8] {
        guard var group = groups.removeValue(forKey: part.group) else { return [] }
        // A block's rows must be readable without those of the span before, which are gone once it is sealed.
        let startsSpan =
            group.lastTime == .min || Block.spanStart(time) != Block.spanStart(group.lastTime)
        let payload = group.encoder.encode(time: time, part.samples, startsSpan: startsSpan, id: id)
        group.lastTime = time
        newestTime = max(newestTime ?? time, time)
        groups[part.group] = group
        return payload
    }
}

/// The chain of process frames in the head.
struct FrameChain {
    private var encoder = FrameRowEncoder()
    private var keyTime: Int64?
    private var lastTime = Int64.min
    private var rowsSinceKey = 0

    mutating func reset(lastTime: Int64?) {
        keyTime = nil
        self.lastTime = lastTime ?? .min
    }

    /// Time of the last row; nil where there has been none.
    var newestTime: Int64? { lastTime == .min ? nil : lastTime }

    /// The frame as a row, and its group: one that is not later than the last one is no part of the chain.
    mutating func encode(_ frame: ProcessFrame) -> (group: UInt16, payload: [UInt8]) {
        let time = frame.time.milliseconds
        guard time > lastTime else {
            var alone = FrameRowEncoder()
            let body = alone.encode(frame, isKey: true)
            return (HeadScan.lateFrameGroup, FrameEnvelope.wrap(body, behindKey: nil))
        }
        let startsSpan = lastTime == .min || Block.spanStart(time) != Block.spanStart(lastTime)
        lastTime = time
        rowsSinceKey += 1
        if let key = keyTime, !startsSpan, rowsSinceKey < HeadRowEncoder.keyRowEvery {
            let body = encoder.encode(frame, isKey: false)
            return (HeadScan.frameGroup, FrameEnvelope.wrap(body, behindKey: (time - key, rowsSinceKey)))
        }
        keyTime = time
        rowsSinceKey = 0
        return (HeadScan.frameGroup, FrameEnvelope.wrap(encoder.encode(frame, isKey: true), behindKey: nil))
    }
}
