internal import Encoding

/// Hashes of the queries that a version has learned from or was chosen by: a gate must not ask them again.
///
/// `used` in the store: by version, ascending, 16 bytes each: the first half of SHA-256 of a query's words, in
/// lower case with one blank between them, and of its id. Stores of before have punctuation in it.
struct UsedQueries: Equatable {
  static let size = 16

  let bytes: [UInt8]

  /// - Parameter queries: with an id where they have one.
  init(_ queries: [(id: String?, text: String)]) {
    var hashes: Set<[UInt8]> = []
    for query in queries {
      hashes.insert(Self.hash(ofText: query.text))
      if let id = query.id { hashes.insert(Self.hash(ofID: id)) }
    }
    self.init(hashes)
  }

  /// All that are in any of some.
  init(joining parts: [UsedQueries]) {
    self.init(Set(parts.flatMap { part in (0..<part.count).map { Array(part.hash($0)) } }))
  }

  private init(_ hashes: Set<[UInt8]>) {
    bytes = hashes.sorted { $0.lexicographicallyPrecedes($1) }.flatMap(\.self)
  }

  /// - Returns: nil where they are no whole hashes.
  init?(_ value: Span<UInt8>) {
    guard value.count % Self.size == 0 else { return nil }
    bytes = unsafe value.withUnsafeBufferPointer { unsafe Array($0) }
  }

  var count: Int { bytes.count / Self.size }

  /// Whether each hash is there once, in its place.
  var isAscending: Bool {
    (1..<max(1, count)).allSatisfy { hash($0 - 1).lexicographicallyPrecedes(hash($0)) }
  }

  private func hash(_ place: Int) -> ArraySlice<UInt8> {
    bytes[place * Self.size..<(place + 1) * Self.size]
  }

  /// Whether a query of these words is among them, whatever stands between.
  func contains(text: String) -> Bool {
    contains(Self.hash(ofText: text)) || contains(Self.hash(ofNormalized: Self.folded(text)))
  }

  /// Whether a query of that id is among them.
  func contains(id: String) -> Bool { contains(Self.hash(ofID: id)) }

  private func contains(_ hash: [UInt8]) -> Bool {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      let found = self.hash(middle)
      if found.elementsEqual(hash) { return true }
      if found.lexicographicallyPrecedes(hash) { low = middle + 1 } else { high = middle }
    }
    return false
  }

  private static func hash(ofText text: String) -> [UInt8] {
    hash(ofNormalized: normalized(text))
  }

  private static func hash(ofNormalized text: String) -> [UInt8] {
    Array(SHA256.bytes(of: "text\n" + text).prefix(size))
  }

  /// Words in lower case with one blank between them; a text without words as it is.
  static func normalized(_ text: String) -> String {
    let words = text.words
    return words.isEmpty ? folded(text) : words.joined(separator: " ")
  }

  /// In lower case, with one blank for what is blank.
  private static func folded(_ text: String) -> String {
    text.lowercased().split { $0.isWhitespace }.joined(separator: " ")
  }

  private static func hash(ofID id: String) -> [UInt8] {
    Array(SHA256.bytes(of: "id\n" + id).prefix(size))
  }
}

extension String {
  /// Runs of letters and digits, in lower case.
  var words: [String] { lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init) }
}
