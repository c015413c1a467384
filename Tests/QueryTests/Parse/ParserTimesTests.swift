import Query
import Testing

@Suite struct ParserTimesTests {
    @Test func ranges() {
        accept("foo[5m]")
        accept("foo[300]", "foo[5m]")
        accept("foo[1.5]", "foo[1s500ms]")
        accept("foo[ 5m ]", "foo[5m]")
        accept("foo[1h30m]")
        accept("foo[7d]", "foo[1w]")
        accept("foo{a=\"b\"}[5m]")
        accept("foo[5m:1m]")
        accept("foo[5m:]")
        accept("foo[30:10]", "foo[30s:10s]")
        accept("sum(foo)[5m:1m]")
        accept("(foo + bar)[5m:]")
        accept("min_over_time(rate(foo[2s])[5m:] @ 1603775091.000)[4m:3s]")
        accept("vector(1)[5m:]")
        accept("foo[5m # five\n:1m]", "foo[5m:1m]")
    }

    @Test func badRanges() {
        reject("foo[0s]", "1:5 duration must be greater than 0")
        reject("foo[-1]", "1:5 duration must be greater than 0")
        reject("foo[5m:0s]", "1:8 duration must be greater than 0")
        reject("foo[5m:-1s]", "1:8 duration must be greater than 0")
        reject("foo[(0)]", "1:5 duration must be greater than 0")
        let range = "in subquery or range selector, expected number, duration, step(), or range()"
        reject("foo[]", "1:5 unexpected \"]\" \(range)")
        reject("foo[5m", "1:7 unclosed left bracket")
        reject("foo[", "1:5 unexpected end of input in duration expression")
        reject("foo[5m 5m]", "1:8 unexpected duration \"5m\" in subquery or range, expected \":\" or \"]\"")
        reject("foo[5m x 5m]", "1:8 unexpected character: 'x', expected ':'")
        reject("foo[x]", "1:5 unexpected character in duration expression: 'x'")
        reject("foo[\"5m\"]", "1:5 unexpected character in duration expression: '\"'")
        reject("foo[:5m]", "1:6 unexpected colon before duration in duration expression")
        reject("foo[5m::]", "1:8 unexpected colon ':'")
        reject("foo[5m:1m:1m]", "1:10 unexpected colon ':'")
        reject("foo[5m:1m 1m]", "1:11 unexpected duration \"1m\" in subquery selector, expected \"]\"")
        let step = "in subquery selector, expected number, duration, step(), range(), or \"]\""
        reject("foo[5m:*]", "1:8 unexpected <op:*> \(step)")
        reject("foo[5m[", "1:7 unexpected left bracket '['")
        reject("foo[1x]", "1:5 bad number or duration syntax: \"1\"")
        reject("foo[1.5h]", "1:5 unknown unit \".\" in duration \"1.5h\"")
        reject("foo[5m1h]", "1:5 not a valid duration string: \"5m1h\"")
        reject("foo[9.5e10]", "1:5 duration out of range")
        reject("rate(x[5m])[5m]", "1:12 ranges only allowed for vector selectors")
        reject("(foo)[5m]", "1:6 ranges only allowed for vector selectors")
        reject("1[5m]", "1:2 ranges only allowed for vector selectors")
        reject("foo[5m][5m]", "1:8 ranges only allowed for vector selectors")
        reject("foo offset 1m[5m]", "1:14 no offset modifiers allowed before range")
        reject("foo @ 123 [5m]", "1:11 no @ modifiers allowed before range")
        reject("1[5m:1m]", "1:1 subquery is only allowed on instant vector, got scalar instead")
        reject("foo[5m][5m:1m]", "1:1 subquery is only allowed on instant vector, got matrix instead")
        reject("\"x\"[5m:1m]", "1:1 subquery is only allowed on instant vector, got string instead")
    }

    @Test func offsets() {
        accept("foo offset 5m")
        accept("foo OFFSET 1h30m", "foo offset 1h30m")
        accept("foo offset -7m")
        accept("foo offset 90", "foo offset 1m30s")
        accept("foo offset 0s", "foo")
        accept("foo offset 0s offset 5m", "foo offset 5m")
        accept("foo[5m] offset 1w")
        accept("foo[5m:1m] offset -1m")
        accept("offset offset 5m")
        let words = "in offset, expected number, duration, step(), or range()"
        reject("foo offset", "1:11 unexpected end of input \(words)")
        reject("foo offset bar", "1:12 unexpected identifier \"bar\" \(words)")
        reject("foo offset 1s offset 2s", "1:1 offset may not be set multiple times")
        let selectors = "an instant vector selector or range vector selector or a subquery"
        let misplaced = "offset modifier must be preceded by \(selectors)"
        reject("1 offset 1d", "1:1 \(misplaced)")
        reject("sum(foo) offset 1d", "1:1 \(misplaced)")
        reject("a + (foo) offset 1d", "1:5 \(misplaced)")
        reject("foo offset 9.5e10", "1:12 duration out of range")
    }

