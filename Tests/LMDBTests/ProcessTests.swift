import Glibc
import Testing

@testable import LMDB

/// The body of `processExitsWith` runs in a process of its own, with its own maps and locks.
@Suite struct ProcessTests {
  let scratch = Scratch()

  private func prepared(mapSize: Int = 256 << 20) throws -> (Environment, Table) {
    let environment = try scratch.open(mapSize: mapSize)
    let table = try environment.makeTable()
    try environment.write([0, 0], at: "count", to: table)
    return (environment, table)
  }

  @Test("a snapshot stays as it was while another process writes, and the next one sees it all")
  func isolation() async throws {
    let (environment, table) = try prepared()
    let path = scratch.path
    let old = try environment.snapshot()
    await #expect(processExitsWith: .success) { [path = path as String] in
      let environment = try Environment.open(path: path, mode: .readWrite)
      let table = try environment.table(named: "things")
      for _ in 0..<100 { try increment(environment, table) }
    }
    #expect(try table.copy(of: "count", in: old) == [0, 0])
    #expect(try environment.read("count", of: table) == [100, 0])
  }

  @Test("writers in two processes take turns and lose nothing")
  func twoWriters() async throws {
    let (environment, table) = try prepared()
    let path = scratch.path
    async let other = #expect(processExitsWith: .success) { [path = path as String] in
      let environment = try Environment.open(path: path, mode: .readWrite)
      let table = try environment.table(named: "things")
      for _ in 0..<100 { try increment(environment, table) }
    }
    for _ in 0..<100 { try increment(environment, table) }
    _ = await other
    #expect(try environment.read("count", of: table) == [200, 0])
  }

  @Test("a writer in another process is waited for, and named when it takes too long")
  func busy() async throws {
    let path = scratch.path
    let (environment, _) = try prepared()
    try await holdWriter(environment) {
      await #expect(processExitsWith: .success) { [path = path as String] in
        let environment = try Environment.open(path: path, mode: .readWrite)
        let start = ContinuousClock.now
        let limit = Duration.milliseconds(200)
        #expect(throws: LMDBError.busy(path: path, holder: getppid(), waited: limit)) {
          _ = try environment.beginWrite(waitingAtMost: limit)
        }
        guard ContinuousClock.now - start >= limit else { exit(1) }
      }
    }
  }

  /// Holds the writer's lock (not a transaction, which would belong to a thread) during `body`.
  private func holdWriter(_ environment: Environment, during body: () async -> Void) async throws {
    let lock = try environment.lockForWriting(waitingAtMost: .seconds(5))
    await body()
    _ = consume lock
  }

  @Test("a writer that is killed leaves nothing behind, and the next one can begin")
  func killedWriter() async throws {
    let (environment, table) = try prepared()
    let path = scratch.path
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      try writeAndDie(path)
    }
    try environment.write([7], at: "mine", to: table, waitingAtMost: .milliseconds(500))
    #expect(try environment.read("theirs", of: table) == nil)
    #expect(try environment.read("mine", of: table) == [7])
  }

  @Test("a reader that is killed is swept, so that its pages can be used again")
  func killedReader() async throws {
    let (environment, _) = try prepared()
    let path = scratch.path
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let environment = try Environment.open(path: path, mode: .readOnly)
      let snapshot = try environment.snapshot()
      kill(getpid(), SIGKILL)
      _ = snapshot.number
    }
    #expect(try environment.removeDeadReaders() == 1)
    #expect(try environment.removeDeadReaders() == 0)
  }

  @Test("a process with a small map follows another that has outgrown it")
  func followGrowth() async throws {
    let (environment, table) = try prepared(mapSize: 1 << 20)
    let path = scratch.path
    await #expect(processExitsWith: .success) { [path = path as String] in
      let environment = try Environment.open(path: path, mode: .readWrite)
      let table = try environment.table(named: "things")
      for round in UInt8(0)..<40 {
        try environment.write([UInt8](repeating: round, count: 1 << 20), at: Key(round), to: table)
      }
    }
    #expect(try environment.info().mapSizeInBytes == 1 << 20)
    for round in UInt8(0)..<40 {
      let value = try environment.read(Key(round), of: table)
      #expect(value == [UInt8](repeating: round, count: 1 << 20))
    }
    #expect(try environment.info().mapSizeInBytes > 40 << 20)
    try environment.write([1], at: "count", to: table)
  }

  @Test(
    "1 TiB of addresses is reserved; where they are limited the store opens with fewer and grows")
  func addressLimit() async throws {
    let path = scratch.path
    await #expect(processExitsWith: .success) { [path = path as String] in
      do {
        let environment = try Environment.open(path: path, mode: .create)
        #expect(try environment.info().mapSizeInBytes == 1 << 40)
      }
      var limit = rlimit(rlim_cur: 2 << 30, rlim_max: rlim_t(bitPattern: -1))
      guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else { exit(1) }
      let environment = try Environment.open(path: path, mode: .create)
      let size = try environment.info().mapSizeInBytes
      guard size <= 512 << 20, size >= 16 << 20 else { exit(2) }
      try environment.grow()
      guard try environment.info().mapSizeInBytes > size else { exit(3) }
      // At some point there is nothing more to get: an error, and the store still works.
      do throws(LMDBError) {
        for _ in 0..<40 { try environment.grow() }
        exit(4)
      } catch {
        guard case .mapFull = error else { exit(5) }
      }
      let table = try makeTable(environment)
      try environment.write([1], at: "k", to: table)
    }
  }

  @Test("a full disk is said to be full, keeps what was there, and works again with space")
  func diskFull() async throws {
    let path = scratch.path
    await #expect(processExitsWith: .success) { [path = path as String] in
      let environment = try Environment.open(path: path, mode: .create)
      let table = try makeTable(environment)
      try environment.write([1], at: "old", to: table)
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 1 << 20, rlim_max: rlim_t(bitPattern: -1))
      guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else {
        exit(1)
      }
      let value = [UInt8].pattern(4 << 20, seed: 1)
      do throws(LMDBError) {
        try environment.write(value, at: "new", to: table)
        exit(2)
      } catch {
        guard case .diskFull = error, error.category == .temporary else { exit(3) }
      }
      guard try environment.read("old", of: table) == [1] else { exit(4) }
      limit.rlim_cur = limit.rlim_max
      unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      try environment.write(value, at: "new", to: table)
      guard try environment.read("new", of: table) == value else { exit(5) }
    }
  }

  @Test("a forked child is refused, and leaves the parent's locks alone")
  func fork() async throws {
    let path = scratch.path
    await #expect(processExitsWith: .success) { [path = path as String] in
      try useAfterFork(path)
    }
    let environment = try scratch.open()
    #expect(throws: LMDBError.usedAfterFork(path: path, openedBy: getpid())) {
      try environment.requireOwner(process: getpid() + 1)
    }
  }
}

