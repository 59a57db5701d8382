internal import LMDB

/// Compresses stored texts anew with another dictionary, one worker a processor.
struct TextRecompression {
  /// The dictionary's number in the new database, where it is the only one.
  static let dictionaryID: UInt8 = 1

  let content: [UInt8]
  private let new: TextDictionary
  private let old: [UInt8: TextDictionary]

  /// Trains a dictionary on a seeded sample of the store's texts.
  ///
  /// - Returns: nil where the texts are too few or too much alike to learn from.
  init?(_ store: Store) throws {
    let snapshot = try store.environment.snapshot()
    old = try store.dictionaries(in: snapshot)
    let hasTexts = try store.storeRecord(in: snapshot).textSizeInBytes > 0
    guard hasTexts, try store.tables.rows.count(in: snapshot) >= Store.fewestPassages else {
      return nil
    }
    let (texts, sizes) = try Self.sample(store, in: snapshot)
    guard
      let content = TextDictionary.train(
        texts, sizes: sizes, sizeInBytes: Store.dictionarySizeInBytes),
      let new = TextDictionary(id: Self.dictionaryID, content: content)
    else { return nil }
    (self.content, self.new) = (content, new)
  }

  private static func sample(
    _ store: Store, in snapshot: borrowing Snapshot
  ) throws -> (texts: [UInt8], sizes: [Int]) {
    var sample = TextSample(
      collectionSizeInBytes: try store.storeRecord(in: snapshot).textSizeInBytes)
    var reader = try RowReader(store, in: snapshot)
    var rows = try store.tables.rows.cursor(in: snapshot)
    while try rows.next() {
      if sample.takesNext() {
        let row = rows.key.bigEndianUInt32(at: 0) ?? .max
        let text = try reader.text(of: row, in: snapshot)
        sample.append(text.span)
      }
    }
    return (sample.texts, sample.sizes)
  }

  /// Values of `rows` with their texts compressed anew.
  ///
  /// - Returns: nil in the place of a value whose text cannot be read, or not be read back.
  func recompress(_ values: [[UInt8]]) -> [[UInt8]?] {
    sideBySide(values.count) { range in
      var compressor = TextCompressor(dictionary: new)
      var decompressor = TextDecompressor()
      var part: [[UInt8]?] = []
      for index in range { part.append(recompress(values[index], &compressor, &decompressor)) }
      return part
    }
  }

  private func recompress(
    _ value: [UInt8], _ compressor: inout TextCompressor, _ decompressor: inout TextDecompressor
  ) -> [UInt8]? {
    guard let id = PassageRecord.id(value.span),
      let text = PassageRecord.text(value.span, &decompressor, old)
    else { return nil }
    let compressed = compressor.compress(String(decoding: text, as: UTF8.self))
    let result = PassageRecord.encode(id: id, text: compressed)
    // The old text goes away for good, so the new one is read back first.
    guard PassageRecord.text(result.span, &decompressor, [new.id: new]) == text else { return nil }
    return result
  }
}
