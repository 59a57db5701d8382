internal import Corpus
internal import LinearAlgebra

/// Where the queries of a run come from.
public enum QueryFile: Sendable, Equatable {
  /// `qid<TAB>query` a line.
  case texts(String)
  /// An .npy or .fvecs matrix of D columns, of whatever length; the ids of its rows, one a line, else
  /// "0", "1", ….
  case vectors(String, ids: String?)

  var files: [String] {
    switch self {
    case .texts(let name): [name]
    case .vectors(let name, let ids): [name] + (ids.map { [$0] } ?? [])
    }
  }
}

/// Queries on their way through a batch search.
struct QueryBatch {
  enum Content {
    case texts([String])
    /// Q × D floats.
    case vectors([Float])
  }

  var ids: [Identifier]
  var content: Content
}

/// Reads the queries of a file, batch after batch.
struct QuerySource: ~Copyable {
  private let ids: [Identifier]
  private let texts: [String]
  /// Instead of texts.
  private var vectors: UnitVectorReader?
  private var done = 0

  /// Queries of the whole file.
  var count: Int { ids.count }

  /// - Parameter width: D.
  /// - Throws: `CorpusError` for a malformed file, `StoreError.noQueries`, `.vectorWidth`,
  ///   `.vectorIDs`.
  static func open(_ file: QueryFile, width: Int) throws -> QuerySource {
    switch file {
    case .texts(let name): try QuerySource(queries: name)
    case .vectors(let name, let ids): try QuerySource(vectors: name, ids: ids, width: width)
    }
  }

  private init(queries name: String) throws {
    let queries = try Queries(path: name)
    if queries.isEmpty { throw StoreError.noQueries(file: name) }
    ids = queries.map(\.id)
    texts = queries.map(\.text)
    vectors = nil
  }

  private init(vectors name: String, ids idFile: String?, width: Int) throws {
    var reader = try UnitVectorReader(path: name, width: width)
    let rowCount = try reader.countRows()
    let ids = try idFile.map(Self.ids) ?? (0..<rowCount).map { Identifier("\($0)") }
    guard ids.count == rowCount else {
      throw StoreError.vectorIDs(
        file: name, rowCount: rowCount, ids: idFile ?? "", idCount: ids.count)
    }
    self.ids = ids
    texts = []
    vectors = consume reader
  }

  private static func ids(_ path: String) throws -> [Identifier] {
    var reader = try IdentifierReader(path: path)
    var ids: [Identifier] = []
    var lines: [Identifier: Int] = [:]
    while let id = try reader.next() {
      if let first = lines.updateValue(reader.line, forKey: id) {
        throw reader.duplicate(id, firstLine: first)
      }
      ids.append(id)
    }
    return ids
  }

  /// The next queries; nil at the end.
  mutating func next(atMost limit: Int) throws -> QueryBatch? {
    let range = done..<min(done + limit, count)
    if range.isEmpty { return nil }
    done = range.upperBound
    let content: QueryBatch.Content =
      if texts.isEmpty { .vectors(try vectors?.read(rows: range.count) ?? []) } else {
        .texts(Array(texts[range]))
      }
    return QueryBatch(ids: Array(ids[range]), content: content)
  }
}
