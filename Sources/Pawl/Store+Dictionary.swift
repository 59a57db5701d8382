internal import IVF
internal import Corpus
internal import LMDB
internal import LinearAlgebra

extension Store {
  /// Fewer passages are no sample to learn from.
  static let fewestPassages = 1_000
  /// 64 KiB holds the common phrases of a collection and stays in the second-level cache.
  static let dictionarySizeInBytes = 64 << 10

  /// Trains the store's dictionary on a sample of the first file that is large enough.
  func trainDictionary(on reader: inout CollectionReader, passageCount: Int) throws {
    guard passageCount >= Self.fewestPassages, try newestDictionary() == nil else { return }
    let (texts, sizes) = try sample(of: &reader, passageCount: passageCount)
    guard
      let content = TextDictionary.train(
        texts, sizes: sizes, sizeInBytes: Self.dictionarySizeInBytes)
    else { return }
    var write = try environment.beginWrite()
    if try tables.dictionaries.count(in: write) == 0 {
      try tables.dictionaries.put(content.span, at: Key(UInt8(1)), in: &write)
    }
    try write.commit()
  }

  private func sample(
    of reader: inout CollectionReader, passageCount: Int
  ) throws -> (texts: [UInt8], sizes: [Int]) {
    var sample = TextSample(collectionSizeInBytes: Int(reader.sizeInBytes))
    while !sample.isFull, let passage = try reader.next() {
      if sample.takesNext() { sample.append(passage.text.utf8.span) }
    }
    try reader.rewind()
    return (sample.texts, sample.sizes)
  }
}

/// A seeded sample of texts, spread over a whole collection, one behind another.
///
/// Each text is taken with the probability that fills the sample: one pass, bounded memory.
struct TextSample {
  /// zstd's advice is a hundred times the dictionary; half of that costs half the time and 0.3 %.
  private static let wantedSizeInBytes = 50 * Store.dictionarySizeInBytes
  /// A few giant texts would crowd out all others.
  private static let longestPartInBytes = Store.dictionarySizeInBytes / 8

  private(set) var texts: [UInt8] = []
  private(set) var sizes: [Int] = []
  private var random = SplitMix64(seed: 1)
  private let share: Double

  init(collectionSizeInBytes: Int) {
    share = min(1, Double(Self.wantedSizeInBytes) / Double(max(1, collectionSizeInBytes)))
  }

  var isFull: Bool { texts.count >= 2 * Self.wantedSizeInBytes }

  /// Whether the next text belongs to the sample.
  mutating func takesNext() -> Bool { random.nextUnit() < share && !isFull }

  mutating func append(_ text: Span<UInt8>) {
    let part = text.extracting(0..<min(text.count, Self.longestPartInBytes))
    unsafe part.withUnsafeBufferPointer { unsafe texts.append(contentsOf: $0) }
    sizes.append(part.count)
  }
}
