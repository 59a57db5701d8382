import Glibc
import Testing

@testable import LMDB

@Suite struct EnvironmentTests {
  let scratch = Scratch()

  @Test("what is not there is not made by opening it")
  func missing() throws {
    for mode in [Environment.Mode.readWrite, .readOnly] {
      #expect(throws: LMDBError.missing(path: scratch.path)) { try scratch.open(mode) }
    }
    _ = unsafe mkdir(scratch.path, 0o700)
    for mode in [Environment.Mode.readWrite, .readOnly] {
      #expect(throws: LMDBError.missing(path: scratch.path)) { try scratch.open(mode) }
    }
    let deep = scratch.path + "/a/b"
    #expect(throws: LMDBError.missing(path: deep)) {
      try Environment.open(path: deep, mode: .create)
    }
  }

  @Test("a file in the folder's place is refused")
  func notAFolder() throws {
    let file = "/proc/self/status"
    #expect(throws: LMDBError.notAFolder(path: file)) {
      try Environment.open(path: file, mode: .create)
    }
  }

  @Test(
    "lock.mdb has no holes, which a full disk could not fill: a new one, and one made with them")
  func lockFile() throws {
    func facts() -> stat {
      var facts = stat()
      #expect(unsafe stat(scratch.path + "/lock.mdb", &facts) == 0)
      return facts
    }
    try scratch.open().close()
    let size = facts().st_size
    #expect(facts().st_blocks * 512 >= size && size > 64 * 1_000)
    #expect(unsafe unlink(scratch.path + "/lock.mdb") == 0)
    let file = unsafe open(scratch.path + "/lock.mdb", O_CREAT | O_RDWR, 0o600)
    #expect(ftruncate(file, size) == 0)
    close(file)
    #expect(facts().st_blocks * 512 < size)
    try scratch.open(.readOnly).close()
    #expect(facts().st_blocks * 512 >= size && facts().st_size == size)
  }

  @Test("what is made is for its owner only")
  func permissions() throws {
    let before = umask(0)
    defer { umask(before) }
    let environment = try scratch.open()
    let table = try environment.makeTable()
    try environment.write([1], at: "k", to: table)
    try environment.copy(to: scratch.path + ".copy", layout: .asIs)
    for folder in ["", ".copy"] {
      #expect(permissions(scratch.path + folder) == 0o700)
      #expect(permissions(scratch.path + folder + "/data.mdb") == 0o600)
    }
    #expect(permissions(scratch.path + "/lock.mdb") == 0o600)
    #expect(permissions(scratch.path + "/writer.lock") == 0o600)
  }

  private func permissions(_ path: String) -> mode_t {
    var facts = stat()
    return unsafe stat(path, &facts) == 0 ? facts.st_mode & 0o777 : 0
  }

  @Test("a second open in one process is refused until the first is closed")
  func twice() throws {
    let first = try scratch.open()
    for path in [scratch.path, scratch.path + "/../" + scratch.path.dropFirst(5)] {
      #expect(throws: LMDBError.alreadyOpen(path: path)) {
        try Environment.open(path: path, mode: .readOnly)
      }
    }
    let table = try first.makeTable()
    try first.write([1], at: "k", to: table)
    try first.close()
    try first.close()
    #expect(throws: LMDBError.closed(path: scratch.path)) { _ = try first.snapshot() }
    #expect(throws: LMDBError.closed(path: scratch.path)) { try first.info() }
    let second = try scratch.open()
    #expect(try second.read("k", of: second.table(named: "things")) == [1])
  }

  @Test("the last reference closes, and a transaction is a reference")
  func lastReference() throws {
    func openAndRead() throws -> Snapshot { try scratch.open().snapshot() }
    do {
      let snapshot = try openAndRead()
      #expect(throws: LMDBError.alreadyOpen(path: scratch.path)) { try scratch.open() }
      #expect(throws: LMDBError.transactionsRunning(path: scratch.path, count: 1)) {
        try snapshot.environment.close()
      }
    }
    _ = try scratch.open()
  }

  @Test("network and user-space file systems are refused by name, local ones are not")
  func networkFileSystems() throws {
    let refused = [
      (0x6969, "NFS"), (0xFF53_4D42, "CIFS"), (0x517B, "SMB"), (0xFE53_4D42, "SMB2"),
      (0x6573_5546, "FUSE"), (0x00C3_6400, "Ceph"),
    ]
    for (type, name) in refused {
      for type in [type, Int(Int32(truncatingIfNeeded: type))] {
        #expect(throws: LMDBError.networkFileSystem(path: "s.pawl", name: name)) {
          try FileSystem.refuseNetwork(path: "s.pawl", type: type)
        }
      }
    }
    // ext4, XFS, Btrfs, tmpfs, overlayfs, ZFS.
    for type in [0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0x794C_7630, 0x2FC1_2FC1] {
      try FileSystem.refuseNetwork(path: "s.pawl", type: type)
    }
    try FileSystem.refuseNetwork(path: "/tmp", type: FileSystem.type(path: "/tmp"))
  }

  @Test("garbage, a foreign format and a truncated file are refused, not opened")
  func notADatabase() throws {
    do {
      let environment = try scratch.open()
      _ = try environment.makeTable()
    }
    let whole = try DataFile(scratch.path).bytes
    var foreign = whole
    // The version follows the magic number in both meta pages.
    for page in [0, 4096] { foreign[page + 20] = 99 }
    try DataFile(scratch.path).write(foreign)
    #expect(throws: LMDBError.versionMismatch(path: scratch.path)) { try scratch.open() }
    for damaged in [[UInt8](repeating: 0xAA, count: whole.count), Array(whole.prefix(100))] {
      try DataFile(scratch.path).write(damaged)
      #expect(throws: LMDBError.notADatabase(path: scratch.path)) { try scratch.open() }
    }
    try DataFile(scratch.path).write(whole)
    _ = try scratch.open()
  }

  @Test("nobody writes through a read-only environment")
  func readOnly() throws {
    do { _ = try scratch.open().makeTable() }
    let environment = try scratch.open(.readOnly)
    #expect(throws: LMDBError.readOnly(path: scratch.path)) { _ = try environment.beginWrite() }
    _ = try environment.snapshot()
  }

  @Test("the figures are those of the database")
  func info() throws {
    let environment = try scratch.open(mapSize: 1 << 30)
    let table = try environment.makeTable()
    let before = try environment.info()
    #expect(before.mapSizeInBytes == 1 << 30 && before.pageSizeInBytes == 4096)
    #expect(before.readerPlaces == 1024)
    try environment.write([UInt8](repeating: 0, count: 1 << 20), at: "k", to: table)
    let after = try environment.info()
    #expect(after.lastTransaction == before.lastTransaction + 1)
    #expect(after.usedBytes >= before.usedBytes + 1 << 20)
    #expect(try environment.usedBytes() == after.usedBytes)
  }

  @Test("under an address limit a quarter of it is tried first, then halves")
  func mapSizes() {
    let gigabyte = 1 << 30
    let free = Environment.mapSizesToTry(requested: 1024 * gigabyte, addressLimit: nil)
    #expect(free.first == 1024 * gigabyte && free.last == 16 << 20)
    #expect(free.contains(16 * gigabyte))
    let limited = Environment.mapSizesToTry(requested: 1024 * gigabyte, addressLimit: 8 * gigabyte)
    #expect(limited.first == 2 * gigabyte)
    #expect(Environment.mapSizesToTry(requested: 100_000, addressLimit: nil) == [102_400])
  }
}
