import CLMDB
import Glibc
import Testing

@testable import LMDB

@Suite struct ErrorTests {
  /// One of each.
  private let all: [LMDBError] = [
    .missing(path: "s.pawl"), .notAFolder(path: "s.pawl"), .notADatabase(path: "s.pawl"),
    .versionMismatch(path: "s.pawl"), .alreadyOpen(path: "s.pawl"),
    .inUse(path: "s.pawl", by: [12], .shared, waited: .seconds(30)),
    .inUse(path: "s.pawl", by: [12], .alone, waited: .seconds(30)),
    .networkFileSystem(path: "s.pawl", name: "NFS"), .noAddressSpace(path: "s.pawl", triedBytes: 9),
    .permissionDenied(path: "s.pawl", operation: "open"), .copyTargetExists(path: "s.pawl"),
    .usedAfterFork(path: "s.pawl", openedBy: 12), .closed(path: "s.pawl"),
    .readOnly(path: "s.pawl"), .busy(path: "s.pawl", holder: 12, waited: .seconds(30)),
    .transactionsRunning(path: "s.pawl", count: 2), .mapFull(path: "s.pawl", mapSizeInBytes: 4096),
    .readersFull(path: "s.pawl", limit: 1024), .transactionTooLarge(path: "s.pawl"),
    .transactionBroken(path: "s.pawl"), .diskFull(path: "s.pawl", operation: "commit"),
    .inputOutput(path: "s.pawl", operation: "commit", code: EIO),
    .outOfMemory(path: "s.pawl", operation: "begin"), .panicked(path: "s.pawl"),
    .corrupted(path: "s.pawl", operation: "read rows"), .damaged(table: "rows", key: "0x00000001"),
    .truncated(path: "s.pawl", bytes: 4096, expected: 8192),
    .tooManyTables(path: "s.pawl", limit: 3), .noTable(path: "s.pawl", name: "rows"),
    .tableName("a"), .keyLength(table: "ids", bytes: 600),
    .keyOutOfOrder(table: "lists", key: "0x00"), .valueLength(table: "rows", bytes: 1 << 40),
    .unexpected(path: "s.pawl", operation: "begin", code: -30783),
  ]

  @Test("every message says where, what, and what to do")
  func shape() {
    for error in all {
      let text = error.description
      let place = ["s.pawl: ", "rows", "ids: ", "lists[", "table \""]
      #expect(place.contains { text.hasPrefix($0) }, "\(text)")
      #expect(text.hasSuffix(".") && text.count > 30, "\(text)")
    }
    #expect(Set(all.map(\.description)).count == all.count)
  }

  @Test("the messages that users meet most read as they should")
  func wording() {
    let busy = LMDBError.busy(path: "demo.pawl", holder: 4711, waited: .seconds(30))
    #expect(
      busy.description
        == "demo.pawl: waited 30.0 seconds for process 4711 to finish writing. Try again once it is "
        + "done.")
    let unknown = LMDBError.busy(path: "demo.pawl", holder: nil, waited: .seconds(30))
    #expect(unknown.description.contains("for another writer to finish writing"))
    #expect(
      LMDBError.damaged(table: "rows", key: "0x00000001").description
        == "rows[0x00000001]: damaged: what is stored does not match its checksum. Check the store; "
        + "restore a backup.")
    #expect(
      LMDBError.missing(path: "demo.pawl").description
        == "demo.pawl: no database here. Check the path, or create a store first.")
    #expect(
      LMDBError.diskFull(path: "demo.pawl", operation: "commit").description
        == "demo.pawl: the disk (or a quota or size limit) is full (commit). What was stored "
        + "before stays. Free some space and run the command again.")
    #expect(
      LMDBError.inputOutput(path: "demo.pawl", operation: "commit", code: EIO).description
        == "demo.pawl: Input/output error (commit). Look at the disk and the system log, then check "
        + "the store.")
  }

  @Test("LMDB's and the system's codes become the errors that stand for them")
  func codes() {
    func error(_ code: Int32) -> LMDBError {
      LMDBError(code: code, path: "p", operation: "o", mapSizeInBytes: 8)
    }
    #expect(error(MDB_MAP_FULL) == .mapFull(path: "p", mapSizeInBytes: 8))
    #expect(error(MDB_PANIC) == .panicked(path: "p"))
    #expect(error(MDB_CORRUPTED) == .corrupted(path: "p", operation: "o"))
    #expect(error(MDB_PAGE_NOTFOUND) == .corrupted(path: "p", operation: "o"))
    #expect(error(MDB_INVALID) == .notADatabase(path: "p"))
    #expect(error(MDB_VERSION_MISMATCH) == .versionMismatch(path: "p"))
    #expect(error(MDB_READERS_FULL) == .readersFull(path: "p", limit: 1024))
    #expect(error(ENOSPC) == .diskFull(path: "p", operation: "o"))
    #expect(error(EDQUOT) == .diskFull(path: "p", operation: "o"))
    #expect(error(EIO) == .inputOutput(path: "p", operation: "o", code: EIO))
    #expect(error(EACCES) == .permissionDenied(path: "p", operation: "o"))
    #expect(error(MDB_BAD_RSLOT) == .unexpected(path: "p", operation: "o", code: MDB_BAD_RSLOT))
  }

  @Test("what may pass is temporary, what the disk did is input and output, damage is damage")
  func categories() {
    #expect(LMDBError.busy(path: "p", holder: nil, waited: .zero).category == .temporary)
    #expect(LMDBError.mapFull(path: "p", mapSizeInBytes: 1).category == .temporary)
    #expect(LMDBError.diskFull(path: "p", operation: "o").category == .temporary)
    #expect(LMDBError.panicked(path: "p").category == .inputOutput)
    #expect(LMDBError.damaged(table: "t", key: "k").category == .damage)
    #expect(LMDBError.missing(path: "p").category == .refused)
  }
}
