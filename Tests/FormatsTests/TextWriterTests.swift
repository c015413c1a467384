import Formats
import Testing

@Suite struct TextWriterTests {
    @Test func writesTextBytesAndNumbers() {
        var writer = TextWriter()
        writer.write("é")
        writer.write(byte: 0x2c)
        writer.write(Int64.min)
        #expect(writer.text == "é,-9223372036854775808")
    }

    @Test func takeBeginsAnew() {
        var writer = TextWriter()
        writer.write("a")
        #expect(writer.take() == [97])
        #expect(writer.bytes.isEmpty)
    }

    @Test func removesOnlyTheByteAskedFor() {
        var writer = TextWriter()
        writer.write("a,")
        writer.removeTrailing(0x2c)
        writer.removeTrailing(0x2c)
        #expect(writer.text == "a")
    }
}
