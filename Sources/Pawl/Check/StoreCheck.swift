internal import LMDB

/// One check of a whole store: a part for each family of what must agree, all from one snapshot.
///
/// What cannot be read is reported once, and what depends on it is left out: one damaged value is one
/// problem, not a hundred.
struct StoreCheck {
  let path: String
  let environment: Environment
  var report = CheckReport()
  var tables: [String: Table] = [:]
  /// Tables of which some keys may not have been seen.
  var incomplete: Set<String> = []
  var records = CheckedRecords()
  var rows = CheckedRows()
  /// Indexes without record of which something was met.
  var unknownIndexes: Set<UInt32> = []
  /// Younger folders of no version may be about to be named by one.
  var minimumOrphanAgeInSeconds = 3_600

  private var account: PageAccount?
  /// Pages that were read.
  private var pages: [Range<Int>] = []

  private let observer: (CheckEvent) -> Void
  private var object = ""
  private var totalCount = 0

  /// Values between two signs of life.
  private static let beat = 4_096

  init(_ path: String, _ environment: Environment, _ observer: @escaping (CheckEvent) -> Void) {
    self.path = path
    self.environment = environment
    self.observer = observer
  }

  consuming func run() throws -> CheckReport {
    var check = self
    let snapshot = try check.openTables()
    try check.checkRecords(snapshot)
    check.checkRows(snapshot)
    check.checkIDs(snapshot)
    check.checkUpdates(snapshot)
    check.checkTexts(snapshot)
    try check.checkCodes(snapshot)
    check.checkVersions()
    check.checkAdapters(snapshot)
    check.checkUsedQueries(snapshot)
    check.checkSets(snapshot)
    check.checkJobs(snapshot)
    check.noteAbandonedIndexes()
    check.checkCheckpoints()
    check.checkPages(snapshot)
    return check.report
  }

  /// Opens what tables there are, and then the snapshot, since a table is visible only to later ones.
  private mutating func openTables() throws -> Snapshot {
    for name in StoreTables.names {
      do throws(LMDBError) {
        tables[name] = try environment.table(named: name)
      } catch {
        incomplete.insert(name)
        if case .noTable = error { continue }
        report(.tree, "table \(name)", "it cannot be opened: \(error.explanation)")
      }
    }
    let snapshot = try takeSnapshot()
    for table in tables.values {
      // Wrapping, because a damaged table may count anything.
      do throws(LMDBError) { totalCount &+= try table.count(in: snapshot) } catch {
        report(.tree, "table \(table.name)", "it cannot be opened: \(error.explanation)")
      }
    }
    return snapshot
  }

  private mutating func takeSnapshot() throws -> Snapshot {
    var snapshot = try environment.snapshot()
    account = snapshot.pageAccount()
    // A writer was faster, twice within microseconds.
    for _ in 0..<8 where account == nil {
      snapshot = try environment.snapshot()
      account = snapshot.pageAccount()
    }
    return snapshot
  }

  mutating func report(_ kind: CheckProblemKind, _ object: String, _ problem: String) {
    let problem = CheckProblem(kind, object, problem)
    report.report(problem)
    if report.problemCount <= CheckReport.problemLimit { observer(.problem(problem)) }
  }

  /// Whether details of one more problem would still be shown.
  var wantsDetails: Bool { report.problemCount < CheckReport.problemLimit }

  mutating func begin(_ newObject: String) {
    object = newObject
    beat()
  }

  private func beat() {
    observer(.progress(CheckProgress(object: object, done: report.valueCount, total: totalCount)))
  }
}

extension StoreCheck {
  /// A walk through a table; nil, with a problem reported, where it cannot begin.
  @_lifetime(borrow snapshot)
  mutating func walk(_ name: String, _ snapshot: borrowing Snapshot) -> TableWalk? {
    begin("table \(name)")
    guard let table = tables[name] else { return nil }
    do throws(TreeFault) { return try TableWalk(table, in: snapshot) } catch {
      reportTree(error, name)
      return nil
    }
  }

  /// To the next key; false at the end, and where the tree is damaged.
  mutating func advance(_ walk: inout TableWalk, _ name: String) -> Bool {
    do throws(TreeFault) {
      guard try walk.next() else {
        pages += walk.pages
        return false
      }
    } catch {
      reportTree(error, name)
      return false
    }
    report.valueCount += 1
    if report.valueCount % Self.beat == 0 { beat() }
    return true
  }

  /// The value at which a walk stands; nil, with a problem reported, where its checksum is wrong.
  @_lifetime(borrow walk)
  mutating func value(_ walk: borrowing TableWalk, _ name: String) -> Span<UInt8>? {
    do throws(LMDBError) { return try walk.value } catch {
      report(
        .checksum, StoreObject.name(of: walk.key, in: name),
        "the value, its key or its table is not what was written (its checksum differs)")
      return nil
    }
  }

  private mutating func reportTree(_ fault: TreeFault, _ name: String) {
    incomplete.insert(name)
    report(.tree, "table \(name)", "\(fault)")
  }

  mutating func checkPages(_ snapshot: borrowing Snapshot) {
    begin("free pages")
    do throws(PageFault) {
      try environment.checkMetas()
      try snapshot.check(account, of: Array(tables.values), walked: pages)
    } catch { report(.pages, "data.mdb", "\(error)") }
  }
}
