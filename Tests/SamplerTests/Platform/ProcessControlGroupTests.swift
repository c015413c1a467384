import Testing

@testable import Sampler

@Suite struct ProcessControlGroupTests {
    private static let id = "4f0c9d2e11aa" + String(repeating: "b", count: 52)

    @Test func paths() {
        func check(_ path: String, _ shown: String) { #expect(ControlGroups.shownPath(path) == shown) }
        let id = ProcessControlGroupTests.id
        check("/", "/")
        check("/init.scope", "init.scope")
        check("/system.slice/ssh.service", "ssh.service")
        check("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service")
        check("/system.slice/docker.service/sub", "docker.service/sub")
        check("/system.slice/docker-\(id).scope", "docker-4f0c9d2e11aa")
        check("/docker/\(id)", "docker-4f0c9d2e11aa")
        check("/docker/\(id)/init.scope", "docker-4f0c9d2e11aa/init.scope")
        check("/user.slice/user-1000.slice/session-3.scope", "user-1000.slice/session-3.scope")
        check(
            "/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope",
            "user-1000.slice/user@1000.service/app.slice/x.scope")
        check("/kubepods/besteffort/pod1/\(id)", "kubepods/besteffort/pod1/4f0c9d2e11aa")
        check("/kubepods.slice/kubepods-pod1.slice/cri-containerd-\(id).scope", "cri-containerd-4f0c9d2e11aa")
        check("/a/b.service", "a/b.service")
        check("/user.slice", "user.slice")
        check("/" + String(repeating: "ü", count: 300), String(repeating: "ü", count: 100))
    }

    /// What is shown of a service's process begins as the series of the service are called.
    @Test func joinsWithServices() {
        let services = ControlGroups(sysfs: Fixtures.host("hardware").sysfs)?.services() ?? []
        #expect(!services.isEmpty)
        for service in services {
            let shown = ControlGroups.shownPath("/\(service.group)")
            #expect(shown.split(separator: "/").first.map { String($0) } == service.name)
        }
    }

    @Test func files() {
        func check(_ text: String, _ shown: String?) {
            let bytes = Array(text.utf8)
            same(ControlGroups.shownGroup(ByteScanner(bytes.span)), shown)
        }
        check("0::/system.slice/ssh.service\n", "ssh.service")
        // A hybrid host, and one of version 1 alone.
        check("12:memory:/m\n1:name=systemd:/system.slice/a.service\n0::/system.slice/b.service\n", "b.service")
        check("12:memory:/m\n1:name=systemd:/system.slice/a.service\n0::/\n", "a.service")
        check("4:memory:/jobs/7\n1:name=systemd:/\n0::/\n", "jobs/7")
        check("4:cpu,cpuacct:/c\n", "c")
        check("0::/\n", "/")
        check("0::/a:b\n", "a:b")
        check("", nil)
        check("x\n0:/\n:::\n0::rel\n", nil)
    }
}
