/// What of a BERT WordPiece tokenizer differs from model to model.
package struct TokenizerSettings: Sendable, Equatable {
  /// Removes controls and U+FFFD, turns every kind of white space into blanks.
  package var cleansText = true
  /// Sets Chinese characters apart.
  package var separatesIdeographs = true
  /// Decomposes and removes nonspacing marks.
  package var stripsAccents = true
  package var lowercases = true
  package var unknownToken = "[UNK]"
  /// Stands before every token that continues a word.
  package var continuationPrefix = "##"
  /// Words of more scalars (after normalisation) are one unknown token.
  package var longestWordInScalars = 100

  /// What a scratch has room for. Models use 100, the first BERT used 200.
  static let longestWordLimit = 256

  package init() {}
}
