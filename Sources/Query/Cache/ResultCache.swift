import Model
import Synchronization
package import TSDB

/// Answers of range queries, kept for the next refresh of the same panel: of a query that was asked before only the
/// steps that are new, or whose samples have changed since, are evaluated.
///
/// An answer is, to the bit and with all that is said about it, what evaluating the whole query gives. What makes that
/// so: only expressions are kept whose steps do not depend on the range (``StepLocality``), only steps whose samples
/// cannot have changed (``PastChanges``), and what was said about an answer makes it indivisible. What a query may take
/// is counted for the steps that are evaluated alone.
///
/// In memory, of bounded size; the answer that was used least recently goes first. From any thread: queries are
/// evaluated outside the lock.
package final class ResultCache: Sendable {
    /// What answered a query.
    package enum Use: String, Hashable, Sendable, CaseIterable {
        /// Every step was there.
        case hit
        /// Some steps were there.
        case partial
        case miss
        /// The query is none that is kept.
        case bypass
    }

    /// Counts since the start, and what is held now.
    package struct Figures: Hashable, Sendable {
        package var uses: [Use: Int] = [:]
        package var evictions = 0
        package var answers = 0
        package var bytes = 0
        package var bytesMax: Int
    }

    /// What has to be the same for an answer to be of use. The text is taken as it is written: what is said about an
    /// answer names places in it.
    private struct Key: Hashable {
        var text: String
        var step: Int64
        /// The first step's distance from a multiple of the step.
        var phase: Int64
        var lookback: Int64
        var options: QueryOptions
        var acceptsExperimental: Bool
    }

    private struct State {
        var answers: [Key: KeptAnswer] = [:]
        var uses: UInt64 = 0
        var figures: Figures
    }

    private let state: Mutex<State>

    /// - Parameter bytesMax: About how much memory the answers may take.
    package init(bytesMax: Int) {
        state = Mutex(State(figures: Figures(bytesMax: bytesMax)))
    }

    package var figures: Figures {
        state.withLock { state in
            var figures = state.figures
            figures.answers = state.answers.count
            return figures
        }
    }

    /// As ``QueryEngine/evaluate(_:at:in:interruption:lookbackDelta:options:)``, and what answered.
    package func evaluate(
        _ text: String, at time: QueryTime, in snapshot: Snapshot, by engine: QueryEngine,
        interruption: Interruption? = nil, lookbackDelta: Duration? = nil, options: QueryOptions = QueryOptions()
    ) throws(QueryError) -> (result: QueryResult, use: Use) {
        let query = CachedQuery(
            text: text, engine: engine, snapshot: snapshot, interruption: interruption, lookbackDelta: lookbackDelta,
            options: options)
        guard case .range(let start, let end, let step) = time, start <= end,
            let lookahead = try query.lookahead(at: time), let view = query.view
        else { return (try query.evaluate(at: time), count(.bypass)) }
        // The grid's own last step: the end need not be one.
        let last = start.milliseconds + (end.milliseconds - start.milliseconds) / step * step
        let asked = start.milliseconds...last
        let key = Key(
            text: text, step: step, phase: (start.milliseconds % step + step) % step,
            lookback: (lookbackDelta ?? engine.lookbackDelta).milliseconds, options: options,
            acceptsExperimental: engine.acceptsExperimental)
        let kept = state.withLock { state in state.answers[key] }
        if let kept, let found = try query.answer(asked, step: step, from: kept, view) {
            if found.use == .hit { touch(key) } else { keep(found.answer, as: key) }
            return (found.result, count(found.use))
        }
        let result = try query.evaluate(at: time)
        if let answer = KeptAnswer(result, asked, lookahead: lookahead, view) { keep(answer, as: key) }
        return (result, count(.miss))
    }

    // MARK: - What is kept

    private func count(_ use: Use) -> Use {
        state.withLock { state in state.figures.uses[use, default: 0] += 1 }
        return use
    }

    private func touch(_ key: Key) {
        state.withLock { state in
            state.uses += 1
            state.answers[key]?.used = state.uses
        }
    }

    private func keep(_ answer: KeptAnswer, as key: Key) {
        let bytes = answer.byteCount
        state.withLock { state in
            // One answer that takes most of the room would only throw out all others.
            guard bytes <= state.figures.bytesMax / 4 else { return }
            if let old = state.answers[key] {
                // Another thread may have been quicker, with a newer view.
                if old.changes.identity == answer.changes.identity, old.changes.number > answer.changes.number {
                    return
                }
                state.figures.bytes -= old.byteCount
            }
            state.uses += 1
            state.answers[key] = answer
            state.answers[key]?.used = state.uses
            state.figures.bytes += bytes
            while state.figures.bytes > state.figures.bytesMax,
                let oldest = state.answers.min(by: { $0.value.used < $1.value.used })
            {
                state.answers[oldest.key] = nil
                state.figures.bytes -= oldest.value.byteCount
                state.figures.evictions += 1
            }
        }
    }
}
