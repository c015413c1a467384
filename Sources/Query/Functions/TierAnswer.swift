import Model
import TSDB

/// How a function over a range vector answers from windows instead of samples.
struct TierAnswer: Sendable {
    /// How the answer relates to the one from the samples where no range cuts a window.
    enum Fidelity: Sendable {
        /// Equal to the bit.
        case exact
        /// Equal to the bit unless the order in which falls are added up matters.
        case exactInOrder
        /// Rounded otherwise: sums are added in another order.
        case rounded
        /// Within bounds at best.
        case estimated
    }

    let fidelity: Fidelity
    let kernel: TierKernel

    init(_ fidelity: Fidelity, _ kernel: @escaping TierKernel) {
        self.fidelity = fidelity
        self.kernel = kernel
    }
}

/// Fills the row of one series from its windows, and says what the answer is short of. The row comes filled with
/// ``Double/absent``.
typealias TierKernel =
    @Sendable (_ windows: TierWindows, _ parameters: Parameters, _ row: inout [Double], _ remarks: inout TierRemarks)
    throws(QueryError) -> Void

/// What answers from windows are short of, over all series and steps of one place in a query.
struct TierRemarks: Sendable {
    /// The longest windows that a remark is about.
    private var tier = Tier.raw
    /// Whether ranges that cut windows were answered from the whole of them.
    private var isEnclosing = false
    private var isEstimated = false
    private var isUnbounded = false
    private var largestBound = 0.0

    var isEmpty: Bool { tier == .raw }

    /// How far the answers that are remarked on may be off, at most; nil where that is not known of all of them.
    var bound: Double? { isEmpty || isUnbounded || largestBound == .infinity ? nil : largestBound }

    /// A range cuts windows, which answer as a whole.
    /// - Parameter bound: How far the answer may be off at most; infinite where it is a guess, nil where nobody looked.
    mutating func enclosing(_ tier: Tier, within bound: Double? = nil) {
        isEnclosing = true
        note(tier, bound)
    }

    /// The answer is one of those that the windows allow; none of them is farther from it than `bound`.
    mutating func chosen(_ tier: Tier, within bound: Double) { note(tier, bound) }

    /// The answer is a guess.
    mutating func estimated(_ tier: Tier, within bound: Double? = nil) {
        isEstimated = true
        note(tier, bound)
    }

    private mutating func note(_ tier: Tier, _ bound: Double?) {
        self.tier = max(self.tier, tier)
        guard let bound else {
            isUnbounded = true
            return
        }
        largestBound = max(largestBound, bound.isNaN ? .infinity : bound)
    }

    /// Says it of a function over a range.
    /// - Parameter isForced: The caller wants windows, whatever else there is.
    func annotate(_ annotations: inout AnnotationList, _ function: String, isForced: Bool, at span: SourceSpan) {
        if isEmpty { return }
        var text = "\(function) \(isEstimated ? "estimated" : "answered") from "
        text += isEnclosing ? "the \(tier.adjective) windows around its range" : "\(tier.adjective) windows"
        text += reason(isForced)
        if let bound { text += "; off by at most \(FloatText.short(bound))" }
        if isEstimated || largestBound == .infinity {
            annotations.warn(text, at: span)
        } else {
            annotations.inform(text, at: span)
        }
    }

    /// Says it of an instant vector.
    func annotateInstant(_ annotations: inout AnnotationList, isForced: Bool, at span: SourceSpan) {
        if isEmpty { return }
        let age = DurationText.format(tier.windowMilliseconds)
        annotations.inform(
            "values answered from \(tier.adjective) windows\(reason(isForced)); "
                + "they are up to \(age) older than the moment", at: span)
    }

    /// Says it of a range vector that shows the samples which windows know.
    func annotateSamples(_ annotations: inout AnnotationList, isForced: Bool, at span: SourceSpan) {
        if isEmpty { return }
        annotations.warn(
            "range vector shows the first and the last sample of \(tier.adjective) windows only\(reason(isForced))",
            at: span)
    }

    private func reason(_ isForced: Bool) -> String { isForced ? "" : ", because finer data is gone" }
}
