// What the store knows of a retention class. A series is put into a class when it is appended, so its samples share
// groups with those that age like them. A class is never taken away or renumbered, since groups name it: one that no
// policy has any more is inactive, gets no new series, and what it has goes on ageing as it was told last.
//
//   key     04 class(u8): 0 = all that no exception fits, 1 ... 254 = exceptions, 255 = process frames
//   value   version(1) isActive(u8) place among the exceptions (varint), 0 (zigzag; a time of which nothing is made),
//           kept raw, 1m, 1h (varint ms each), forgotten through raw, 1m, 1h (zigzag ms each),
//           number of matchers, per matcher: operation(u8: 0 =, 1 !=, 2 =~, 3 !~) field(name) field(value)

import LMDB
package import Model

/// A retention class as its record has it.
struct RetentionClass: Hashable {
    static let standard: UInt8 = 0
    static let frames: UInt8 = 255

    var isActive = true
    /// Lower ones are asked first.
    var place = 0
    var keep: TierKeep
    /// Through when what was at each tier is gone, in milliseconds.
    var forgotten = TierCoverage()
    var matchers: [Matcher] = []

    func matches(_ labels: Labels) -> Bool { isActive && matchers.allSatisfy { $0.matches(labels) } }

    /// Whether any series may be kept for another time than most.
    static func hasExceptions(_ classes: [UInt8: RetentionClass]) -> Bool {
        classes.contains { (1..<frames).contains($0.key) && $0.value.isActive }
    }

    /// The class of a series.
    static func number(of labels: Labels, _ classes: [UInt8: RetentionClass]) -> UInt8 {
        let fitting = classes.filter { (1..<frames).contains($0.key) && $0.value.matches(labels) }
        return fitting.min { ($0.value.place, $0.key) < ($1.value.place, $1.key) }?.key ?? standard
    }

    /// The other classes that samples of a series may be in: those whose matchers it satisfies, for a class may have
    /// been taken away since, or stand behind another by now. The standard one has none.
    static func others(than own: UInt8, of labels: Labels, _ classes: [UInt8: RetentionClass]) -> [UInt8] {
        classes.filter { number, other in
            number != own && number != frames && other.matchers.allSatisfy { $0.matches(labels) }
        }.keys.sorted()
    }

    /// - Parameter damage: takes the classes whose record is damaged; they are as if they had none.
    static func all(
        in transaction: borrowing ReadTransaction, tolerating damage: DamageList? = nil
    ) throws(StoreError) -> [UInt8: RetentionClass] {
        var classes: [UInt8: RetentionClass] = [:]
        let path = transaction.path
        try transaction.scan(from: Key.retentionClass(0)) { key, value throws(StoreError) in
            guard let number = key.retentionClassKey() else { return .stop }
            do throws(CodecError) {
                guard let payload = Checksum.payload(of: value, key: key) else {
                    throw .malformed(position: 0, reason: "wrong checksum")
                }
                classes[number] = try RetentionClass(payload)
            } catch {
                let error = StoreError(error, path: path, record: "retention class \(number)")
                guard let damage else { throw error }
                try damage.tolerate(error)
            }
            return .next
        }
        return classes
    }

    // MARK: - Bytes

    private static let operations: [Matcher.Operation] = [.equal, .notEqual, .matches, .doesNotMatch]

    init(place: Int = 0, keep: TierKeep, matchers: [Matcher] = []) {
        self.place = place
        self.keep = keep
        self.matchers = matchers
    }

    func encoded() -> [UInt8] {
        var writer = ByteWriter([1, isActive ? 1 : 0])
        writer.varint(place)
        writer.zigzag(0)
        for tier in Tier.allCases { writer.varint(UInt64(keep[tier])) }
        for tier in Tier.allCases { writer.zigzag(forgotten[tier]) }
        writer.varint(matchers.count)
        for matcher in matchers {
            writer.u8(UInt8(RetentionClass.operations.firstIndex(of: matcher.operation) ?? 0))
            writer.field(matcher.name.utf8)
            writer.field(matcher.value.utf8)
        }
        return writer.bytes
    }

