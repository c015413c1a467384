import Glibc
import Synchronization
import Testing

@testable import mon

@Suite struct ReloadRequestsTests {
    @Test func whoAsksGetsTheAnswerOfTheOneThatRecords() async {
        let woken = AsyncStream<Void>.makeStream()
        let requests = ReloadRequests(wake: { woken.continuation.yield() })
        let answers = Mutex<[String?]>([])
        let asking = Thread {
            let answer = requests.ask()
            answers.withLock { $0.append(answer) }
        }
        for await _ in woken.stream { break }
        var runs = 0
        requests.answer {
            runs += 1
            return "mon.yaml:1:1: wrong"
        }
        asking.join()
        #expect(answers.withLock { $0 } == ["mon.yaml:1:1: wrong"])
        // Nobody waits any more.
        requests.answer {
            runs += 1
            return nil
        }
        #expect(runs == 1)
        requests.close()
        #expect(requests.ask() == "the agent is stopping")
    }

    @Test func whoWaitsWhenItStopsIsTold() async {
        let woken = AsyncStream<Void>.makeStream()
        let requests = ReloadRequests(wake: { woken.continuation.yield() })
        let answers = Mutex<[String?]>([])
        let asking = Thread {
            let answer = requests.ask()
            answers.withLock { $0.append(answer) }
        }
        for await _ in woken.stream { break }
        requests.close()
        asking.join()
        #expect(answers.withLock { $0 } == ["the agent is stopping"])
    }
}

/// A thread that may block.
private final class Thread {
    private var thread = pthread_t()
    private final class Work {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    init(_ body: @escaping () -> Void) {
        let work = Unmanaged.passRetained(Work(body))
        pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<Work>.fromOpaque(argument!).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
    }

    func join() { pthread_join(thread, nil) }
}
