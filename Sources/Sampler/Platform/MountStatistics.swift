import Glibc

/// What statvfs(3) tells of a mounted file system.
package struct MountStatistics: Hashable, Sendable {
    /// Bytes of a block, as the counts below use it (f_frsize).
    package var blockBytes: UInt64
    package var blocks: UInt64
    package var blocksFree: UInt64
    /// Free for ordinary users.
    package var blocksAvailable: UInt64
    /// 0 where the file system has no fixed number of inodes.
    package var inodes: UInt64
    package var inodesFree: UInt64
    package var isReadOnly: Bool

    package init(
        blockBytes: UInt64, blocks: UInt64, blocksFree: UInt64, blocksAvailable: UInt64, inodes: UInt64,
        inodesFree: UInt64, isReadOnly: Bool
    ) {
        self.blockBytes = blockBytes
        self.blocks = blocks
        self.blocksFree = blocksFree
        self.blocksAvailable = blocksAvailable
        self.inodes = inodes
        self.inodesFree = inodesFree
        self.isReadOnly = isReadOnly
    }
}

/// What became of a statvfs.
package enum MountAnswer: Hashable, Sendable {
    case statistics(MountStatistics)
    /// The system's errno.
    case failed(Int32)
    /// It did not come back in time; the mount is left alone until it does.
    case timedOut

    /// Asks the kernel. May block for ever, on a network file system whose server is gone.
    init(statvfsOf path: [UInt8]) {
        var answer = statvfs()
        let name = path.map { CChar(bitPattern: $0) } + [0]
        // The array is NUL-terminated and outlives the call; the kernel fills `answer`.
        let result = unsafe name.withUnsafeBufferPointer { unsafe statvfs($0.baseAddress!, &answer) }
        guard result == 0 else {
            self = .failed(errno)
            return
        }
        self = .statistics(
            MountStatistics(
                blockBytes: UInt64(answer.f_frsize), blocks: UInt64(answer.f_blocks),
                blocksFree: UInt64(answer.f_bfree), blocksAvailable: UInt64(answer.f_bavail),
                inodes: UInt64(answer.f_files), inodesFree: UInt64(answer.f_ffree),
                isReadOnly: answer.f_flag & 1 != 0))
    }
}
