import Formats
import Model
import Query
import Testing

@Suite struct JSONLinesTests {
    @Test func oneLineASeries() throws {
        let matrix = QueryValue.matrix([
            series(Labels(name: "a"), (1000, 1), (2000, .nan)), series(Labels(name: "b", ["l": "x\ny"]), (1000, 2)),
        ])
        #expect(
            try formatted("jsonl", matrix) == #"""
                {"metric":{"__name__":"a"},"values":[[1,"1"],[2,"NaN"]]}
                {"metric":{"__name__":"b","l":"x\ny"},"values":[[1,"2"]]}

                """#)
        #expect(
            try formatted("jsonl", .vector([series(Labels(name: "a"), (1000, 1))]))
                == #"{"metric":{"__name__":"a"},"value":[1,"1"]}"# + "\n")
    }

    @Test func singleValues() throws {
        let sample = Sample(time: Timestamp(milliseconds: 1500), value: 2)
        #expect(try formatted("jsonl", .scalar(sample)) == #"{"value":[1.5,"2"]}"# + "\n")
        #expect(try formatted("jsonl", .string(time: sample.time, value: "s")) == #"{"value":[1.5,"s"]}"# + "\n")
        #expect(try formatted("jsonl", .vector([])) == "")
    }
}
