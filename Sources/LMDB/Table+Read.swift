internal import CLMDB

extension Table {
  /// The value at a key, checked, or nil. The bytes are those of the map, not a copy: they can be read
  /// until the transaction ends or is written to, which the compiler sees to.
  ///
  /// Values too long for a page start 16 bytes after a multiple of 64, others anywhere.
  ///
  /// - Throws: `.damaged`, or what the disk says.
  /// - Complexity: O(log n), and reading the value through the first time.
  @_lifetime(borrow transaction)
  package func value<T: Transaction & ~Copyable>(
    of key: Key, in transaction: borrowing T
  ) throws(LMDBError) -> Span<UInt8>? {
    let context = transaction.context
    requireSameEnvironment(context)
    let payload: Result<UnsafeRawBufferPointer?, LMDBError> = unsafe key.withRawBytes { key in
      do throws(LMDBError) {
        guard let stored = try unsafe find(key, context) else { return unsafe .success(nil) }
        return unsafe .success(
          try seal.open(
            stored, key: key, checked: context.environment.checkedValues, context))
      } catch {
        return unsafe .failure(error)
      }
    }
    guard let payload = unsafe try payload.get() else { return nil }
    // The bytes stay as long as the transaction is neither ended nor written to, and both need it
    // for themselves, which this borrow excludes.
    let view = unsafe Span<UInt8>(_unsafeBytes: payload)
    return unsafe _overrideLifetime(view, borrowing: transaction)
  }

  /// Whether there is a value at the key. It is not looked at.
  package func contains<T: Transaction & ~Copyable>(
    _ key: Key, in transaction: borrowing T
  ) throws(LMDBError) -> Bool {
    let context = transaction.context
    requireSameEnvironment(context)
    let found: Result<Bool, LMDBError> = unsafe key.withRawBytes { key in
      do throws(LMDBError) {
        return .success(try unsafe find(key, context) != nil)
      } catch {
        return .failure(error)
      }
    }
    return try found.get()
  }

  /// The stored bytes, checksum included and unchecked.
  private func find(
    _ key: UnsafeRawBufferPointer, _ context: borrowing TransactionContext
  ) throws(LMDBError) -> UnsafeRawBufferPointer? {
    // No longer or empty key can have been put.
    guard (1...Key.maximumLength).contains(key.count) else { return nil }
    var wanted = unsafe MDB_val(key)
    var stored = unsafe MDB_val()
    switch unsafe mdb_get(context.handle, handle, &wanted, &stored) {
    case 0: return unsafe UnsafeRawBufferPointer(stored)
    case MDB_NOTFOUND: return nil
    case let code: throw error(code, context, "read")
    }
  }
}

extension Key {
  /// Lends the bytes to a C call.
  func withRawBytes<Value>(_ body: (UnsafeRawBufferPointer) -> Value) -> Value {
    unsafe bytes.withUnsafeBufferPointer { unsafe body(UnsafeRawBufferPointer($0)) }
  }
}

extension MDB_val {
  /// LMDB's view of bytes that it only reads, although it asks for a mutable address.
  init(_ bytes: UnsafeRawBufferPointer) {
    unsafe self.init(
      mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
  }
}

extension UnsafeRawBufferPointer {
  init(_ value: MDB_val) {
    unsafe self.init(start: value.mv_data, count: value.mv_size)
  }
}