    @Test func times() {
        accept("foo @ 1603774568", "foo @ 1603774568.000")
        accept("foo @ -100", "foo @ -100.000")
        accept("foo @ +.3", "foo @ 0.300")
        accept("foo @ 3.3335", "foo @ 3.334")
        accept("foo @ 0xA", "foo @ 10.000")
        accept("foo @ 1m40s", "foo @ 100.000")
        accept("foo @ -0.0004", "foo @ 0.000")
        accept("foo @ start()")
        accept("foo @ END ( )", "foo @ end()")
        accept("foo[5m] @ end()")
        accept("foo[5m:1m] @ start() offset 1m")
        accept("foo offset 1m @ 5", "foo @ 5.000 offset 1m")
        accept("foo @ start()[5m]", "foo[5m] @ start()")
        let bounds = "timestamp out of bounds for @ modifier"
        reject("foo @ +Inf", "1:1 \(bounds): +Inf")
        reject("foo @ -Inf", "1:1 \(bounds): -Inf")
        reject("foo @ NaN", "1:1 \(bounds): NaN")
        reject("foo @ 1e300", "1:1 \(bounds): 1" + String(repeating: "0", count: 300) + ".000000")
        reject("foo @ 1 @ 2", "1:1 @ <timestamp> may not be set multiple times")
        reject("foo @ start() @ end()", "1:1 @ <timestamp> may not be set multiple times")
        reject("foo @", "1:6 unexpected end of input in @, expected timestamp")
        reject("foo @ bar", "1:7 unexpected identifier \"bar\" in @, expected timestamp")
        reject("foo @ start", "1:12 unexpected end of input in @, expected timestamp")
        reject("foo @ -start()", "1:8 unexpected \"start\" in @, expected timestamp")
        let selectors = "an instant vector selector or range vector selector or a subquery"
        let misplaced = "@ modifier must be preceded by \(selectors)"
        reject("1 @ 5", "1:1 \(misplaced)")
        reject("rate(foo[5m]) @ 1234", "1:1 \(misplaced)")
    }

    @Test func extendedRanges() {
        reject("foo[5m] anchored", "1:1 anchored modifier is experimental and not enabled")
        reject("1 + foo smoothed", "1:5 smoothed modifier is experimental and not enabled")
        reject("foo[5m] Anchored", "1:1 anchored modifier is experimental and not enabled")
        accept("anchored + smoothed")
    }

    @Test func durationExpressions() {
        accept("foo[5m * 2]")
        accept("foo[5m*2+10]", "foo[5m * 2 + 10]")
        accept("foo[(1m+1m)*2]", "foo[(1m + 1m) * 2]")
        accept("foo[step()]")
        accept("foo[STEP()+1]", "foo[step() + 1]")
        accept("foo[5m+range()]", "foo[5m + range()]")
        accept("foo[max_of(step(),5s)]", "foo[max_of(step(), 5s)]")
        accept("foo[min_of(1m,max_of(2m,3m)):step()/2]", "foo[min_of(1m, max_of(2m, 3m)):step() / 2]")
        accept("foo[step():1m]")
        accept("foo[ - step ( ) ]", "foo[-step()]")
        accept("foo offset step()")
        accept("foo offset -step()")
        accept("foo offset -(1m+step())", "foo offset -(1m + step())")
        accept("foo offset (5s-8)", "foo offset (5s - 8)")
        accept("foo offset -min_of(5s,step()+8s)", "foo offset -min_of(5s, step() + 8s)")
        accept("foo[4s+4s:1s*2] offset (5s-8)", "foo[4s + 4s:1s * 2] offset (5s - 8)")
        accept("foo[(5m)]")
        accept("foo[((5m))]", "foo[(5m)]")
        accept("rate(foo[26m%7m])", "rate(foo[26m % 7m])")
    }

    @Test func durationPrecedence() {
        func check(_ text: String, _ wanted: String) {
            understand("foo[\(text)]", "foo<__name__=\"foo\">[\(wanted)]")
        }
        check("11s+10s-5*2^2", "((11.0 + 10.0) - (5.0 * (2.0 ^ 2.0)))")
        check("2^3^2", "(2.0 ^ (3.0 ^ 2.0))")
        check("-2^2", "(- (2.0 ^ 2.0))")
        check("-10s+15s", "(-10.0 + 15.0)")
        check("0+-2^2", "(0.0 + (- (2.0 ^ 2.0)))")
        check("--5", "5.0")
        check("2^-1*4", "((2.0 ^ -1.0) * 4.0)")
        check("-(5)", "(- {5.0})")
    }

    @Test func whereAnOffsetEnds() {
        let foo = "foo<__name__=\"foo\">"
        understand("foo offset 1m + 2", "(\(foo)+60.0 + 2)")
        understand("foo offset -2 ^ 2", "(\(foo)+-2.0 ^ 2)")
        understand("foo offset step() * 2", "(\(foo)+step * 2)")
        understand("foo offset -(1m) + 2", "(\(foo)+(- {60.0}) + 2)")
        understand("foo offset max_of(1, 2) + 2", "(\(foo)+max(1.0, 2.0) + 2)")
        understand("foo offset (1m) + 2m", "\(foo)+({60.0} + 120.0)")
        understand("foo offset --1m * 2", "\(foo)+(60.0 * 2.0)")
    }

    @Test func badDurationExpressions() {
        let selector = "in subquery or range selector, expected number, duration, step(), or range()"
        let offset = "in offset, expected number, duration, step(), or range()"
        reject("foo[5m*]", "1:8 unexpected \"]\" \(selector)")
        reject("foo[step]", "1:9 unexpected \"]\" \(selector)")
        reject("foo[(5m]", "1:8 unexpected \"]\" \(selector)")
        reject("foo[min_of(5m)]", "1:14 unexpected \")\" \(selector)")
        reject("foo[5s/0d]", "1:7 division by zero")
        reject("foo[step()%0]", "1:11 modulo by zero")
        reject("foo offset (4d/0)", "1:15 division by zero")
        reject("foo offset (1m + )", "1:18 unexpected \")\" \(offset)")
        reject("foo offset (1m + bar)", "1:18 unexpected identifier \"bar\" \(offset)")
        reject("foo offset min_of(1m)", "1:21 unexpected \")\" \(offset)")
        reject("foo[# no\n5m]", "1:5 unexpected character in duration expression: '#'")
    }
}
