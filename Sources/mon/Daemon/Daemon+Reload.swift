import Model
import Sampler
import Server
import TSDB

// Reading the configuration again while recording: first everything that may fail, then everything that cannot.

extension Daemon {
    /// - Returns: what is wrong; nil where the new configuration counts from now on.
    mutating func reload(_ load: () throws -> DaemonOptions) -> String? {
        manager.reloading(at: ClockReading.now().monotonicNanoseconds)
        defer { manager.ready(serviceStatus) }
        do {
            try adopt(load())
        } catch {
            let cause = (error as? CommandFailure)?.message ?? "\(error)"
            listener.noteFailure()
            log.error("the configuration stays as it was", ["cause": cause])
            return cause
        }
        log.info("the configuration was read", ["collectors": loop.collectorNames.joined(separator: ",")])
        return nil
    }

    /// For those who asked by HTTP.
    mutating func answerReloads(_ load: () throws -> DaemonOptions) {
        let requests = listener.reloads
        requests.answer { reload(load) }
        // Only now, so that the answer went out where the question came in.
        listener.retire()
    }

    private mutating func adopt(_ new: DaemonOptions) throws {
        guard new.dataPath == options.dataPath else {
            throw CommandFailure(
                .usage,
                "store.path: it is \(options.dataPath) while this agent records, and cannot become \(new.dataPath); "
                    + "restart it")
        }
        let policy = try new.retention.policy(on: ingest.store.snapshot().retentionPolicy())
        let prepared = try listener.prepare(new, replacing: options)
        do {
            try ingest.adopt(
                sizeMaxBytes: new.sizeMaxBytes, daySeriesMax: new.daySeriesMax,
                scrapesPerCommit: new.scrapesPerCommit, policy)
        } catch {
            prepared.cancel()
            throw error
        }
        listener.adopt(prepared, new)
        loop.reconfigure(new.sampler)
        limits.adopt(new)
        log.adopt(new.configuration, on: console)
        options = new
    }
}
