internal import LMDB
internal import Pawl

/// Damage that was met while a store was copied: no copy came of it.
struct StoreDamage: CustomStringConvertible {
  let description: String

  /// - Parameter store: the store's path as it was given; what was found may lie in a copy that is gone.
  /// - Returns: nil where the error is no damage.
  init?(_ error: any Error, store: String) {
    guard let fact = Self.fact(error) else { return nil }
    description =
      "\(store): \(fact) No copy was made. What is damaged is listed by: pawl check \(store.quotedForShell)"
  }

  private static func fact(_ error: any Error) -> String? {
    switch error {
    case LMDBError.damaged(let table, let key):
      return "the value at \(table)[\(key)] is damaged: it does not match its checksum."
    // There is a data.mdb, or it were no store; to LMDB an empty one is missing.
    case LMDBError.missing: return "data.mdb is empty."
    case let error as LMDBError where error.category == .damage: return error.explanation
    case StoreError.damaged(_, let object, let problem):
      return "\(object) is damaged: \(problem)."
    case StoreError.checkFailed(_, let problems, let count):
      return "the check of the copy found \(Figures.count(count, "problem")): "
        + problems.prefix(3).map { $0.hasSuffix(".") ? String($0.dropLast()) : $0 }
        .joined(separator: "; ") + (count > 3 ? "; …" : ".")
    default: return nil
    }
  }
}
