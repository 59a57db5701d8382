public import IVF

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
  /// Stopped on request, with what was embedded until then.
  case stoppedEmbedding(path: String)
  /// Vectors that the version's codes cannot be compared with.
  case vectorWidth(file: String, width: Int, expected: Int)
  case noQueries(file: String)
  /// A list of ids that is not as long as the matrix it belongs to.
  case vectorIDs(file: String, rowCount: Int, ids: String, idCount: Int)
  /// Something with texts is asked of a store of vectors that are made elsewhere.
  case noEncoder(path: String)
  /// Vectors made elsewhere are to be added to a store that makes its own.
  case hasEncoder(path: String, version: String, width: Int)
  case dimension(Int, maximum: Int)
  /// A result that would be written over what it is made from.
  case outputOverInput(path: String, input: String)
  case noSet(path: String, name: String, known: [String])
  case setExists(path: String, name: String)
  case setName(String)
  /// Queries and judgments that have nothing in common.
  case nothingToEvaluate(what: String)
  /// A store that has none of the judged passages or, with a grade, none that is relevant.
  case nothingStored(path: String, relevantFrom: Int?)
  /// A passage that is trained on went away.
  case changedWhileTraining(path: String)
  /// An id triple whose query is not in the queries' file.
  case unknownInTriples(path: String, line: Int, query: String)
  /// Nothing leads from the vectors of one version to those of another.
  case noBridge(path: String, source: String, target: String, reason: String)
  /// A version that asks other vectors than those of its encoder.
  case isBridge(path: String, version: String, source: String)
  /// A training would leave the version's adapter of queries behind.
  case isQueryAdapter(path: String, version: String)
  /// A version of that name is there already.
  case versionExists(path: String, name: String)
  /// A gate's queries are for judging alone.
  case isGate(path: String, name: String)
  /// Nothing can be trained with what is given.
  case nothingToTrainOn(path: String, problem: String)

  /// A version that is to serve, but is not embedded.
  case notReady(path: String, version: String, state: String)
  /// A version that is asked, but has no codes of the passages that there are.
  case notEmbedded(path: String, version: String)
  /// A folder that should be a backup.
  case noBackup(path: String)
  /// A file of groups that names no query of those it is for.
  case noGroups(file: String)
  /// The gate looked at something that is no longer so.
  case judgedOther(path: String, version: String, active: String)
  /// The gate did not let a version through.
  case refused(path: String, version: String)
  /// A version that was let through lacks passages that the active one has.
  case lagging(path: String, version: String, active: String)
  /// A version whose model and embeddings gc has removed.
  case collected(path: String, version: String)
  /// There is no version to go back to.
  case nothingBefore(path: String, version: String)
  /// Too few queries are left to compare versions with.
  case nothingToCompare(path: String, queryCount: Int, usedCount: Int)
  /// Another process does what only one may do at a time.
  case busy(path: String, kind: String, process: Int32)
  /// Another process removed what this one was making, because it does not see that it runs.
  case overtaken(path: String, index: UInt32)
  /// Codes that do not hold what another codec needs.
  case cannotRecode(path: String, from: Codec, to: Codec)
  case tooFewForLists(path: String, lists: Int, count: Int)
  case notClustered(path: String, version: String)
  case settingValue(setting: Setting, value: String)
  /// Vectors that k-means does not take, or more lists than there can be.
  case cannotCluster(path: String, problem: String)

  public var description: String {
    switch self {
    case .exists(let path):
      "\(path): there is something already. Take another name, or remove it first."
    case .notAStore(let path):
      "\(path): no Pawl store. Make one with: pawl init \(path.quotedForShell)"
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
      "\(path): \(object) is damaged: \(problem). Run pawl check \(path.quotedForShell), and restore a backup."
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
        + (count > 3 ? "; … Run pawl check \(path.quotedForShell) for the rest." : ".")
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
    case .stoppedEmbedding(let path):
      "\(path): stopped on request; what was embedded until then stays, and the same command goes on from "
        + "there."
    case .stopped(let path):
      "\(path): stopped on request; nothing was changed. The same command begins anew."
    case .tooManyRows(let path):
      "\(path): all 4,294,967,295 row numbers are used. pawl compact renumbers them."
    case .vectorWidth(let file, let width, let expected):
      "\(file): the vectors have \(width) dimensions, the version's codes have \(expected). "
        + "Take vectors of the version's own model."
    case .busy(let path, let kind, let process):
      "\(path): process \(process) is at a \(kind) of this store. Wait until it is done."
    case .overtaken(let path, let index):
      "\(path): index \(index), which this process was working on, was removed by one that does not see it, "
        + "of another container perhaps. The store is whole; run it again when that one is done."
    case .notClustered(let path, let version):
      "\(path): the index of \(version) has no lists, so every search is exact and there is nothing to calibrate. "
        + "Make them with: pawl reindex \(path.quotedForShell) --version \(version) (below "
        + "\(Store.fewestClustered) passages with --lists N)"
    case .settingValue(let setting, let value):
      "\(setting.rawValue) cannot be \"\(value)\": it is \(setting.purpose)."
    case .cannotCluster(let path, let problem):
      "\(path): \(problem). Searches stay as they are."
    case .cannotRecode(let path, let from, let to):
      "\(path): \(to.rawValue) codes cannot be made from \(from.rawValue) codes, which hold less. Make a "
        + "new store with: pawl init STORE --codec \(to.rawValue)"
    case .tooFewForLists(let path, let lists, let count):
      count == 0
        ? "\(path): there is nothing to make lists of yet."
        : "\(path): \(lists) lists cannot be made of \(count) passages; --lists takes \(count) at most here."
    case .changedWhileTraining(let path):
      "\(path): a passage was deleted or changed while it was trained on. Run the same command again; "
        + "what has been learned is kept in \(path)/runs."
    case .nothingToTrainOn(let path, let problem): "\(path): \(problem)"
    case .unknownInTriples(let path, let line, let query):
      "\(path):\(line): there is no query with the id \"\(query)\". Triples of ids need --queries and --qrels, "
        + "or --set, with all their queries."
    case .notReady(let path, let version, let state):
      "\(path): \(version) is \(state), not ready: it has to be embedded before it can serve. Run: "
        + "pawl reindex \(path.quotedForShell) --version \(version)"
    case .notEmbedded(let path, let version):
      "\(path): \(version) is not embedded, so it finds nothing. Run: pawl reindex \(path.quotedForShell) "
        + "--version \(version)"
    case .noBackup(let path):
      "\(path): no Pawl store, so no backup of one. Check the path."
    case .noGroups(let file):
      "\(file): it gives none of the queries a group. Is it the file of other queries?"
    case .judgedOther(let path, let version, let active):
      "\(path): since the gate looked at \(version), another version began to serve, or \(version) was indexed "
        + "anew; \(active) serves, and nothing was changed. Run the same command again."
    case .refused(let path, let version):
      "\(path): the gate has refused \(version), and nothing was changed."
    case .lagging(let path, let version, let active):
      "\(path): passages came that \(active) has and \(version) lacks; \(active) serves, and nothing was changed. "
        + "Run the same command again."
    case .collected(let path, let version):
      "\(path): the model and the embeddings of \(version) are gone: pawl gc --keep removed them. Its record and "
        + "what it learned from stay (pawl versions)."
    case .nothingToCompare(let path, let queryCount, let usedCount):
      "\(path): \(queryCount) judged queries are too few to compare versions with"
        + (usedCount > 0
          ? ": \(usedCount) were left out because a version has learned from them."
          : ": two groups are the least.")
    case .nothingBefore(let path, let version):
      "\(path): \(version) is the first version that serves: there is none to go back to."
    case .noBridge(let path, let source, let target, let reason):
      "\(path): no bridge from \(source) to \(target): \(reason)."
    case .isBridge(let path, let version, let source):
      "\(path): \(version) is a bridge: it asks another version's vectors with the queries of \(source). "
        + "Take \(source), with --version."
    case .isQueryAdapter(let path, let version):
      "\(path): \(version) moves queries by an adapter, which a training would leave behind. Train from the "
        + "version that it was made of, with --version."
    case .versionExists(let path, let name): "\(path): there is a version \(name) already."
    case .isGate(let path, let name):
      "\(path): the set \(name) has the role gate: it judges versions, so nothing may be learned from it. "
        + "Take other queries."
    case .noEncoder(let path):
      "\(path): this store has no text encoder: its vectors are made elsewhere (pawl init "
        + "--dimension). Add vectors with: pawl ingest \(path.quotedForShell) --vectors X.npy --ids ids.txt; search "
        + "with: pawl search \(path.quotedForShell) --vectors Q.npy --run out.trec; get them back with: "
        + "pawl export \(path.quotedForShell) --vectors X.npy --ids ids.txt"
    case .hasEncoder(let path, let version, let width):
      "\(path): its version \(version) embeds texts, and a passage without text could never be "
        + "embedded by another version. Make a store for vectors that are made elsewhere with: "
        + "pawl init OTHER.pawl --dimension \(width)"
    case .dimension(let given, let maximum):
      "a vector of \(given) dimensions: a store takes 1 to \(maximum)."
    case .noQueries(let file):
      "\(file): there is no query in it. Give a file with qid<TAB>query a line."
    case .vectorIDs(let file, let rowCount, let ids, let idCount):
      "\(file) has \(rowCount) vectors, but \(ids) has \(idCount) ids. Give one id for each vector."
    case .outputOverInput(let path, let input):
      "\(path): this would be written over \(input). Give the result another name."
    case .noSet(let path, let name, let known):
      known.isEmpty
        ? "\(path): no evaluation set \(name); there is none. "
          + "Add one with: pawl sets \(path.quotedForShell) add \(name) --queries FILE --qrels FILE"
        : "\(path): no evaluation set \(name). There is: \(known.joined(separator: ", "))."
    case .setExists(let path, let name):
      "\(path): there is an evaluation set \(name) already. Take another name, or first run: "
        + "pawl sets \(path.quotedForShell) remove \(name)"
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
