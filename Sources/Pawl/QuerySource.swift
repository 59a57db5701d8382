internal import Corpus
internal import LinearAlgebra

/// Where the queries of a run come from.
public enum QueryFile: Sendable, Equatable {
  /// `qid<TAB>query` a line.
  case texts(String)
  /// An .npy or .fvecs matrix of D columns; the ids of its rows, one a line, else "0", "1", ….
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
  private let file: String
  private let width: Int
  /// Instead of texts.
  private var vectors: VectorReader?
  private var done = 0

  /// Queries of the whole file.
  var count: Int { ids.count }

  /// - Parameter width: D.
  /// - Throws: `CorpusError` for a malformed file, `StoreError.noQueries`, `.queryWidth`,
  ///   `.queryIDs`.
  static func open(_ file: QueryFile, width: Int) throws -> QuerySource {
    switch file {
    case .texts(let name): try QuerySource(queries: name, width: width)
    case .vectors(let name, let ids): try QuerySource(vectors: name, ids: ids, width: width)
    }
  }

  private init(queries name: String, width: Int) throws {
    let queries = try Queries(path: name)
    if queries.isEmpty { throw StoreError.noQueries(file: name) }
    file = name
    self.width = width
    ids = queries.map(\.id)
    texts = queries.map(\.text)
    vectors = nil
  }

  private init(vectors name: String, ids idFile: String?, width: Int) throws {
    var reader = try VectorReader(path: name)
    guard reader.dimension == width else {
      throw StoreError.queryWidth(file: name, width: reader.dimension, expected: width)
    }
    let rowCount = try reader.countRows()
    let ids = try idFile.map(Self.ids) ?? (0..<rowCount).map { Identifier("\($0)") }
    guard ids.count == rowCount else {
      throw StoreError.queryIDs(file: name, rowCount: rowCount, idCount: ids.count)
    }
    file = name
    self.width = width
    self.ids = ids
    texts = []
    vectors = consume reader
  }

  private static func ids(_ path: String) throws -> [Identifier] {
    var reader = try IdentifierReader(path: path)
    var ids: [Identifier] = []
    while let id = try reader.next() { ids.append(id) }
    return ids
  }

  /// The next queries; nil at the end.
  mutating func next(atMost limit: Int) throws -> QueryBatch? {
    let range = done..<min(done + limit, count)
    if range.isEmpty { return nil }
    done = range.upperBound
    let content: QueryBatch.Content =
      if texts.isEmpty { .vectors(try readVectors(range.count)) } else {
        .texts(Array(texts[range]))
      }
    return QueryBatch(ids: Array(ids[range]), content: content)
  }

  private mutating func readVectors(_ count: Int) throws -> [Float] {
    var all: [Float] = []
    var part: [Float] = []
    var missing = count
    while missing > 0, let read = try vectors?.read(rows: missing, into: &part), read > 0 {
      all += part
      missing -= read
    }
    try requireFiniteLengths(of: all, firstRow: done - count)
    return all
  }

  /// A vector whose squares overflow has no scores that could be ranked.
  private func requireFiniteLengths(of vectors: [Float], firstRow: Int) throws {
    for start in stride(from: 0, to: vectors.count, by: width) {
      let square = vectors[start..<start + width].reduce(0) { $0 + $1 * $1 }
      guard square.isFinite else {
        throw StoreError.queryTooLong(file: file, row: firstRow + start / width)
      }
    }
  }
}
