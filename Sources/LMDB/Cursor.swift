internal import CLMDB

/// A place in a table, moving in key order. It cannot outlive its transaction.
///
///     var cursor = try table.cursor(in: snapshot)
///     while try cursor.next() { use(cursor.key, try cursor.value) }
// Safe, because the addresses in it are LMDB's, and the lifetimes below keep them valid.
@safe package struct Cursor: ~Copyable, ~Escapable {
  let handle: OpaquePointer
  let table: Table
  let context: TransactionContext
  var keyBytes = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var stored = unsafe UnsafeRawBufferPointer(start: nil, count: 0)

  /// Of no particular lifetime: the caller binds it to the transaction's.
  @_lifetime(immortal)
  init(_ table: Table, _ context: TransactionContext) throws(LMDBError) {
    table.requireSameEnvironment(context)
    var handle: OpaquePointer?
    let code = unsafe mdb_cursor_open(context.handle, table.handle, &handle)
    guard code == 0, let handle = unsafe handle else {
      throw table.error(code, context, "open a cursor of")
    }
    unsafe self.handle = handle
    self.table = table
    self.context = context
  }

  deinit {
    // In a forked child it is leaked with its transaction.
    if context.environment.isOwner { unsafe mdb_cursor_close(handle) }
  }

  /// To the least key; false in an empty table.
  @_lifetime(self: copy self)
  package mutating func first() throws(LMDBError) -> Bool { try move(MDB_FIRST) }

  /// To the greatest key; false in an empty table.
  @_lifetime(self: copy self)
  package mutating func last() throws(LMDBError) -> Bool { try move(MDB_LAST) }

  /// To the following key (the first, at the start); false at the end.
  @_lifetime(self: copy self)
  package mutating func next() throws(LMDBError) -> Bool { try move(MDB_NEXT) }

  /// To the preceding key (the last, at the start); false at the beginning.
  @_lifetime(self: copy self)
  package mutating func previous() throws(LMDBError) -> Bool { try move(MDB_PREV) }

  /// To the least key that is equal or greater; false if there is none.
  @_lifetime(self: copy self)
  package mutating func seek(atOrAfter key: Key) throws(LMDBError) -> Bool {
    // LMDB refuses an empty key, before which there is nothing.
    guard key.count > 0 else { return try first() }
    return try move(MDB_SET_RANGE, to: key)
  }

  /// To exactly this key; false if there is none.
  @_lifetime(self: copy self)
  package mutating func seek(_ key: Key) throws(LMDBError) -> Bool {
    guard key.count > 0 else { return false }
    return try move(MDB_SET_KEY, to: key)
  }

  /// Whether it stands at a key.
  package var isAtKey: Bool { unsafe keyBytes.baseAddress != nil }

  /// The page that the key lies on, as a number that other pages of the map do not have.
  var page: Int {
    Int(bitPattern: unsafe keyBytes.baseAddress) / context.environment.pageSizeInBytes
  }

  /// The key it stands at, until it moves.
  package var key: Span<UInt8> {
    @_lifetime(borrow self)
    get {
      precondition(isAtKey, "the cursor stands at no key of \(table.name)")
      // The bytes are the transaction's, which this cursor cannot outlive.
      let view = unsafe Span<UInt8>(_unsafeBytes: keyBytes)
      return unsafe _overrideLifetime(view, borrowing: self)
    }
  }

  /// The checked value it stands at, until it moves.
  ///
  /// - Throws: `.damaged`; the cursor can go on.
  package var value: Span<UInt8> {
    @_lifetime(borrow self)
    get throws(LMDBError) {
      let checked = context.environment.checkedValues
      return unsafe _overrideLifetime(try value(remembering: checked), borrowing: self)
    }
  }

  /// The value, read through even where this process has found it right before.
  ///
  /// - Throws: `.damaged`; the cursor can go on.
  package var recheckedValue: Span<UInt8> {
    @_lifetime(borrow self)
    get throws(LMDBError) {
      unsafe _overrideLifetime(try value(remembering: nil), borrowing: self)
    }
  }

  @_lifetime(borrow self)
  private func value(remembering checked: CheckedValues?) throws(LMDBError) -> Span<UInt8> {
    precondition(isAtKey, "the cursor stands at no key of \(table.name)")
    let payload = unsafe try table.seal.open(stored, key: keyBytes, checked: checked, context)
    let view = unsafe Span<UInt8>(_unsafeBytes: payload)
    return unsafe _overrideLifetime(view, borrowing: self)
  }

  @_lifetime(self: copy self)
  private mutating func move(_ operation: MDB_cursor_op, to key: Key) throws(LMDBError) -> Bool {
    guard key.count <= Key.maximumLength else {
      throw .keyLength(table: table.name, bytes: key.count)
    }
    var place = unsafe MDB_val()
    var value = unsafe MDB_val()
    let code = unsafe key.withRawBytes { bytes in
      unsafe place = MDB_val(bytes)
      return unsafe mdb_cursor_get(handle, &place, &value, operation)
    }
    return try unsafe stand(at: place, value, code)
  }

  @_lifetime(self: copy self)
  private mutating func move(_ operation: MDB_cursor_op) throws(LMDBError) -> Bool {
    var place = unsafe MDB_val()
    var value = unsafe MDB_val()
    let code = unsafe mdb_cursor_get(handle, &place, &value, operation)
    return try unsafe stand(at: place, value, code)
  }

  /// Takes the result of a move.
  @_lifetime(self: copy self)
  private mutating func stand(
    at place: MDB_val, _ value: MDB_val, _ code: Int32
  ) throws(LMDBError) -> Bool {
    unsafe keyBytes = UnsafeRawBufferPointer(start: nil, count: 0)
    guard code != MDB_NOTFOUND else { return false }
    guard code == 0 else { throw table.error(code, context, "walk") }
    // A length read from disk: longer keys cannot have been put.
    guard unsafe (1...Key.maximumLength).contains(place.mv_size) else {
      throw unsafe .corrupted(path: context.environment.path, operation: "walk \(table.name)")
    }
    unsafe keyBytes = UnsafeRawBufferPointer(place)
    unsafe stored = UnsafeRawBufferPointer(value)
    return true
  }
}

extension Table {
  /// A cursor before the first key.
  @_lifetime(borrow transaction)
  package func cursor<T: Transaction & ~Copyable>(
    in transaction: borrowing T
  ) throws(LMDBError) -> Cursor {
    let cursor = try Cursor(self, transaction.context)
    return unsafe _overrideLifetime(cursor, borrowing: transaction)
  }
}
