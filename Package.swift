// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target is held to; see docs/architecture.md.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
    .strictMemorySafety(),
]

/// libFuzzer's library, for `make fuzz` alone: rooms that take bytes from outside are instrumented for it.
let fuzzer = Context.environment["MON_FUZZ"]
let instrumented: [SwiftSetting] = fuzzer == nil ? [] : [.unsafeFlags(["-sanitize=fuzzer", "-parse-as-library"])]

/// For `make sanitize` alone: a sanitizer's checks of code that is not optimized take hours.
let optimized: [SwiftSetting] = Context.environment["MON_OPTIMIZE"] == nil ? [] : [.unsafeFlags(["-O"])]

/// Tests may poke at bytes as they like.
let relaxed = Array(strict.dropLast())

/// How the release binary is linked: a command from the shell is over in five milliseconds, and the loader had a third
/// of them. No position independence (0.4 ms and 0.7 MiB a process go to 56,000 relocations; Go's binaries have none
/// either), no table of exported symbols, nothing for unwinding, no shared libstdc++ and libgcc (0.6 ms). What an
/// agent runs lies side by side (scripts/order-functions.py): of 10 MB of code that were resident 3 are left. `make
/// build` lays libstdc++.a into .build/static; without it the shared one is taken.
let quickStart = [
    "-use-ld=lld", "-Xclang-linker", "-no-pie", "-Xclang-linker", "-static-libgcc", "-L",
    "\(Context.packageDirectory)/.build/static", "-Xlinker", "--no-export-dynamic", "-Xlinker", "--icf=safe",
    "-Xlinker", "--no-eh-frame-hdr", "-Xlinker", "\(Context.packageDirectory)/scripts/no-unwinding.ld", "-Xlinker",
    "--symbol-ordering-file=\(Context.packageDirectory)/scripts/hot-functions.txt", "-Xlinker",
    "--no-warn-symbol-ordering",
]

/// What runs once a process or a request, and works little itself: small serves it better than fast.
let small: [SwiftSetting] = [.unsafeFlags(["-Osize"], .when(configuration: .release))]

func room(
    _ name: String, _ dependencies: [Target.Dependency], settings: [SwiftSetting] = [], links: [LinkerSetting] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies,
        swiftSettings: strict + settings + optimized
            + (["Model", "TSDB", "Query", "Formats"].contains(name) ? instrumented : []),
        linkerSettings: links)
}

func tests(_ room: String, _ dependencies: [Target.Dependency] = [], resources: [String] = []) -> Target {
    .testTarget(
        name: "\(room)Tests",
        dependencies: ["TestSupport"] + dependencies,
        exclude: resources,
        swiftSettings: relaxed)
}

func benchmark(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: "benchmark-\(name)", dependencies: ["Model", "TSDB"] + dependencies, path: "benchmarks/\(name)",
        swiftSettings: strict)
}

let package = Package(
    name: "mon",
    products: [.executable(name: "mon", targets: ["mon"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        // Doors to C.
        .systemLibrary(name: "CLMDB"),
        .target(name: "CRE2", linkerSettings: [.linkedLibrary(":libre2.a"), .linkedLibrary("stdc++")]),
        .systemLibrary(name: "CDeflate"),
        .systemLibrary(name: "CYAML"),
        .target(name: "CLinux"),
        .target(name: "CCRC32C"),
        .target(name: "CLanes"),

        // Layer 0.
        .target(
            name: "LMDB", dependencies: ["CLMDB"], swiftSettings: strict + optimized,
            linkerSettings: [.linkedLibrary(":liblmdb.a")]),
        room("Model", ["CRE2"]),
        // Layer 1.
        room("TSDB", ["Model", "LMDB", "CCRC32C"]),
        // Layer 2.
        room("Query", ["Model", "TSDB", "CLanes"]),
        // Layer 3.
        room("Formats", ["Model", "Query", "CYAML"], links: [.linkedLibrary(":libyaml.a")]),
        // Layer 5.
        room("Sampler", ["Model", "CLinux"]),
        room(
            "Server",
            [
                "Model", "TSDB", "Query", "Formats", "CDeflate",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            settings: small, links: [.linkedLibrary(":libdeflate.a")]),
        // Layer 6.
        .executableTarget(
            name: "mon",
            dependencies: [
                "Model", "TSDB", "Query", "Formats", "Sampler", "Server",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict + small + optimized,
            linkerSettings: [.unsafeFlags(quickStart, .when(platforms: [.linux], configuration: .release))]),

        // Benchmarks: no dependencies of their own, so that none reaches mon.
        benchmark("decode", ["BenchmarkSupport"]),
        benchmark("size", ["BenchmarkSupport"]),
        benchmark("append", ["BenchmarkSupport"]),
        benchmark("year", ["BenchmarkSupport"]),
        benchmark("query", ["BenchmarkSupport", "Query"]),
        benchmark("scale", ["BenchmarkSupport"]),
        benchmark("collect", ["BenchmarkSupport", "Sampler"]),
        .target(
            name: "BenchmarkSupport", dependencies: ["Model", "TSDB"], path: "benchmarks/support",
            swiftSettings: strict),

        // Tests.
        .target(name: "TestSupport", dependencies: ["Model"], path: "Tests/TestSupport", swiftSettings: relaxed),
        tests("Model", ["Model"]),
        tests("LMDB", ["LMDB"]),
        // Takes the place of what LMDB writes with.
        .target(name: "CWriteLog", path: "Tests/CWriteLog"),
        tests("TSDB", ["TSDB", "Model", "LMDB", "CWriteLog"], resources: ["Compatibility"]),
        tests("Sampler", ["Sampler", "Model"], resources: ["Fixtures"]),
        tests("Query", ["Query", "TSDB", "Model", "CLanes"], resources: ["Corpus"]),
        tests("Formats", ["Formats", "Query", "Model"]),
        tests("Server", ["Server", "Formats", "Query", "TSDB", "Model"]),
        tests("Mon", ["mon", "TSDB", "LMDB", "Query", "Sampler", "Formats", "Model"]),
        tests("Tidy"),
    ] + fuzzTargets()
)

/// The targets of Tests/FuzzTests: a program where libFuzzer is given, else a test that replays what it found.
func fuzzTargets() -> [Target] {
    let rooms: [Target.Dependency] = ["TestSupport", "Formats", "Query", "TSDB", "LMDB", "Model"]
    guard let fuzzer else {
        return [
            .testTarget(
                name: "FuzzTests", dependencies: rooms, exclude: ["Corpora", "CFuzzer", "Fuzz.swift"],
                swiftSettings: relaxed)
        ]
    }
    return [
        .systemLibrary(name: "CFuzzer", path: "Tests/FuzzTests/CFuzzer"),
        .executableTarget(
            name: "fuzz", dependencies: rooms + ["CFuzzer"], path: "Tests/FuzzTests",
            exclude: ["Corpora", "CFuzzer", "CorpusTests.swift"], swiftSettings: relaxed,
            linkerSettings: [.unsafeFlags([fuzzer]), .linkedLibrary("stdc++")]),
    ]
}
