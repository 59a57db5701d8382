internal import IVF
internal import LinearAlgebra

/// What a check has seen of a clustered index: columns in the order of the rows, 2 bytes and a bit a row.
final class CheckedLists {
  let clustering: ClusteringRecord
  /// Nil where the centroids are missing or damaged.
  var quantizer: (IndexQuantizer, Kernels)?
  var hasCentroids = false
  /// Codes that the directory says each list has; nil where that could not be read.
  var counts: [Int?]
  /// Values of the directory that were there.
  var directorySeen: Set<UInt32> = []

  // Places
  /// By the row's place among all rows.
  var listOfRow: [UInt16]
  /// Values of `places` that were there, and those of them that could not be read.
  var placesSeen: Set<UInt32> = []
  var placesUnknown: Set<UInt32> = []
  var arePlacesUnknown = false
  /// Rows that should be in `lists`, by list.
  var placesOfList: [Int]

  // Where a walk through `lists` is
  var list = 0
  var nextBlock = 0
  var countOfList = 0
  var lastRow: UInt32?

  // What was seen
  private var coded: [UInt64]
  /// Lists and blocks of `fresh` of which some codes could not be read.
  var partialLists: Set<Int> = []
  /// So are all lists, because some keys of the table were not seen.
  var areListsPartial = false
  var partialBlocks: Set<UInt32> = []
  var blocks: Set<UInt32> = []

  /// Codes whose lists are still to be computed.
  var sample: CodeBlockBuilder
  var listsOfSample: [UInt16] = []
  /// One code of so many is in the sample, and the 1-bit codes of one list of so many are made again.
  let step: UInt64
  let bitsStep: UInt64

  init(_ clustering: ClusteringRecord, _ record: IndexRecord, width: Int, rowCount: Int) {
    self.clustering = clustering
    counts = [Int?](repeating: nil, count: clustering.listCount)
    listOfRow = [UInt16](repeating: Places.none, count: rowCount)
    placesOfList = [Int](repeating: 0, count: clustering.listCount)
    coded = [UInt64](repeating: 0, count: rowCount / 64 + 1)
    sample = CodeBlockBuilder(codec: record.codec, width: width)
    let work = Double(record.count) * Double(clustering.listCount) * Double(width)
    step = UInt64(max(1, (work / Self.mostProducts).rounded(.up)))
    bitsStep = UInt64(max(1, (record.count + Self.mostBits - 1) / Self.mostBits))
  }

  /// Products of bytes that finding lists again may take: less than a second.
  private static let mostProducts = 4e10
  /// 1-bit codes that are made again: about a second.
  private static let mostBits = 1 << 20
  /// Codes whose lists are computed together.
  static let sampleSize = 4_096

  /// Whether the code of a row that has its place in a list is in `lists`, not in `fresh`.
  func isMerged(_ row: UInt32, _ list: Int) -> Bool {
    row < clustering.mergedRow || isCopied(row, list)
  }

  /// Whether a merge under way has put it into `lists`, so that what `fresh` has is a leftover.
  func isCopied(_ row: UInt32, _ list: Int) -> Bool {
    guard let merging = clustering.merging else { return false }
    return row < merging.rowEnd && list < merging.listEnd
  }

  func isUnknown(_ row: UInt32) -> Bool {
    arePlacesUnknown || placesUnknown.contains(row / Places.size)
  }

  func hasCode(at place: Int) -> Bool { coded[place / 64] >> UInt64(place % 64) & 1 == 1 }

  func markCoded(at place: Int) { coded[place / 64] |= 1 << UInt64(place % 64) }

  func isInSample(_ row: UInt32) -> Bool { Self.isChosen(UInt64(row), step) }
  func hasBitsInSample(_ list: Int) -> Bool { Self.isChosen(UInt64(list), bitsStep) }

  /// One of `step` numbers, without order.
  private static func isChosen(_ number: UInt64, _ step: UInt64) -> Bool {
    if step == 1 { return true }
    var random = SplitMix64(seed: number)
    return random.next() % step == 0
  }
}