    init(_ bytes: [UInt8]) throws(CodecError) {
        var reader = ByteReader(bytes)
        let version = try reader.u8()
        guard version == 1 else { throw .unknownVersion(position: 0, number: version) }
        isActive = try reader.u8() == 1
        place = try reader.count(atMost: .max, "place")
        _ = try reader.zigzag()
        keep = TierKeep(all: 0)
        for tier in Tier.allCases { keep[tier] = Int64(try reader.count(atMost: .max, "time kept")) }
        guard keep.isOrdered else { throw .malformed(position: reader.position, reason: "times kept") }
        for tier in Tier.allCases { forgotten[tier] = try reader.zigzag() }
        for _ in 0..<(try reader.count(atMost: reader.remaining, "matchers")) {
            let operation = Int(try reader.u8())
            let name = String(decoding: try reader.field(), as: UTF8.self)
            let value = String(decoding: try reader.field(), as: UTF8.self)
            guard RetentionClass.operations.indices.contains(operation) else {
                throw .malformed(position: reader.position, reason: "operation \(operation) of a matcher")
            }
            do throws(RegularExpressionError) {
                matchers.append(try Matcher(name, RetentionClass.operations[operation], value))
            } catch {
                throw .malformed(position: reader.position, reason: "\(error)")
            }
        }
        try reader.finish()
    }
}

extension RetentionPolicy {
    /// The classes that the policy makes of those that are known.
    /// - Throws: ``StoreError/invalid(_:)`` where it is none, or its exceptions are more than there are numbers.
    func classes(_ known: [UInt8: RetentionClass]) throws(StoreError) -> [UInt8: RetentionClass] {
        for keep in [keep, frames] + exceptions.map(\.keep) where !keep.isOrdered {
            throw .invalid(
                "retention \(keep): samples are kept for a positive time, and a finer tier no longer than a coarser one"
            )
        }
        var classes = known
        for number in classes.keys where (1..<RetentionClass.frames).contains(number) {
            classes[number]?.isActive = false
        }
        classes[RetentionClass.standard, default: RetentionClass(keep: keep)].keep = keep
        classes[RetentionClass.frames, default: RetentionClass(keep: frames)].keep = frames
        for (place, exception) in exceptions.enumerated() {
            let same = classes.first {
                (1..<RetentionClass.frames).contains($0.key) && !$0.value.isActive
                    && $0.value.matchers == exception.matchers
            }
            if let same {
                classes[same.key]?.isActive = true
                classes[same.key]?.place = place
                classes[same.key]?.keep = exception.keep
                continue
            }
            guard let free = (1..<RetentionClass.frames).first(where: { classes[$0] == nil }) else {
                throw .invalid("retention: a store has had 254 exceptions; use the matchers of former ones again")
            }
            classes[free] = RetentionClass(place: place, keep: exception.keep, matchers: exception.matchers)
        }
        return classes
    }
}

extension Snapshot {
    /// What the store was told last; the standard where it was told nothing.
    package func retentionPolicy() throws(StoreError) -> RetentionPolicy {
        let classes = try retentionClasses()
        guard let standard = classes[RetentionClass.standard] else { return .standard }
        let exceptions = classes.filter { (1..<RetentionClass.frames).contains($0.key) && $0.value.isActive }
            .sorted { ($0.value.place, $0.key) < ($1.value.place, $1.key) }
        return RetentionPolicy(
            keep: standard.keep, frames: classes[RetentionClass.frames]?.keep,
            exceptions: exceptions.map { RetentionPolicy.Exception(matchers: $0.value.matchers, keep: $0.value.keep) })
    }
}

extension Store {
    /// Tells the store how long to keep what, from now on; nothing is removed by it.
    package func adopt(_ policy: RetentionPolicy) throws(StoreError) {
        _ = try change {
            snapshot throws(StoreError) -> (
                generation: UInt64, known: [UInt8: RetentionClass], wanted: [UInt8: RetentionClass]
            )? in
            let known = try snapshot.retentionClasses()
            let wanted = try policy.classes(known)
            return wanted == known ? nil : (try snapshot.currentSuperblock().generation, known, wanted)
        } apply: { found, transaction throws(StoreError) in
            guard try transaction.superblock(of: self).generation == found.generation else { return false }
            for (number, one) in found.wanted where found.known[number] != one {
                try transaction.put(Key.retentionClass(number), payload: one.encoded())
            }
            try transaction.raiseGeneration(of: self)
            return true
        }
    }
}
