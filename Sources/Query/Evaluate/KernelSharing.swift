import Glibc
import Model
import Synchronization
import TSDB

/// Runs the kernel of a range function on two threads: while the query's own thread decodes the next series, a helper
/// works on those before; then both finish them. The store is read by one thread alone, and series are handed back in
/// order, so that the answer is the same to the bit. Samples go from one core's cache to another's, so that it costs
/// time of both where kernels do little with each sample, and is left to those that do much.
///
/// Life: made by the thread of the query once a first series has shown that there is enough to do; every further series
/// goes through ``add(_:_:)``, and what is done comes out of ``takeFinished()``.
final class KernelSharing {
    private let model: Windows
    private let kernel: RangeKernel
    private let parameters: Parameters
    private var gathered: [KernelTask] = []
    private var gatheredSamples = 0
    private var running: KernelBatch?
    private var helper: HelperThread?
    private var finished: [KernelTask] = []
    private var spare: [KernelTask] = []

    /// Samples and windows of a batch: 4 MiB, of which there are two.
    private static let batchSamples = 1 << 18

    init(_ model: Windows, _ kernel: @escaping RangeKernel, _ parameters: Parameters) {
        self.model = model
        self.kernel = kernel
        self.parameters = parameters
    }

    deinit { running?.stop() }

    /// Takes over the samples of the next series.
    func add(_ labels: Labels, _ samples: inout SampleColumn) throws(QueryError) {
        let task = spare.popLast() ?? KernelTask()
        task.labels = labels
        task.isDone = false
        swap(&task.samples, &samples)
        try gather(task)
    }

    /// Takes the next series with an answer that came about in another way.
    func add(_ labels: Labels, answer: [Double]) throws(QueryError) {
        let task = spare.popLast() ?? KernelTask()
        task.labels = labels
        task.row = answer
        task.isDone = true
        try gather(task)
    }

    private func gather(_ task: KernelTask) throws(QueryError) {
        gathered.append(task)
        gatheredSamples += task.samples.count + model.count
        if gatheredSamples >= Self.batchSamples { try begin() }
    }

    /// Ends the batch before, and gives the helper the one that was gathered.
    private func begin() throws(QueryError) {
        try complete()
        let batch = KernelBatch(gathered, model, kernel, parameters)
        gathered = []
        gatheredSamples = 0
        running = batch
        helper = HelperThread(batch)
    }

    private func complete() throws(QueryError) {
        guard let batch = running else { return }
        batch.work()
        // Where no thread could be made, everything is done by now.
        helper = nil
        running = nil
        for task in batch.tasks {
            if let error = task.error { throw error }
        }
        finished += batch.tasks
    }

    /// The series that are done, in the order in which they came. Their rows are valid until they are given back.
    func takeFinished() -> [KernelTask] {
        defer { finished = [] }
        return finished
    }

    /// All series that are left.
    func finish() throws(QueryError) -> [KernelTask] {
        try begin()
        try complete()
        return takeFinished()
    }

    /// Their memory serves the next series.
    func giveBack(_ tasks: [KernelTask]) { spare += tasks }
}

/// One series: its samples, then its answer. Belongs to one thread at a time: to that of the query, and while its batch
/// is at work to whoever took it.
final class KernelTask: @unchecked Sendable {
    // @unchecked: a batch hands each task to one thread; starting and joining the helper order what they write.
    var labels = Labels.empty
    var samples = SampleColumn()
    var row: [Double] = []
    var isDone = false
    var error: QueryError?

    fileprivate func run(_ windows: inout Windows, _ kernel: RangeKernel, _ parameters: Parameters) {
        if isDone { return }
        row.becomeAbsent(windows.count)
        windows.load(&samples)
        do throws(QueryError) {
            try kernel(&windows, parameters, &row)
        } catch {
            self.error = error
        }
    }
}

/// Series that two threads take one by one.
private final class KernelBatch: Sendable {
    let tasks: [KernelTask]
    private let model: Windows
    private let kernel: RangeKernel
    private let parameters: Parameters
    private let next = Atomic<Int>(0)

    init(_ tasks: [KernelTask], _ model: Windows, _ kernel: @escaping RangeKernel, _ parameters: Parameters) {
        self.tasks = tasks
        self.model = model
        self.kernel = kernel
        self.parameters = parameters
    }

    /// Works until no series is left to take.
    func work() {
        var windows = model
        while true {
            let place = next.wrappingAdd(1, ordering: .relaxed).oldValue
            guard place < tasks.count else { return }
            tasks[place].run(&windows, kernel, parameters)
        }
    }

    /// Nobody wants the rest.
    func stop() { next.store(tasks.count, ordering: .relaxed) }
}

/// A thread that works on one batch; joined at the latest when the value ends.
private final class HelperThread {
    private let thread: pthread_t

    /// Nil where the system gives no thread.
    init?(_ batch: KernelBatch) {
        var all = sigset_t()
        var before = sigset_t()
        var thread = pthread_t()
        // Signals are for the threads that expect them: a new thread inherits the mask. It takes over the reference
        // that passRetained makes.
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
        let reference = unsafe Unmanaged.passRetained(batch)
        let code = unsafe pthread_create(
            &thread, nil,
            { argument in
                if let argument = unsafe argument {
                    unsafe Unmanaged<KernelBatch>.fromOpaque(argument).takeRetainedValue().work()
                }
                return nil
            }, reference.toOpaque())
        unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
        if code != 0 {
            unsafe reference.release()
            return nil
        }
        self.thread = thread
    }

    deinit { pthread_join(thread, nil) }
}
