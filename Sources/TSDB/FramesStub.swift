package import Model
enum FrameBlock { static func encode(_ f: [ProcessFrame]) -> [UInt8] { [] } }
struct FrameSeriesBuilder { init?(_ m: [Matcher]) { return nil }; mutating func add(_ f: ProcessFrame) {}; func series() -> [(labels: Labels, column: SampleColumn)] { [] } }
enum FrameSeries { static let families: [MetricFamily] = []; static let labelNames = ["__name__","name","pid","username"] }
extension Snapshot {
  func frames(ofBlock span: Int64) throws(StoreError) -> [ProcessFrame] { [] }
  func frameBlock(_ s: Int64) throws(StoreError) -> [ProcessFrame] { [] }
}
