import Glibc
import Testing

@testable import LMDB

@Suite struct OpenLockTests {
  let scratch = Scratch()
  private let limit = Duration.milliseconds(60)

  @Test("many have a database open together; alone is refused until the last has closed it")
  func sharedAndAlone() throws {
    let environment = try scratch.open()
    let path = scratch.path
    do {
      _ = try OpenLock(path: path, kind: .shared, waitingAtMost: limit)
    }
    #expect(throws: LMDBError.inUse(path: path, by: [], .alone, waited: limit)) {
      _ = try OpenLock(path: path, kind: .alone, waitingAtMost: limit)
    }
    try environment.close()
    _ = try OpenLock(path: path, kind: .alone, waitingAtMost: .zero)
  }

  @Test("while one has it alone, opening waits as long as it was told; then it works")
  func waiting() throws {
    try scratch.open().close()
    let path = scratch.path
    do {
      let lock = try OpenLock(path: path, kind: .alone, waitingAtMost: .zero)
      #expect(throws: LMDBError.inUse(path: path, by: [], .shared, waited: limit)) {
        _ = try Environment.open(path: path, mode: .readOnly, waitingAtMost: limit)
      }
      _ = consume lock
    }
    try Environment.open(path: path, mode: .readOnly, waitingAtMost: .zero).close()
  }

  @Test("who has it open in this process and wants it alone is told so at once")
  func ownEnvironment() throws {
    let environment = try scratch.open()
    let path = scratch.path
    #expect(throws: LMDBError.alreadyOpen(path: path)) {
      _ = try Environment.open(path: path, mode: .readWrite, .alone)
    }
    try environment.close()
    let alone = try Environment.open(path: path, mode: .readWrite, .alone)
    #expect(throws: LMDBError.inUse(path: path, by: [], .shared, waited: limit)) {
      _ = try OpenLock(path: path, kind: .shared, waitingAtMost: limit)
    }
    try alone.close()
  }

  @Test("another process that has it open is named, and lets go when it is killed")
  func otherProcess() async throws {
    let environment = try scratch.open()
    let path = scratch.path
    await #expect(processExitsWith: .success) { [path = path as String] in
      do throws(LMDBError) {
        _ = try OpenLock(path: path, kind: .alone, waitingAtMost: .milliseconds(50))
        exit(1)
      } catch {
        guard case .inUse(_, let processes, .alone, _) = error else { exit(2) }
        // Where /proc/locks shows nothing, nobody is named.
        guard processes.isEmpty || processes == [getppid()] else { exit(3) }
      }
    }
    try environment.close()
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let environment = try Environment.open(path: path, mode: .readOnly)
      kill(getpid(), SIGKILL)
      try environment.close()
    }
    _ = try OpenLock(path: path, kind: .alone, waitingAtMost: .zero)
  }

  @Test("who waited while another folder took the place has the lock of the new one")
  func exchangedFolder() throws {
    try scratch.open().close()
    let (path, other) = (scratch.path, scratch.path + ".copy")
    try FileSystem.makeFolder(path: other)
    let begun = Progress()
    try onThreads([
      { @Sendable () throws -> Void in
        let lock = try OpenLock(path: path, kind: .alone, waitingAtMost: .zero)
        begun.step()
        usleep(50_000)
        #expect(try AtomicRename.exchange(path, other))
        _ = consume lock
      },
      { @Sendable () throws -> Void in
        while begun.count == 0 { usleep(100) }
        let lock = try OpenLock(path: path, kind: .shared, waitingAtMost: .seconds(20))
        // The folder that is there now is the one that cannot be had alone; the old one can.
        #expect(throws: LMDBError.self) {
          _ = try OpenLock(path: path, kind: .alone, waitingAtMost: .zero)
        }
        _ = try OpenLock(path: other, kind: .alone, waitingAtMost: .seconds(20))
        _ = consume lock
      },
    ])
  }

  @Test("lines of /proc/locks are read: held flock locks of the file, nothing else")
  func lockTable() {
    func process(_ line: Substring) -> Int32? { LockHolders.process(in: line, inode: 1057) }
    #expect(process("7: FLOCK  ADVISORY  READ 3412 08:02:1057 0 EOF") == 3412)
    #expect(process("7: FLOCK  ADVISORY  READ 3412 08:02:1058 0 EOF") == nil)
    #expect(process("7: POSIX  ADVISORY  READ 3412 08:02:1057 0 EOF") == nil)
    #expect(process("7: -> FLOCK  ADVISORY  WRITE 9 08:02:1057 0 EOF") == nil)
    #expect(process("7: FLOCK  ADVISORY  READ -1 08:02:1057 0 EOF") == nil)
    #expect(process("") == nil)
  }

  @Test("its messages say who is in the way and what to do")
  func messages() {
    let alone = LMDBError.inUse(path: "s", by: [4, 17], .alone, waited: .seconds(30))
    #expect(
      "\(alone)"
        == "s: this needs the store alone, and after 30.0 seconds process 4, 17 still has it open "
        + "(a shell, a server or another command). End that, and try again.")
    let shared = LMDBError.inUse(path: "s", by: [], .shared, waited: .seconds(1))
    #expect(
      "\(shared)"
        == "s: waited 1.0 seconds for another process, which has the store for itself (a compact or "
        + "a restore). Try again once it is done.")
    #expect(alone.category == .temporary && shared.category == .temporary)
  }
}

@Suite struct AtomicRenameTests {
  let scratch = Scratch()

  @Test("two folders change places, and a taken name is never renamed over")
  func renames() throws {
    try scratch.open().close()
    let (path, other) = (scratch.path, scratch.path + ".copy")
    try FileSystem.makeFolder(path: other)
    // Renaming over an empty folder is what rename(2) would do.
    #expect(try !AtomicRename.toFreeName(path, other))
    #expect(try AtomicRename.exchange(path, other))
    #expect(unsafe access(other + "/data.mdb", F_OK) == 0)
    #expect(unsafe access(path + "/data.mdb", F_OK) != 0)
    #expect(try AtomicRename.toFreeName(other, scratch.path + ".other"))
    #expect(unsafe access(other, F_OK) != 0)
    #expect(throws: LMDBError.missing(path: other)) { _ = try AtomicRename.exchange(other, path) }
  }
}
