internal import CLMDB

extension Table {
  /// Stores a value at a key, in place of the one that was there.
  ///
  /// - Throws: `.keyLength`, `.valueLength`, `.mapFull`, `.transactionTooLarge`, or what the disk says.
  package func put(
    _ value: Span<UInt8>, at key: Key, in transaction: inout WriteTransaction
  ) throws(LMDBError) {
    try store(at: key, count: value.count, flags: 0, in: transaction) { $0.copy(value) }
  }

  /// Stores a value of `count` bytes that `fill` writes straight into the database's page. The bytes
  /// are zero beforehand.
  package func put(
    at key: Key, count: Int, in transaction: inout WriteTransaction,
    filledBy fill: (inout MutableSpan<UInt8>) -> Void
  ) throws(LMDBError) {
    try store(at: key, count: count, flags: 0, in: transaction, filledBy: fill)
  }

  /// Stores a value at a key greater than all others; this leaves pages full and is fast.
  ///
  /// - Throws: as `put`, and `.keyOutOfOrder`, after which the transaction can go on.
  package func append(
    _ value: Span<UInt8>, at key: Key, in transaction: inout WriteTransaction
  ) throws(LMDBError) {
    try store(at: key, count: value.count, flags: MDB_APPEND, in: transaction) { $0.copy(value) }
  }

  /// As the other `append`, with bytes that `fill` writes; they are zero beforehand.
  package func append(
    at key: Key, count: Int, in transaction: inout WriteTransaction,
    filledBy fill: (inout MutableSpan<UInt8>) -> Void
  ) throws(LMDBError) {
    try store(at: key, count: count, flags: MDB_APPEND, in: transaction, filledBy: fill)
  }

  /// Removes a key and its value; false if there was none.
  @discardableResult
  package func remove(
    _ key: Key, in transaction: inout WriteTransaction
  ) throws(LMDBError) -> Bool {
    let context = transaction.context
    requireSameEnvironment(context)
    guard (1...Key.maximumLength).contains(key.count) else { return false }
    let code = unsafe key.withRawBytes { key in
      var wanted = unsafe MDB_val(key)
      return unsafe mdb_del(context.handle, handle, &wanted, nil)
    }
    guard code == 0 || code == MDB_NOTFOUND else {
      throw error(code, context, "remove from")
    }
    return code == 0
  }

  /// Removes the keys that begin with `prefix`, in order, `limit` of them at most; how many.
  ///
  /// - Complexity: O(log n) a key.
  @discardableResult
  package func removeAll(
    withPrefix prefix: Key, atMost limit: Int = .max, in transaction: inout WriteTransaction
  ) throws(LMDBError) -> Int {
    var cursor = try writeCursor(in: &transaction)
    var removed = 0
    var isThere = try cursor.seek(atOrAfter: prefix)
    while isThere, removed < limit, cursor.key.starts(with: prefix) {
      try cursor.removeCurrent()
      removed += 1
      isThere = try cursor.next()
    }
    return removed
  }

  /// Removes everything. The table itself stays: other threads may be using its handle.
  ///
  /// - Complexity: O(pages).
  package func removeAll(in transaction: inout WriteTransaction) throws(LMDBError) {
    let context = transaction.context
    requireSameEnvironment(context)
    let code = unsafe mdb_drop(context.handle, handle, 0)
    guard code == 0 else { throw error(code, context, "clear") }
  }

  /// Reserves the place, lets `fill` write the payload, and seals it.
  private func store(
    at key: Key, count: Int, flags: Int32, in transaction: borrowing WriteTransaction,
    filledBy fill: (inout MutableSpan<UInt8>) -> Void
  ) throws(LMDBError) {
    let context = transaction.context
    requireSameEnvironment(context)
    guard (1...Key.maximumLength).contains(key.count) else {
      throw .keyLength(table: name, bytes: key.count)
    }
    guard (0...Seal.maximumPayloadLength).contains(count) else {
      throw .valueLength(table: name, bytes: count)
    }
    let code = unsafe key.withRawBytes { key in
      var place = unsafe MDB_val(key)
      var stored = unsafe MDB_val()
      unsafe stored.mv_size = count + Seal.length
      let code = unsafe mdb_put(
        context.handle, handle, &place, &stored, UInt32(flags | MDB_RESERVE))
      if code == 0 { unsafe seal.fill(stored, key: key, by: fill) }
      return code
    }
    if code == MDB_KEYEXIST {
      throw .keyOutOfOrder(table: name, key: unsafe key.withRawBytes { unsafe Seal.describe($0) })
    }
    guard code == 0 else { throw error(code, context, "write") }
  }
}

extension Seal {
  /// Fills a place that LMDB has reserved.
  func fill(
    _ reserved: MDB_val, key: UnsafeRawBufferPointer,
    by fill: (inout MutableSpan<UInt8>) -> Void
  ) {
    let stored = unsafe UnsafeMutableRawBufferPointer(
      start: reserved.mv_data, count: reserved.mv_size)
    // LMDB leaves what was in the memory before; it must not reach the disk.
    unsafe stored.initializeMemory(as: UInt8.self, repeating: 0)
    var payload = unsafe MutableSpan<UInt8>(
      _unsafeBytes: UnsafeMutableRawBufferPointer(rebasing: stored.dropLast(Self.length)))
    fill(&payload)
    unsafe close(stored, key: key)
  }
}

extension MutableSpan where Element == UInt8 {
  /// Copies as many bytes as the span has.
  @_lifetime(self: copy self)
  mutating func copy(_ bytes: Span<UInt8>) {
    unsafe withUnsafeMutableBufferPointer { target in
      unsafe bytes.withUnsafeBufferPointer { source in
        unsafe UnsafeMutableRawBufferPointer(target).copyMemory(
          from: UnsafeRawBufferPointer(source))
      }
    }
  }
}
