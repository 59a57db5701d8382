internal import CLMDB

/// A cursor that changes what it stands at. While it lives it has the transaction for itself.
///
/// Removing does not disturb a walk: `next()` then leads to the key that followed.
package struct WriteCursor: ~Copyable, ~Escapable {
  private var cursor: Cursor

  @_lifetime(&transaction)
  init(_ table: Table, _ transaction: inout WriteTransaction) throws(LMDBError) {
    let cursor = try Cursor(table, transaction.context)
    self.cursor = unsafe _overrideLifetime(cursor, mutating: &transaction)
  }

  /// To the least key; false in an empty table.
  @_lifetime(self: copy self)
  package mutating func first() throws(LMDBError) -> Bool { try cursor.first() }

  /// To the following key (the first, at the start); false at the end.
  @_lifetime(self: copy self)
  package mutating func next() throws(LMDBError) -> Bool { try cursor.next() }

  /// To the least key that is equal or greater; false if there is none.
  @_lifetime(self: copy self)
  package mutating func seek(atOrAfter key: Key) throws(LMDBError) -> Bool {
    try cursor.seek(atOrAfter: key)
  }

  /// The key it stands at, until it moves or writes.
  package var key: Span<UInt8> {
    @_lifetime(borrow self)
    get { cursor.key }
  }

  /// The checked value it stands at, until it moves or writes.
  package var value: Span<UInt8> {
    @_lifetime(borrow self)
    get throws(LMDBError) { try cursor.value }
  }

  /// Removes the key it stands at, and then stands at none until it moves.
  @_lifetime(self: copy self)
  package mutating func removeCurrent() throws(LMDBError) {
    try cursor.removeCurrent()
  }

  /// Replaces the value it stands at; cheapest with one of equal length.
  @_lifetime(self: copy self)
  package mutating func replaceCurrent(with value: Span<UInt8>) throws(LMDBError) {
    try cursor.replaceCurrent(with: value)
  }
}

extension Cursor {
  @_lifetime(self: copy self)
  fileprivate mutating func removeCurrent() throws(LMDBError) {
    precondition(isAtKey, "the cursor stands at no key of \(table.name)")
    let code = unsafe mdb_cursor_del(handle, 0)
    guard code == 0 else { throw table.error(code, context, "remove from") }
    unsafe keyBytes = UnsafeRawBufferPointer(start: nil, count: 0)
  }

  @_lifetime(self: copy self)
  fileprivate mutating func replaceCurrent(with value: Span<UInt8>) throws(LMDBError) {
    guard value.count <= Seal.maximumPayloadLength else {
      throw .valueLength(table: table.name, bytes: value.count)
    }
    // The key's bytes lie in a page that the write may move.
    let key = Key(key)
    let code = unsafe key.withRawBytes { key in
      var place = unsafe MDB_val(key)
      var stored = unsafe MDB_val()
      unsafe stored.mv_size = value.count + Seal.length
      let code = unsafe mdb_cursor_put(
        handle, &place, &stored, UInt32(MDB_CURRENT | MDB_RESERVE))
      if code == 0 { unsafe table.seal.fill(stored, key: key) { $0.copy(value) } }
      return code
    }
    guard code == 0 else { throw table.error(code, context, "write") }
    _ = try seek(key)
  }
}

extension Table {
  /// A cursor before the first key, for writing.
  @_lifetime(&transaction)
  package func writeCursor(
    in transaction: inout WriteTransaction
  ) throws(LMDBError) -> WriteCursor {
    try WriteCursor(self, &transaction)
  }
}
