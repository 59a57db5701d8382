/// What can be wrong with a store, or with what is asked of it.
public enum StoreError: Error, Equatable, CustomStringConvertible {
  case exists(path: String)
  case notAStore(path: String)
  case newerFormat(path: String, found: Int, known: Int)
  case noModel(tried: [String])
  case noVersion(path: String, name: String, known: [String])
  case noPassage(path: String, id: String)
  case damaged(path: String, object: String, problem: String)
  /// `code` is the system's error number.
  case fileSystem(path: String, operation: String, code: Int32, reason: String)
  /// Something is there, but no store.
  case foreign(path: String)
  case tooManyRows(path: String)

  public var description: String {
    switch self {
    case .exists(let path):
      "\(path): there is something already. Take another name, or remove it first."
    case .notAStore(let path):
      "\(path): no Pawl store. Make one with: pawl init \(path)"
    case .newerFormat(let path, let found, let known):
      "\(path): written by a newer Pawl (format \(found), this one knows \(known)). Update Pawl."
    case .noModel(let tried):
      "no model (looked for \(tried.joined(separator: ", "))). Run tools/setup, or "
        + "name a sentence-transformers directory with --model DIR."
    case .noVersion(let path, let name, let known):
      "\(path): no version \(name). There is: \(known.joined(separator: ", "))."
    case .noPassage(let path, let id):
      "\(path): no passage with the id \"\(id)\"."
    case .damaged(let path, let object, let problem):
      "\(path): \(object) is damaged: \(problem). Run pawl check \(path), and restore a backup."
    case .foreign(let path):
      "\(path): this is no Pawl store: there is no data.mdb of one in it."
    case .fileSystem(let path, let operation, _, let reason):
      "\(path): cannot \(operation): \(reason)."
    case .tooManyRows(let path):
      "\(path): all 4,294,967,295 row numbers are used. pawl compact renumbers them."
    }
  }
}
