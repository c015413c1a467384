import ArgumentParser
import Formats
import TSDB

/// `mon db compact`: the store without its free pages.
struct CompactCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "compact", abstract: "Gives the pages that hold nothing back to the disk.",
        discussion: """
            A store's file never shrinks by itself: pages that are free are used again. After a lower --max-size or a
            delete this makes it as small as what is in it. Beside `mon run`, too: that goes on recording meanwhile.

            mon db compact --data /var/lib/mon
            """)

    @OptionGroup var store: StoreOptions

    func perform(on console: Console) throws -> CommandStatus {
        let folder = try store.folder(for: .write, on: console)
        // Tells where a store was looked for; the compaction opens it itself.
        _ = try folder.openStore()
        console.write(CompactCommand.text(try Compaction.run(folder.path)))
        return .success
    }

    static func text(_ report: CompactionReport) -> String {
        let saved = max(0, report.bytesBefore - report.bytesAfter)
        let milliseconds = (report.lockedNanoseconds + 999_999) / 1_000_000
        return "\(report.bytesBefore) bytes before, \(report.bytesAfter) now, \(saved) given back; "
            + "\(report.records) records, \(report.recordsMeanwhile) of them written meanwhile; "
            + "writers waited \(milliseconds) ms\n"
    }
}
