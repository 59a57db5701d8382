/// A snapshot or a write transaction: what tables and cursors read from.
package protocol Transaction: ~Copyable {
  var context: TransactionContext { get }
}

/// What a transaction is made of, for this module only.
// Safe, because only this module can read the handle, and only while the transaction lends it.
@safe package struct TransactionContext {
  let handle: OpaquePointer
  let environment: Environment
  /// Whether values may lie in pages that are not written yet, outside the map.
  let mayBeDirty: Bool
}
