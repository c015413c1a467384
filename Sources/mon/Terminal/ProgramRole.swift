import Synchronization

/// Whether this process is the program itself, and not one that has the program in it (the tests): only then may it
/// change what signals do, and start itself anew.
enum ProgramRole {
    private static let flag = Atomic<Bool>(false)

    static var isProgram: Bool { flag.load(ordering: .relaxed) }

    /// Said once, at the start of `main`.
    static func declareProgram() { flag.store(true, ordering: .relaxed) }
}
