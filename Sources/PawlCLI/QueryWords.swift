/// The words of a query, to be found again in passages.
///
/// Case counts for nothing, nor does a plural's "s"; words that stand in every passage are no words.
struct QueryWords {
  /// Folded, in the order of the query.
  let words: [String]
  private let known: Set<String>

  /// Of the commonest words of English; what is marked should be what was meant.
  private static let commonWords: Set<String> = [
    "a", "about", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could",
    "did", "do", "does", "for", "from", "had", "has", "have", "how", "i", "if", "in", "into", "is",
    "it", "its", "me", "my", "no", "not", "of", "on", "or", "should", "so", "some", "such", "that",
    "the", "their", "them", "then", "there", "these", "they", "this", "those", "to", "was", "we",
    "were", "what", "when", "where", "which", "who", "why", "will", "with", "would", "you", "your",
  ]

  init(_ query: String) {
    var words: [String] = []
    for piece in Self.pieces(of: query) where piece.isWord {
      let word = piece.text.lowercased()
      let folded = Self.folded(piece.text)
      if !Self.commonWords.contains(word), !words.contains(folded) { words.append(folded) }
    }
    self.words = words
    known = Set(words)
  }

  func contains(_ word: some StringProtocol) -> Bool {
    !known.isEmpty && known.contains(Self.folded(word))
  }

  /// The query's words that stand in a text, in the order of the query.
  func shared(with text: String) -> [String] {
    let found = Set(Self.pieces(of: text).filter(\.isWord).map { Self.folded($0.text) })
    return words.filter { found.contains($0) }
  }

  /// A text cut into words and what stands between them.
  static func pieces(of text: String) -> [(text: Substring, isWord: Bool)] {
    var pieces: [(text: Substring, isWord: Bool)] = []
    var start = text.startIndex
    while start < text.endIndex {
      let isWord = isPartOfWord(text[start])
      let end = text[start...].firstIndex { isPartOfWord($0) != isWord } ?? text.endIndex
      pieces.append((text[start..<end], isWord))
      start = end
    }
    return pieces
  }

  private static func isPartOfWord(_ character: Character) -> Bool {
    character.isLetter || character.isNumber
  }

  /// Small letters, without the "s" of a plural: "Boats" is "boat", "glass" stays.
  private static func folded(_ word: some StringProtocol) -> String {
    let word = word.lowercased()
    guard word.count > 3, word.hasSuffix("s"), !word.hasSuffix("ss") else { return word }
    return String(word.dropLast())
  }
}
