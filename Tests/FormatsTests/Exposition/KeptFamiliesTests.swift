import Formats
import Model
import TestSupport
import Testing

extension SeededGenerator {
    fileprivate mutating func below(_ count: Int) -> Int { .random(in: 0..<count, using: &self) }
}

/// A page of texts that were made before is the page that is made anew.
@Suite struct KeptFamiliesTests {
    private struct World {
        var random: SeededGenerator
        var families: [(family: MetricFamily, labels: [Labels])] = []

        /// Names that meet: `a` and `a_total`, `a_info`; characters that become `_`.
        init(seed: UInt64, plain: Bool) {
            random = SeededGenerator(seed: seed)
            var names: Set<String> = []
            for _ in 0..<12 {
                let stem = "m\(random.below(plain ? 1000 : 5))"
                let kind = MetricFamily.Kind.allCases[random.below(8)]
                let suffix =
                    switch kind {
                    case .counter: plain || random.below(4) > 0 ? "_total" : ""
                    case .info: plain || random.below(4) > 0 ? "_info" : ""
                    default: ["", "_bytes", "_total"][random.below(3)]
                    }
                if names.insert(stem + suffix).inserted {
                    let family = MetricFamily(
                        name: stem + suffix, kind: kind, unit: random.below(2) == 0 ? "bytes" : "",
                        help: random.below(3) == 0 ? "" : "A \\ and a \"quote\".")
                    families.append((family, World.labels(family, plain: plain, &random)))
                }
            }
            families.sort { $0.family.name < $1.family.name }
        }

        private static func labels(_ family: MetricFamily, plain: Bool, _ random: inout SeededGenerator) -> [Labels] {
            let parts =
                switch family.kind {
                case .histogram: ["_bucket", "_sum", "_count"]
                case .gaugeHistogram: ["_bucket", "_gsum", "_gcount"]
                case .summary: ["", "_sum", "_count"]
                default: [""]
                }
            var made: Set<Labels> = []
            for _ in 0...random.below(6) {
                for part in parts {
                    var labels = Labels(name: family.name + part)
                    let odd = plain ? ["x", "y"] : ["x", "y", "z\"\n", "ä"]
                    labels = labels.setting("one", to: odd[random.below(odd.count)])
                    if !plain && random.below(8) == 0 { labels = labels.setting("o.e", to: "x") }
                    if part == "_bucket" { labels = labels.setting("le", to: ["0.5", "10", "+Inf"][random.below(3)]) }
                    if part == "" && family.kind == .summary {
                        labels = labels.setting("quantile", to: ["0.5", "0.9", "7"][random.below(plain ? 2 : 3)])
                    }
                    if family.kind == .stateSet { labels = labels.setting(family.name, to: "on") }
                    made.insert(labels)
                }
            }
            return made.shuffled(using: &random)
        }

        mutating func value() -> Double {
            let values = [.staleMarker, 0, 1, 1, 2.5, 1e300, -3, .nan, .infinity]
            return values[random.below(values.count)]
        }
    }

    private func text(_ page: ExpositionPage, _ format: ExpositionFormat) -> String {
        var writer = TextWriter()
        ExpositionWriter.write(page, as: format, into: &writer)
        return writer.text
    }

    @Test(arguments: 0..<60 as Range<UInt64>) func itIsThePageThatIsMadeAnew(seed: UInt64) {
        for plain in [true, false] {
            var world = World(seed: seed, plain: plain)
            // Some families come with samples, beside those that are kept.
            let beside = world.families.filter { _ in world.random.below(4) == 0 }
            let others = beside.map { family, labels in
                ExpositionFamily(
                    family: family, samples: labels.map { ExpositionSample(labels: $0, value: world.value()) })
            }
            let names = Set(beside.map(\.family.name))
            // Now and then one is both: then the page is made anew.
            let kept = world.families.filter { !names.contains($0.family.name) || world.random.below(20) == 0 }
            for format in ExpositionFormat.allCases {
                let families = KeptFamilies(kept, as: format)
                for _ in 0..<4 {
                    let values = kept.flatMap(\.labels).map { _ in world.value() }
                    let page = ExpositionPage(others, kept: (families, values))
                    let expected = ExpositionPage(families.samples(values) + others)
                    #expect(text(page, format) == text(expected, format), "seed \(seed), plain \(plain)")
                }
            }
        }
    }

    @Test func valuesThatBreakTheRulesTakeTheKindAway() {
        let counter = MetricFamily(name: "bytes_read_total", kind: .counter, help: "")
        let kept = KeptFamilies([(counter, [Labels(name: "bytes_read_total")])], as: .openMetrics)
        #expect(
            text(ExpositionPage([], kept: (kept, [5])), .openMetrics)
                == "# TYPE bytes_read counter\nbytes_read_total 5\n# EOF\n")
        #expect(
            text(ExpositionPage([], kept: (kept, [-5])), .openMetrics)
                == "# TYPE bytes_read_total unknown\nbytes_read_total -5\n# EOF\n")
        #expect(text(ExpositionPage([], kept: (kept, [.staleMarker])), .openMetrics) == "# EOF\n")
    }
}
