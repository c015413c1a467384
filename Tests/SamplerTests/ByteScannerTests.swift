import Testing
@testable import Sampler
@Suite struct ByteScannerTests {}
