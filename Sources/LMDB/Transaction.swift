/// A snapshot or a write transaction: what tables and cursors read from.
package protocol Transaction: ~Copyable {
  var context: TransactionContext { get }
}

/// What a transaction is made of, for this module only.
@safe package struct TransactionContext {
  let handle: OpaquePointer
  let environment: Environment
  /// Whether values may lie in pages that are not written yet, outside the map.
  let mayBeDirty: Bool
}
