import Testing

@testable import Sampler

@Suite struct CommandLineTests {
    @Test func secretsAreReplaced() {
        func check(_ arguments: [String], _ shown: String) {
            #expect(CommandLineText.redacted(arguments).joined(separator: " ") == shown)
        }
        // Names that tell.
        check(["app", "--password=hunter2", "--verbose"], "app --password=*** --verbose")
        check(["app", "--password", "hunter2", "-v"], "app --password *** -v")
        check(["app", "--db-password", "-x"], "app --db-password ***")
        check(["app", "--no-password", "db"], "app --no-password db")
        check(["app", "-Djavax.net.ssl.keyStorePassword=a b c"], "app -Djavax.net.ssl.keyStorePassword=***")
        check(["app", "--apiKey=1", "--api-key", "2", "API_KEY=3"], "app --apiKey=*** --api-key *** API_KEY=***")
        check(["env", "AWS_SECRET_ACCESS_KEY=x/y+z", "run"], "env AWS_SECRET_ACCESS_KEY=*** run")
        check(["app", "token=a,b;c&d"], "app token=***")
        check(["app", "--auth-token:abc"], "app --auth-token:***")
        check(["app", "key=1", "monkeys=2", "keyboard=us", "--keep=1"], "app key=*** monkeys=2 keyboard=us --keep=1")
        check(["openssl", "rsa", "-passin", "pass:1234", "-in", "f"], "openssl rsa -passin *** -in f")
        check(["app", "--password="], "app --password=")
        // Within an argument.
        check(
            ["sh", "-c", "export PGPASSWORD=x; curl 'https://h/?token=abc&a=1' -d \"pw=1\""],
            "sh -c export PGPASSWORD=*** curl 'https://h/?token=***&a=1' -d \"pw=***\"")
        // What begins with the name is a value to its end, blanks and all.
        check(["sh", "-c", "PGPASSWORD=x psql -h db"], "sh -c PGPASSWORD=***")
        check(["curl", "-H", "Authorization: Bearer abc.def"], "curl -H Authorization: ***")
        check(["curl", "-H", "X-Api-Key: 12", "-H", "Accept: a/b"], "curl -H X-Api-Key: *** -H Accept: a/b")
        // URLs.
        check(["app", "postgres://bob:s3cr@t@db:5432/x"], "app postgres://bob:***@db:5432/x")
        check(["git", "clone", "https://abcdef@github.com/a/b"], "git clone https://***@github.com/a/b")
        check(["git", "clone", "ssh://git@github.com/a/b"], "git clone ssh://git@github.com/a/b")
        check(["app", "--proxy=http://u:p@h:1/?a=b", "http://h/@x"], "app --proxy=http://u:***@h:1/?a=b http://h/@x")
        check(["app", "redis://:pw@r/0,redis://:pw2@s/0"], "app redis://:***@r/0,redis://:***@s/0")
        // Flags of programs.
        check(["/usr/bin/mysqldump", "-psecret", "-h", "db"], "/usr/bin/mysqldump -p*** -h db")
        check(["sshpass", "-p", "secret", "ssh", "h"], "sshpass -p *** ssh h")
        check(["ssh", "-p", "22", "h"], "ssh -p 22 h")
        check(["redis-cli", "-a", "pw", "-h", "r"], "redis-cli -a *** -h r")
        check(["curl", "-u", "bob:pw", "--user", "eve"], "curl -u bob:*** --user eve")
        check(["smbclient", "-U", "bob%pw"], "smbclient -U bob%***")
        // Tokens.
        check(["app", "ghp_0123456789abcdefABCDEF"], "app ***")
        check(["app", "x=eyJhbGciOiJIUzI1NiJ9.e30.abc"], "app x=***")
        check(["app", "sk-short"], "app sk-short")
        // Nothing to hide.
        check(["/usr/sbin/sshd", "-D", "[listener]"], "/usr/sbin/sshd -D [listener]")
        check(["java", "-Xmx4g", "-cp", "/a:/b", "Main"], "java -Xmx4g -cp /a:/b Main")
        check(["süß", "--naïve=ü"], "süß --naïve=ü")
        check([], "")
    }

    private func shown(_ bytes: [UInt8]) -> String? { CommandLineText.shown(bytes.span) }

    @Test func bytesOfTheKernel() {
        #expect(shown([]) == nil)
        #expect(shown([0]) == nil && shown([0, 0, 0]) == nil)
        #expect(shown(Array("a\0--token\0b\0\0c\0".utf8)) == "a --token ***  c")
        #expect(shown(Array("title set by the program".utf8)) == "title set by the program")
        #expect(shown([0xff, 0xfe, 0]) == "\u{fffd}\u{fffd}")
        let long = shown(Array(String(repeating: "ü", count: 2000).utf8))
        #expect(long?.utf8.count == CommandLineText.bytesMax + 3 && long?.last == "…")
        // A cut argument's secret is still replaced.
        #expect(shown(Array("a --pw=".utf8 + [UInt8](repeating: 65, count: 4000))) != nil)
    }

    /// Whatever the bytes are, nothing traps, and no secret with a name of its own stays.
    @Test func hostileBytes() {
        var state: UInt64 = 9
        let words = [
            "--password=", "token", " ", "=", ":", "://", "@", "-", "\0", "&", "\"", "é", "\u{301}", "\r\n", "SECRET",
        ]
        for _ in 0..<3000 {
            var text = ""
            for _ in 0..<12 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text += words[Int(state >> 33) % words.count]
            }
            _ = shown(Array(text.utf8))
            if let shown = shown(Array("p\0--password=SECRET\0\(text)".utf8)) {
                #expect(shown.hasPrefix("p --password=***"))
            }
        }
    }
}
