import Query
import Testing

/// The registry's functions are Prometheus' stable functions, with their signatures.
@Suite struct FunctionSignatureTests {
    @Test func theRegistryHasAllStableFunctions() {
        let registered = Dictionary(uniqueKeysWithValues: FunctionRegistry.all.map { ($0.name, $0.signature) })
        for wanted in SignatureTable.all where !wanted.isExperimental {
            #expect(registered[wanted.name] == wanted, "\(wanted.name)")
        }
        for (name, signature) in registered {
            #expect(SignatureTable.function(named: name) == signature, "\(name)")
        }
    }

    @Test func countsOfArguments() {
        func check(_ name: String, _ least: Int, _ most: Int?) {
            let signature = SignatureTable.function(named: name)
            #expect(signature?.argumentCountMin == least, "\(name)")
            #expect(signature?.argumentCountMax == most, "\(name)")
        }
        check("time", 0, 0)
        check("rate", 1, 1)
        check("round", 1, 2)
        check("hour", 0, 1)
        check("label_join", 3, nil)
        check("clamp", 3, 3)
    }
}