private func makeTable(_ environment: Environment) throws(LMDBError) -> Table {
  try environment.makeTable()
}

private func writeAndDie(_ path: String) throws(LMDBError) {
  let environment = try Environment.open(path: path, mode: .readWrite)
  let table = try environment.table(named: "things")
  var writer = try environment.beginWrite()
  try table.put([1], at: "theirs", in: &writer)
  kill(getpid(), SIGKILL)
  writer.abort()
}

/// Forks with a snapshot and a write transaction open; Swift hides fork(), so it is looked up.
private func useAfterFork(_ path: String) throws(LMDBError) {
  let environment = try Environment.open(path: path, mode: .create)
  let table = try environment.makeTable()
  try environment.write([0], at: "k", to: table)
  let snapshot = try environment.snapshot()
  var writer = try environment.beginWrite()
  // Without our own lock this thread would wait for itself for ever.
  alarm(20)
  guard let symbol = unsafe dlsym(nil, "fork") else { exit(10) }
  let fork = unsafe unsafeBitCast(symbol, to: (@convention(c) () -> pid_t).self)
  let child = fork()
  if child == 0 {
    do throws(LMDBError) {
      _ = try environment.snapshot()
      _exit(1)
    } catch {
      guard case .usedAfterFork = error else { _exit(2) }
    }
    do throws(LMDBError) {
      try writer.commit()
      _exit(3)
    } catch {
      guard case .usedAfterFork = error else { _exit(4) }
    }
    // Ends in the child, and must end nothing of the parent's.
    _ = consume snapshot
    _exit(0)
  }
  var status: Int32 = 0
  unsafe waitpid(child, &status, 0)
  guard status == 0 else { exit(11) }
  // The parent's place in the lock file is still taken, and its turn still its own.
  do throws(LMDBError) {
    _ = try environment.beginWrite(waitingAtMost: .milliseconds(50))
    exit(12)
  } catch {
    guard case .busy = error else { exit(13) }
  }
  try table.put([1], at: "k", in: &writer)
  try writer.commit()
  // Enough commits to reuse the snapshot's pages, if its place had been freed.
  for round in UInt8(2)...20 { try environment.write([round], at: "k", to: table) }
  guard try table.copy(of: "k", in: snapshot) == [0] else { exit(14) }
}
