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
  /// A store is to be restored over another one.
  case wouldReplace(path: String)
  /// Neither may lie within the other.
  case nested(path: String, other: String)
  /// A whole check found problems; `problems` are the first of them.
  case checkFailed(path: String, problems: [String], count: Int)
  /// A copy is not what was copied.
  case copyDiffers(path: String, what: String, copied: Int, expected: Int)
  case noRoom(path: String, neededBytes: Int, freeBytes: Int)
  /// A restore died between two renames; both stores are there under these names.
  case halfRestored(path: String, restored: String, replaced: String)
  case stopped(path: String)
  /// Vectors of queries that the store's codes cannot be compared with.
  case queryWidth(file: String, width: Int, expected: Int)
  case noQueries(file: String)
  /// A list of ids that is not as long as the matrix it belongs to.
  case queryIDs(file: String, rowCount: Int, idCount: Int)
  /// `row` counts from 0.
  case queryTooLong(file: String, row: Int)
  /// A result that would be written over what it is made from.
  case outputOverInput(path: String, input: String)
  case noSet(path: String, name: String, known: [String])
  case setExists(path: String, name: String)
  case setName(String)
  /// Queries and judgments that have nothing in common.
  case nothingToEvaluate(what: String)
  /// A store that has none of the judged passages or, with a grade, none that is relevant.
  case nothingStored(path: String, relevantFrom: Int?)

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
      "\(path): this is no Pawl store: there is no data.mdb of one in it. A store is a folder that "
        + "pawl init or pawl restore makes. Check the path."
    case .fileSystem(let path, let operation, _, let reason):
      "\(path): cannot \(operation): \(reason)."
    case .wouldReplace(let path):
      "\(path): there is a store already. Name another folder, or pass --replace: the store that is "
        + "there is then kept under another name."
    case .nested(let path, let other):
      "\(path): lies within \(other), or is it. Name a folder outside."
    case .checkFailed(let path, let problems, let count):
      "\(path): the check found \(count) \(count == 1 ? "problem" : "problems"): "
        + problems.prefix(3).map(Self.withoutPoint).joined(separator: "; ")
        + (count > 3 ? "; … Run pawl check \(path) for the rest." : ".")
    case .copyDiffers(let path, let what, let copied, let expected):
      "\(path): the copy has \(copied) \(what), the store had \(expected). The copy was removed; check "
        + "the store and the disk."
    case .noRoom(let path, let needed, let free):
      "\(path): this needs \(Self.mebibytes(needed)) MiB of disk, and "
        + "\(Self.mebibytes(free, roundedUp: false)) MiB are free. Free some space and run the command "
        + "again."
    case .halfRestored(let path, let restored, let replaced):
      "\(path): no store, because a restore died between two renames. Nothing is lost: \(restored) is "
        + "the restored store, \(replaced) the one it was to replace. Rename the one you want to "
        + "\(path)."
    case .stopped(let path):
      "\(path): stopped on request; nothing was changed. The same command begins anew."
    case .tooManyRows(let path):
      "\(path): all 4,294,967,295 row numbers are used. pawl compact renumbers them."
    case .queryWidth(let file, let width, let expected):
      "\(file): the vectors have \(width) dimensions, the version's codes have \(expected). "
        + "Take vectors of the version's own model."
    case .noQueries(let file):
      "\(file): there is no query in it. Give a file with qid<TAB>query a line."
    case .queryIDs(let file, let rowCount, let idCount):
      "\(file): \(rowCount) vectors, but \(idCount) ids. Give one id for each vector."
    case .queryTooLong(let file, let row):
      "\(file): the numbers of vector \(row) are so large that its length is infinite. "
        + "Take vectors of the version's own model."
    case .outputOverInput(let path, let input):
      "\(path): this would be written over \(input). Give the result another name."
    case .noSet(let path, let name, let known):
      known.isEmpty
        ? "\(path): no evaluation set \(name); there is none. "
          + "Add one with: pawl sets \(path) add \(name) --queries FILE --qrels FILE"
        : "\(path): no evaluation set \(name). There is: \(known.joined(separator: ", "))."
    case .setExists(let path, let name):
      "\(path): there is an evaluation set \(name) already. Take another name, or first run: "
        + "pawl sets \(path) remove \(name)"
    case .setName(let name):
      "\"\(name)\" is no name for an evaluation set: take 1 to 64 letters, digits, -, _ and ."
    case .nothingToEvaluate(let what):
      "\(what): none of the queries has a judgment. Are these the qrels of these queries?"
    case .nothingStored(let path, nil):
      "\(path): none of the judged passages is in the store. Ingest the collection that the qrels "
        + "are about."
    case .nothingStored(let path, .some(let grade)):
      "\(path): no query has a relevant passage in the store (grade \(grade) or higher). Ingest more "
        + "of the collection, or take another grade."
    }
  }

  private static func mebibytes(_ bytes: Int, roundedUp: Bool = true) -> Int {
    (bytes >> 20) + (roundedUp && bytes & (1 << 20 - 1) != 0 ? 1 : 0)
  }

  /// A sentence that is to stand in a list.
  private static func withoutPoint(_ sentence: String) -> String {
    sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
  }
}
