import IVF
import LMDB
import LinearAlgebra
import Testing

@testable import Pawl

/// Blocks that lie where they cannot be read.
@Suite struct BlockTests {
  let fixture: VectorFixture
  init() throws { fixture = try VectorFixture() }

  private func codes(_ rows: [UInt32], lists: [UInt16] = [], width: Int = 24) -> [UInt8] {
    var builder = CodeBlockBuilder(codec: .int8, width: width)
    let vector = [Float](repeating: 0.5, count: width)
    for row in rows { builder.append(row: row, embedding: vector.span, kernels: .best) }
    for list in lists { builder.append(list: list) }
    return builder.build()
  }

  /// What reading fresh block 0 of an index, or list 0, says once it is these bytes.
  private func problem(_ store: Store, with bytes: [UInt8], inList: Bool) throws -> String {
    let id = try store.activeIndex().id
    var write = try store.environment.beginWrite()
    let key = InvertedLists.key(id, list: 0, block: 0)
    var freshKey = Key(id)
    freshKey.append(UInt32(0))
    try (inList ? store.tables.lists : store.tables.fresh).put(
      bytes.span, at: inList ? key : freshKey, in: &write)
    let codes = try IndexCodes(store, id, in: write)
    do {
      if inList {
        _ = try codes.lists?.reopen(0, in: write)
      } else {
        _ = try codes.fresh.reopen(0, in: write)
      }
    } catch StoreError.damaged(_, let object, let problem) { return "\(object): \(problem)" }
    return ""
  }

  @Test("a block of another kind, or with rows of another, is damage that says what it is")
  func damages() throws {
    let plain = try fixture.store("plain.pawl")
    let clustered = try fixture.clustered(100, lists: 4)
    let narrow = codes([1], width: 8)
    let wrongWidth = "a block holds int8 codes of 8 dimensions, not int8 of 24"
    for (store, inList, bytes, expected) in [
      (plain, false, codes([1_023]), ""),
      (plain, false, narrow, "block 0 of index 1: \(wrongWidth)"),
      (plain, false, codes([1_024]), "block 0 of index 1: its rows are not in order"),
      (
        plain, false, codes([1], lists: [0]),
        "block 0 of index 1: it tells the lists of its codes"
      ),
      (clustered, false, codes([1], lists: [0]), ""),
      (
        clustered, false, codes([1]),
        "block 0 of index 2: it does not tell the lists of its codes"
      ),
      (clustered, true, codes([1]), ""),
      (clustered, true, narrow, "list 0 of index 2: \(wrongWidth)"),
      (
        clustered, true, codes([1], lists: [0]),
        "list 0 of index 2: a block of it is none of a list"
      ),
      (clustered, true, codes([.max]), "list 0 of index 2: its rows are not in order"),
    ] {
      #expect(try problem(store, with: bytes, inList: inList) == expected)
    }
  }
}
