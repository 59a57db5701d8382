internal import Corpus
internal import LMDB

extension Store {
  /// Fewer passages are no sample to learn from.
  private static let fewestPassages = 1_000
  /// 64 KiB holds the common phrases of a collection and stays in the second-level cache.
  private static let dictionarySizeInBytes = 64 << 10
  /// zstd's advice is a hundred times the dictionary; half of that costs half the time and 0.3 %.
  private static let sampleSizeInBytes = 50 * dictionarySizeInBytes

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

  /// A seeded sample of the file's passages, spread over the whole file, one behind another.
  ///
  /// Each passage is taken with the probability that fills the sample: one pass, bounded memory.
  private func sample(
    of reader: inout CollectionReader, passageCount: Int
  ) throws -> (texts: [UInt8], sizes: [Int]) {
    var texts: [UInt8] = []
    var sizes: [Int] = []
    var random = SplitMix64(seed: 1)
    let share = min(1, Double(Self.sampleSizeInBytes) / Double(max(1, reader.sizeInBytes)))
    while texts.count < 2 * Self.sampleSizeInBytes, let passage = try reader.next() {
      if random.nextUnit() >= share { continue }
      // A few giant texts would crowd out all others.
      let bytes = passage.text.utf8.prefix(Self.dictionarySizeInBytes / 8)
      texts.append(contentsOf: bytes)
      sizes.append(bytes.count)
    }
    try reader.rewind()
    return (texts, sizes)
  }
}

/// Steele, Lea & Flood 2014: a seeded stream of random numbers that is the same everywhere.
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// In 0..<1.
  mutating func nextUnit() -> Double { Double(next() >> 11) * 0x1p-53 }
}
