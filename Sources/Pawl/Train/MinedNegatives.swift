internal import Corpus
internal import LMDB
internal import Training

/// A file of mined negatives, each with where it was found: triples with rank, score and version.
///
/// A run keeps its own as `negatives.tsv` in its folder, for people.
struct MinedNegatives {
  private let path: String
  private let store: Store
  private let places: PassagePlaces

  init(path: String, _ store: Store, _ places: PassagePlaces) {
    self.path = path
    self.store = store
    self.places = places
  }

  /// - Parameters:
  ///   - mined: of each of the data's examples.
  ///   - labels: of the data's queries.
  func write(
    _ mined: [[MinedPassage]], _ data: TrainingData, labels: [String], version: String
  ) throws {
    let snapshot = try store.environment.snapshot()
    var names = PlaceNames(store, places)
    try write(mined, data, version: version, query: { labels[$0] }) {
      try names.name(of: $0, in: snapshot)
    }
  }

  /// As `write`, with texts in place of ids.
  func writeTexts(_ mined: [[MinedPassage]], _ data: TrainingData, version: String) throws {
    try write(mined, data, version: version, query: { data.queries[$0] }, passage: places.text)
  }

  private func write(
    _ mined: [[MinedPassage]], _ data: TrainingData, version: String, query: (Int) -> String,
    passage name: (Int) throws -> String
  ) throws {
    var writer = try TSVWriter(path: path)
    for (example, mined) in zip(data.examples, mined) where !mined.isEmpty {
      let positive = try name(example.positive)
      for passage in mined {
        var triple = Triple(
          query: Self.column(query(example.query)), positive: Self.column(positive),
          negative: Self.column(try name(passage.place)))
        triple.source = Triple.MinedSource(
          rank: Int32(passage.rank), score: passage.score, version: version)
        try writer.append(triple)
      }
    }
    try writer.commit()
  }
}

extension MinedNegatives {
  /// A text may have tabs, a column may not.
  private static func column(_ text: String) -> String { text.replacing("\t", with: " ") }
}

/// Names of places in a file: ids of passages, or numbers of texts that the store does not have.
private struct PlaceNames {
  private static let other = "text-"

  private let store: Store
  private let places: PassagePlaces
  private var ids: PassageIDs

  init(_ store: Store, _ places: PassagePlaces) {
    self.store = store
    self.places = places
    ids = PassageIDs(store)
  }

  mutating func name(of place: Int, in snapshot: borrowing Snapshot) throws -> String {
    guard let row = places.row(of: place) else {
      return "\(Self.other)\(place - places.storedCount)"
    }
    guard try store.tables.rows.contains(Key(row), in: snapshot) else {
      throw StoreError.changedWhileTraining(path: store.path)
    }
    return try ids.id(of: row, in: snapshot).text
  }
}
