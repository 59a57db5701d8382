internal import Glibc
internal import LMDB
internal import Synchronization

/// `jobs`: work under way that others must not disturb. A record whose process is gone is stale: it is
/// ignored, and removed by the next job or gc.
struct JobRecord: Codable, Equatable {
  var kind: String
  var process: Int32
  /// Clock ticks from the system's start to the process's: numbers of processes are used again.
  var processStart: UInt64?
  /// The system's run in which it works: nothing outlives that.
  var boot: String
  var started: String
  /// The folder that it fills, worthless without it.
  var partial: String?

  static let backup = "backup"
  static let reindex = "reindex"
  static let training = "training"
  static let importing = "import"
  static let bridging = "bridge"

  init(kind: String, partial: String?) {
    self.kind = kind
    process = getpid()
    processStart = Process.startTick(of: getpid())
    boot = Process.boot
    started = timestamp()
    self.partial = partial
  }

  /// Whether its process is still there, or a process of another container fills its folder.
  var isRunning: Bool {
    guard boot == Process.boot else { return false }
    let isThere =
      Process.isAlive(process)
      && (processStart == nil || Process.startTick(of: process) == processStart)
    return isThere || partial.map(PartialFolder.isBeingFilled) ?? false
  }
}

extension Store {
  /// Notes that this process begins a job, and forgets those of dead ones.
  ///
  /// - Returns: the job's number; nil where the store is open for reading only, so that nothing can be
  ///   noted: a gc may then take a checkpoint away, which the job finds missing.
  func beginJob(_ kind: String, partial: String? = nil) throws -> UInt64? {
    if environment.mode == .readOnly { return nil }
    var write = try environment.beginWrite()
    try forgetStaleJobs(in: &write)
    let number = (try jobs(in: write).last?.number ?? 0) + 1
    try tables.jobs.put(
      record: JobRecord(kind: kind, partial: partial), at: Key(number), in: &write)
    try write.commit()
    return number
  }

  /// As `beginJob`, for work that only one process may do at a time.
  ///
  /// - Throws: `StoreError.busy` where another is at it.
  func beginOnlyJob(_ kind: String) throws -> UInt64 {
    var write = try environment.beginWrite()
    try forgetStaleJobs(in: &write)
    let jobs = try jobs(in: write)
    let others = jobs.filter { $0.record.kind == kind && $0.record.isRunning }
    if let other = others.first(where: { !isForgotten($0.number, $0.record) }) {
      throw StoreError.busy(path: path, kind: kind, process: other.record.process)
    }
    let number = (jobs.last?.number ?? 0) + 1
    try tables.jobs.put(
      record: JobRecord(kind: kind, partial: nil), at: Key(number), in: &write)
    // Before others can see the record.
    _ = ownJobs.withLock { $0.insert(number) }
    do { try write.commit() } catch {
      forgetOwnJob(number)
      throw error
    }
    for other in others { try endJob(other.number) }
    return number
  }

  /// Does what only one process may do at a time. That the job's record may stay is no error: it is
  /// forgotten, as that of a dead process.
  ///
  /// - Throws: `StoreError.busy` where another is at it.
  func asOnlyJob<Result>(_ kind: String, _ work: () throws -> Result) throws -> Result {
    let job = try beginOnlyJob(kind)
    defer {
      do { try endJob(job) } catch { forgetOwnJob(job) }
    }
    return try work()
  }

  /// Whether a record is one that this process could not remove when its job was over: on a full disk, say.
  private func isForgotten(_ number: UInt64, _ record: JobRecord) -> Bool {
    record.process == getpid() && !ownJobs.withLock { $0.contains(number) }
  }

  /// Lets the job end although its record may stay.
  func forgetOwnJob(_ number: UInt64) { _ = ownJobs.withLock { $0.remove(number) } }

  /// - Throws: `StoreError.busy` where a process reindexes.
  func requireNoReindex() throws {
    for job in try jobs(in: environment.snapshot())
    where job.record.kind == JobRecord.reindex && job.record.isRunning {
      throw StoreError.busy(path: path, kind: job.record.kind, process: job.record.process)
    }
  }

  /// Removes the records of dead processes, but not those that tell gc of a folder to remove.
  func forgetStaleJobs() throws {
    if try tables.jobs.count(in: environment.snapshot()) == 0 { return }
    var write = try environment.beginWrite()
    try forgetStaleJobs(in: &write)
    try write.commit()
  }

  private func forgetStaleJobs(in write: inout WriteTransaction) throws {
    for job in try jobs(in: write) where !job.record.isRunning {
      let process = job.record.process
      if job.record.partial.map({ PartialFolder.isLeftover($0, of: process) }) ?? false { continue }
      try tables.jobs.remove(Key(job.number), in: &write)
    }
  }

  func endJob(_ number: UInt64?) throws {
    guard let number else { return }
    var write = try environment.beginWrite()
    try tables.jobs.remove(Key(number), in: &write)
    try write.commit()
    forgetOwnJob(number)
  }

  /// All jobs, stale ones included, in the order in which they began.
  func jobs<T: Transaction & ~Copyable>(
    in transaction: borrowing T
  ) throws -> [(number: UInt64, record: JobRecord)] {
    var jobs: [(number: UInt64, record: JobRecord)] = []
    var cursor = try tables.jobs.cursor(in: transaction)
    while try cursor.next() {
      guard let number = cursor.key.bigEndianUInt64(at: 0) else {
        throw damaged("the table of jobs", "a key is no number")
      }
      jobs.append((number, try Table.decode(JobRecord.self, cursor.value, table: "jobs")))
    }
    return jobs
  }
}

extension Process {
  /// Tells one run of the system from another; empty where the system does not say.
  static var boot: String {
    Files.text("/proc/sys/kernel/random/boot_id").filter { !$0.isWhitespace }
  }

  /// When a process began, in clock ticks since the system's start; nil where that is not known.
  ///
  /// Field 22 of proc(5)'s stat; the name before it may hold blanks and parentheses.
  static func startTick(of process: Int32) -> UInt64? {
    let text = Files.text("/proc/\(process)/stat")
    guard let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: end)...].split(separator: " ")
    // The first field behind the name is the third.
    return fields.count > 19 ? UInt64(fields[19]) : nil
  }
}
