/// BERT's WordPiece tokenizer: text to token ids, equal to Hugging Face `tokenizers` id for id.
///
/// Normalisation, splitting and lookup are one pass over the bytes: ASCII by a table of 256
/// entries, the rest scalar by scalar by tables taken from that library. Immutable, so that any
/// number of threads may share it, each with a `TokenizerScratch` of its own.
package final class Tokenizer: Sendable {
  package let settings: TokenizerSettings
  /// Tokens of the vocabulary and those added to it: every id is below.
  package let tokenCount: Int
  /// Ids before and after every text: [CLS] and [SEP].
  package let leadingIDs: [Int32]
  package let trailingIDs: [Int32]

  let vocabulary: WordPieceVocabulary
  let addedTokens: AddedTokens
  let byteActions: ByteActions

  init(
    settings: TokenizerSettings, vocabulary: WordPieceVocabulary, addedTokens: AddedTokens,
    tokenCount: Int, leadingIDs: [Int32], trailingIDs: [Int32]
  ) {
    self.settings = settings
    self.vocabulary = vocabulary
    self.addedTokens = addedTokens
    self.tokenCount = tokenCount
    self.leadingIDs = leadingIDs
    self.trailingIDs = trailingIDs
    byteActions = ByteActions(
      settings: settings, vocabulary: vocabulary, addedTokens: addedTokens)
  }

  /// The id of a token of the vocabulary, as it is written there.
  package func id(of token: String) -> Int32? {
    vocabulary.id(of: token)
  }

  /// The token of an id, as the vocabulary writes it ("##" before what continues a word); nil where
  /// there is none.
  package func token(of id: Int32) -> String? {
    vocabulary.token(of: id) ?? addedTokens.text(of: id)
  }

  /// Appends the ids of a text, [CLS] and [SEP] included, at most `maximumLength` of them.
  ///
  /// - Parameters:
  ///   - maximumLength: [CLS] and [SEP] included, at least their number.
  ///   - scratch: of the calling thread.
  package func encode(
    _ text: String, maximumLength: Int, into ids: inout [Int32], scratch: inout TokenizerScratch
  ) {
    encode(text.utf8.span, maximumLength: maximumLength, into: &ids, scratch: &scratch)
  }

  /// Appends the ids of a text, [CLS] and [SEP] included, at most `maximumLength` of them.
  ///
  /// Reads no further than it takes to fill `maximumLength`. Bytes that are no UTF-8 count as
  /// U+FFFD.
  /// - Parameters:
  ///   - text: UTF-8.
  ///   - maximumLength: [CLS] and [SEP] included, at least their number.
  ///   - scratch: of the calling thread.
  /// - Complexity: O(bytes read); allocates only where `ids` has to grow.
  package func encode(
    _ text: Span<UInt8>, maximumLength: Int, into ids: inout [Int32],
    scratch: inout TokenizerScratch
  ) {
    precondition(
      maximumLength >= leadingIDs.count + trailingIDs.count,
      "maximumLength \(maximumLength) has no room for \(leadingIDs.count + trailingIDs.count) ids")
    let limit = ids.count + maximumLength - trailingIDs.count
    ids.append(contentsOf: leadingIDs)
    scratch.begin(scalarLimit: settings.longestWordInScalars)

    var index = 0
    while index < text.count, ids.count < limit {
      let action = byteActions[text[index]]
      if action.isWordByte {
        scratch.append(action.byte)
        index += 1
      } else if action.mayBeginAddedToken, let token = addedTokens.match(text, at: index) {
        endWord(&scratch, &ids)
        ids.append(token.id)
        index += token.bytes.count
      } else {
        index += take(action, text, at: index, &scratch, &ids)
      }
    }
    endWord(&scratch, &ids)
    if ids.count > limit { ids.removeSubrange(limit...) }
    ids.append(contentsOf: trailingIDs)
  }

  /// Handles a byte that is no plain part of a word, or the scalar that begins with it.
  ///
  /// - Returns: the bytes taken.
  @inline(__always)
  private func take(
    _ action: ByteActions.Action, _ text: Span<UInt8>, at index: Int,
    _ scratch: inout TokenizerScratch, _ ids: inout [Int32]
  ) -> Int {
    switch action.kind {
    case .space: endWord(&scratch, &ids)
    case .punctuation:
      endWord(&scratch, &ids)
      ids.append(byteActions.punctuationID(action.byte))
    case .word: scratch.append(action.byte)
    case .dropped: break
    case .scalar:
      let step = UTF8Bytes.read(text, at: index)
      take(scalar: step.scalar ?? 0xFFFD, &scratch, &ids)
      return step.length
    }
    return 1
  }

  /// Looks the word up that has come together, if any.
  @inline(__always)
  func endWord(_ scratch: inout TokenizerScratch, _ ids: inout [Int32]) {
    guard scratch.scalarCount > 0 else { return }
    if scratch.isTooLong {
      ids.append(vocabulary.unknownID)
    } else {
      vocabulary.append(scratch.bytes.span, count: scratch.count, to: &ids)
    }
    scratch.clear()
  }
}
