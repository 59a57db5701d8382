/// One line `pid<TAB>passage` of a collection.
package struct Passage: Sendable, Equatable {
  package let id: Identifier
  package let text: String
  package let line: Int
}

/// Reads a collection, `pid<TAB>passage` a line, split on the first TAB only.
///
/// No quoting, no trimming. Every line is checked: a tab, an id of 1 to 511 bytes, a passage that is
/// more than white space, no NUL, valid UTF-8, at most 16 MiB.
/// Cost: one pass over the bytes, a string for each passage.
package struct CollectionReader: ~Copyable {
  /// What to do with a malformed line: stop, or count it and go on.
  package enum Mode: Sendable { case strict, skipMalformed }

  /// Lines skipped so far.
  package private(set) var skippedCount = 0
  /// The first lines skipped, with reasons.
  package private(set) var firstSkipped: [CorpusError] = []

  private let mode: Mode
  private var lines: LineReader

  /// Enough to see a pattern, few enough to print.
  private static let rememberedCount = 10

  /// Opens `path`. Other files of the same layout name their `kind`, for the words of messages.
  package init(
    path: String, mode: Mode = .strict, kind: FileKind = .collection
  ) throws(CorpusError) {
    lines = try LineReader(path: path, kind: kind)
    self.mode = mode
  }

  package var path: String { lines.path }
  /// Size of the file, as it is packed.
  package var sizeInBytes: Int64 { lines.sizeInBytes }
  /// Bytes of the file that were read since the start, as they are packed: for progress.
  package var position: Int64 { lines.position }

  /// The next passage; nil at the end.
  package mutating func next() throws(CorpusError) -> Passage? {
    guard let tab = try advance() else { return nil }
    return Passage(
      id: Identifier(lines.text(0..<tab)),
      text: lines.text((tab + 1)..<lines.lineByteCount), line: lines.number)
  }

  /// Goes back to the first line; what was skipped is forgotten.
  package mutating func rewind() throws(CorpusError) {
    try lines.rewind()
    skippedCount = 0
    firstSkipped = []
  }

  /// Checks the file from its start to its end, then goes back: the pass before the first write.
  ///
  /// Cost: one pass over the bytes, no string.
  package mutating func survey() throws(CorpusError) -> CollectionSurvey {
    try rewind()
    var survey = CollectionSurvey()
    while let tab = try advance() {
      survey.passageCount += 1
      let textCount = lines.lineByteCount - tab - 1
      survey.textSizeInBytes += Int64(textCount)
      survey.longestTextInBytes = max(survey.longestTextInBytes, textCount)
    }
    survey.fileSizeInBytes = sizeInBytes
    survey.skippedCount = skippedCount
    survey.firstSkipped = firstSkipped
    try rewind()
    return survey
  }

  /// The error for a fault of the passage that was read last.
  func error(_ fault: LineFault) -> CorpusError { lines.error(fault) }

  /// Goes to the next good line and says where its tab is; nil at the end.
  private mutating func advance() throws(CorpusError) -> Int? {
    while true {
      let fault: LineFault
      switch try lines.advance() {
      case .end: return nil
      case .tooLong: fault = .lineTooLong
      case .line:
        do {
          return try lines.splitAtFirstTab()
        } catch {
          fault = error
        }
      }
      guard mode == .skipMalformed else { throw lines.error(fault) }
      skippedCount += 1
      if firstSkipped.count < Self.rememberedCount { firstSkipped.append(lines.error(fault)) }
    }
  }
}

/// What a whole collection holds.
package struct CollectionSurvey: Sendable, Equatable {
  package internal(set) var passageCount = 0
  package internal(set) var textSizeInBytes: Int64 = 0
  package internal(set) var longestTextInBytes = 0
  /// Size of the file, as it is packed.
  package internal(set) var fileSizeInBytes: Int64 = 0
  package internal(set) var skippedCount = 0
  /// The first lines skipped, with reasons.
  package internal(set) var firstSkipped: [CorpusError] = []
}

extension LineReader {
  /// The offset of the first tab of a line `id<TAB>text` in which all is well.
  func splitAtFirstTab() throws(LineFault) -> Int {
    guard lineByteCount > 0 else { throw .emptyLine }
    guard let tab = firstIndex(of: 0x09) else { throw .noTab }
    guard !isBlank(0..<tab) else { throw .emptyIdentifier }
    guard tab <= Identifier.maximumByteCount else { throw .identifierTooLong(bytes: tab) }
    guard !isBlank((tab + 1)..<lineByteCount) else { throw .emptyText }
    try checkText()
    return tab
  }
}
