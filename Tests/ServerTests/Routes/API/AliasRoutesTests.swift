import Formats
import Model
import TSDB
import Testing

@testable import Server

/// Other names of stored series over HTTP.
@Suite struct AliasRoutesTests {
    private func world() throws -> APIWorld {
        let world = try APIWorld()
        var batch = ImportBatch()
        for (number, labels) in [
            Labels(name: "load_average", ["period": "1m"]), Labels(name: "load_average", ["period": "5m"]),
            Labels(name: "swap_total_bytes"), Labels(name: "swap_used_bytes"),
        ].enumerated() {
            batch.series.append(labels)
            for minute in 0...60 {
                let value = number == 2 ? 1000 : Double(minute * (number + 1))
                batch.append(UInt32(number), APIWorld.now - Int64(60 - minute) * 60_000, value)
            }
        }
        batch.families.append(MetricFamily(name: "load_average", kind: .gauge, help: "Waiting tasks."))
        _ = try Inbox(into: world.store, source: "t").write(batch)
        return world
    }

    private func data(_ world: APIWorld, _ path: String) -> String {
        let body = world.body("/api/v1/" + path)
        let begin = "{\"status\":\"success\",\"data\":"
        return body.hasPrefix(begin) ? String(body.dropFirst(begin.count).dropLast()) : body
    }

    @Test func queries() throws {
        let world = try world()
        #expect(
            data(world, "query?query=node_load5")
                == "{\"resultType\":\"vector\",\"result\":[{\"metric\":{\"__name__\":\"node_load5\","
                + "\"instance\":\"test:9100\",\"job\":\"node\"},\"value\":[1700000000,\"120\"]}]}")
        let free = data(world, "query_range?query=node_memory_SwapFree_bytes&start=1699999940&end=1700000000&step=60")
        #expect(free.contains("\"values\":[[1699999940,\"764\"],[1700000000,\"760\"]]"))
    }

    @Test func whatThereIsToAskAbout() throws {
        let world = try world()
        let asked = "match[]=node_load1"
        #expect(
            data(world, "series?\(asked)")
                == "[{\"__name__\":\"node_load1\",\"instance\":\"test:9100\",\"job\":\"node\"}]")
        #expect(data(world, "labels?\(asked)") == "[\"__name__\",\"instance\",\"job\"]")
        #expect(data(world, "label/job/values?\(asked)") == "[\"node\"]")
        #expect(data(world, "label/job/values") == "[]")
        let names = "label/__name__/values?match[]=%7B__name__%3D~%22node_.*%22%7D"
        #expect(
            data(world, names)
                == "[\"node_load1\",\"node_load5\",\"node_memory_SwapFree_bytes\",\"node_memory_SwapTotal_bytes\"]")
        #expect(
            data(world, "label/__name__/values")
                == "[\"load_average\",\"swap_total_bytes\",\"swap_used_bytes\"]")
        #expect(data(world, "label/__name__/values?match[]=%7B__name__%3D~%22.%2B%22%7D").contains("load_average"))
        #expect(!data(world, "label/__name__/values?match[]=%7B__name__%3D~%22.%2B%22%7D").contains("node_"))
        #expect(
            data(world, "metadata?metric=node_load1")
                == "{\"node_load1\":[{\"type\":\"gauge\",\"help\":\"Waiting tasks.\",\"unit\":\"\"}]}")
        #expect(!data(world, "metadata").contains("node_"))
    }

    @Test func federation() throws {
        let world = try world()
        let page = world.body("/federate?match[]=node_load1")
        #expect(
            page == "# HELP node_load1 Waiting tasks.\n# TYPE node_load1 gauge\n"
                + "node_load1{instance=\"test:9100\",job=\"node\"} 60 1700000000000\n")
    }
}
