import Glibc
import TestSupport
import Testing

@testable import TSDB

struct RecorderLockTests {
    /// A process that is just being started from this one has copies of its descriptors until its program begins.
    @Test func aCopyOfTheDescriptorDoesNotKeepTheLock() throws {
        let folder = TemporaryFolder()
        let place = StoreFolder(path: folder.path)
        try place.makeEnvironment(1)
        let lock = try RecorderLock(place)
        let copy = try #require(copies(of: place.lockPath).first)
        defer { close(copy) }
        #expect(RecorderLock.currentHolder(place) == getpid())
        _ = consume lock
        #expect(RecorderLock.currentHolder(place) == nil)
        let next = try RecorderLock(place)
        _ = consume next
    }

    @Test func aSecondRecorderIsRefused() throws {
        let folder = TemporaryFolder()
        let place = StoreFolder(path: folder.path)
        try place.makeEnvironment(1)
        let lock = try RecorderLock(place)
        do throws(StoreError) {
            _ = try RecorderLock(place)
            Issue.record("two at once")
        } catch {
            guard case .recorderRuns(_, let pid) = error else { throw error }
            #expect(pid == getpid())
        }
        _ = consume lock
    }

    /// Copies of the open descriptors of a file.
    private func copies(of path: String) -> [Int32] {
        (0..<Int32(1024)).compactMap { number in
            var target = [CChar](repeating: 0, count: 4096)
            let count = readlink("/proc/self/fd/\(number)", &target, target.count - 1)
            guard count > 0 else { return nil }
            let name = String(decoding: target[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return name == path ? dup(number) : nil
        }
    }
}
