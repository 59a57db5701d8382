import Glibc
import Synchronization

@testable import LMDB

/// A folder for one test, removed with everything in it when the test lets it go.
final class Scratch: Sendable {
  let path: String

  init() {
    let random = UInt64.random(in: 0 ... .max)
    path = "/tmp/pawl-lmdb-\(getpid())-\(String(random, radix: 36))"
  }

  deinit {
    for folder in [path, path + ".copy", path + ".other"] {
      for file in ["data.mdb", "lock.mdb", "writer.lock"] { unsafe unlink("\(folder)/\(file)") }
      unsafe rmdir(folder)
    }
  }

  func open(
    _ mode: Environment.Mode = .create, mapSize: Int = 256 << 20, maxTables: Int = 8
  ) throws(LMDBError) -> Environment {
    try Environment.open(path: path, mode: mode, mapSize: mapSize, maxTables: maxTables)
  }
}

extension Table {
  /// Stores an array's bytes.
  func put(
    _ value: [UInt8], at key: Key, in transaction: inout WriteTransaction
  ) throws(LMDBError) {
    try put(value.span, at: key, in: &transaction)
  }

  /// A copy of the value.
  func copy<T: Transaction & ~Copyable>(
    of key: Key, in transaction: borrowing T
  ) throws(LMDBError) -> [UInt8]? {
    guard let value = try value(of: key, in: transaction) else { return nil }
    return Array(value)
  }
}

extension Environment {
  /// One table, made where it is absent.
  func makeTable(_ name: String = "things") throws(LMDBError) -> Table {
    try makeTables(named: [name])[0]
  }

  /// Writes one value in a transaction of its own.
  func write(
    _ value: [UInt8], at key: Key, to table: Table, waitingAtMost limit: Duration = .seconds(30)
  ) throws(LMDBError) {
    var transaction = try beginWrite(waitingAtMost: limit)
    try table.put(value, at: key, in: &transaction)
    try transaction.commit()
  }

  /// A copy of the value that the last commit left.
  func read(_ key: Key, of table: Table) throws(LMDBError) -> [UInt8]? {
    try table.copy(of: key, in: try snapshot())
  }
}

extension Array where Element == UInt8 {
  init(_ bytes: Span<UInt8>) {
    self = bytes.indices.map { bytes[$0] }
  }

  /// Bytes that differ from those of every other seed.
  static func pattern(_ count: Int, seed: UInt64) -> [UInt8] {
    var state = seed
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
  }
}

/// What threads of a test tell each other.
final class Progress: Sendable {
  private let steps = Atomic(0)
  private let over = Atomic(false)

  var count: Int { steps.load(ordering: .relaxed) }
  var isOver: Bool { over.load(ordering: .relaxed) }
  func step() { steps.add(1, ordering: .relaxed) }
  func finish() { over.store(true, ordering: .relaxed) }
}
