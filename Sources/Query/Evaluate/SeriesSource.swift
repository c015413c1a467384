import Model
import TSDB

/// Where the evaluator gets its series: a snapshot and the names under which its series answer. Its errors become the
/// query's.
struct SeriesSource {
    private let view: StoreView

    private let interruption: Interruption

    init(_ view: StoreView, _ interruption: Interruption) {
        self.view = view
        self.interruption = interruption
        view.snapshot.stop { interruption.isDue }
    }

    /// The series that satisfy all matchers, in label order.
    func select(_ matchers: [Matcher], in range: TimeRange) throws(QueryError) -> ViewSelection {
        do throws(StoreError) {
            return try view.select(matchers, in: range)
        } catch {
            if case .refused(.stopped, _) = error { try interruption.check() }
            throw .storage(error.description)
        }
    }

    /// What is left of the series at `index`.
    func coverage(_ selection: ViewSelection, _ index: Int) throws(QueryError) -> TierCoverage {
        do throws(StoreError) {
            return try selection.coverage(of: index)
        } catch {
            throw .storage(error.description)
        }
    }

    /// What a selector's choice is for the series at `index`.
    func choice(_ choice: TierChoice, _ selection: ViewSelection, _ index: Int) throws(QueryError) -> TierChoice {
        do throws(StoreError) {
            return try selection.choice(choice, index)
        } catch {
            throw .storage(error.description)
        }
    }

    /// Whether windows of the tier are stored for most of what was selected.
    func storesWindows(_ tier: Tier, _ selection: ViewSelection) throws(QueryError) -> Bool {
        do throws(StoreError) {
            return try selection.storesWindows(tier)
        } catch {
            throw .storage(error.description)
        }
    }

    /// Replaces `windows` by those of the series at `index` that belong to the piece.
    func read(
        _ selection: ViewSelection, _ index: Int, _ piece: SeriesPieces.Piece, into windows: inout WindowColumns
    ) throws(QueryError) {
        do throws(StoreError) {
            try selection.readWindows(
                index, piece.tier, after: Timestamp(milliseconds: piece.after),
                through: Timestamp(milliseconds: piece.through), into: &windows)
        } catch {
            throw .storage(error.description)
        }
    }

    /// Replaces `samples` by those of the series at `index`.
    func read(
        _ selection: ViewSelection, _ index: Int, in range: TimeRange, into samples: inout SampleColumn
    ) throws(QueryError) {
        do throws(StoreError) {
            try selection.read(index, in: range, into: &samples)
        } catch {
            throw .storage(error.description)
        }
    }
}
