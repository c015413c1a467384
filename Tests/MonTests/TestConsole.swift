import Formats
import Model

@testable import mon

/// A console whose world is made of values, and what was said on it.
final class TestConsole {
    final class Said {
        var output: [UInt8] = []
        var error: [UInt8] = []
        /// The `errno` that writing to standard output ends with.
        var outputError: Int32 = 0
    }

    let said = Said()
    let console: Console

    var output: String { String(decoding: said.output, as: UTF8.self) }
    var error: String { String(decoding: said.error, as: UTF8.self) }

    init(
        now: Int64 = 1_700_000_000_000, environment: [String: String] = [:], isTerminal: Bool = false,
        zone: TimeZoneRule = .utc, width: Int = 100
    ) {
        console = Console(
            now: Timestamp(milliseconds: now), zone: zone, environment: { environment[$0] },
            outputIsTerminal: isTerminal, errorIsTerminal: isTerminal, width: width
        ) { [said] descriptor, bytes in
            if descriptor == 1 && said.outputError != 0 { return said.outputError }
            if descriptor == 1 { said.output += bytes } else { said.error += bytes }
            return 0
        }
    }

    /// Runs the program as a shell would.
    func run(_ arguments: String...) -> CommandStatus { Mon.run(arguments, on: console) }
}
