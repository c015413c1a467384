import Model
import Testing

@testable import Server

@Suite struct HTTPDateTests {
    @Test func table() {
        func check(_ seconds: Int64, _ expected: String) {
            #expect(HTTPDate.text(Timestamp(milliseconds: seconds * 1000)) == expected)
        }
        check(0, "Thu, 01 Jan 1970 00:00:00 GMT")
        check(784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT")
        check(-1, "Wed, 31 Dec 1969 23:59:59 GMT")
        check(1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT")
    }
}
