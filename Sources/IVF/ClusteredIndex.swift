package import LMDB

/// Where a clustered index lies, and what is needed to search it.
package struct ClusteredIndex: Sendable {
  package let blocks: IndexBlocks
  package let lists: InvertedLists
  /// Codes of lists by index ‖ list / 256, big-endian; 256 counts of four bytes a value.
  package let directory: Table
  /// `CentroidTable`s by index, big-endian.
  package let centroids: Table
  package let listCount: Int
  /// Decides the rotation.
  package let seed: UInt64

  /// Lists in one value of the directory.
  package static let directorySize = 256

  package init(
    blocks: IndexBlocks, lists: InvertedLists, directory: Table, centroids: Table, listCount: Int,
    seed: UInt64
  ) {
    self.blocks = blocks
    self.lists = lists
    self.directory = directory
    self.centroids = centroids
    self.listCount = listCount
    self.seed = seed
  }

  /// Whether what a searcher knows of the one holds for the other.
  package func isSame(as other: ClusteredIndex) -> Bool {
    blocks.index == other.blocks.index && blocks.merged?.rowEnd == other.blocks.merged?.rowEnd
      && blocks.merged?.listEnd == other.blocks.merged?.listEnd
  }

  package static func directoryKey(_ index: UInt32, list: Int) -> Key {
    var key = Key(index)
    key.append(UInt32(list / directorySize))
    return key
  }
}

/// Which lists a query looks into.
package enum Probing: Sendable, Equatable {
  /// So many, those of the nearest centroids.
  case lists(Int)
  /// Those whose centroid's score reaches a mean of the kth best code's so far, four fifths, and the nearest
  /// centroid's, one fifth, less this.
  ///
  /// A query in a dense region, which has its best codes together, stops early, one between clusters
  /// late: at equal recall a quarter fewer codes are scanned than with a fixed number of lists.
  case margin(Float)

  /// What a centroid has to score for its list to be looked into.
  ///
  /// Between real queries of six collections half of each scans 5 % less at equal recall; but then a
  /// margin that was measured with one kind of queries holds less well for another.
  package static func least(highest: Float, kthBest: Float, margin: Float) -> Float {
    0.2 * highest + 0.8 * kthBest - margin
  }
}

/// What searches did.
package struct ListWork: Sendable, Equatable {
  package var probeCount = 0
  /// Codes that were compared with queries, those of `fresh` included.
  package var scannedCount = 0
  /// Of these, codes scored again after their 1-bit codes.
  package var rescoredCount = 0

  package init() {}

  package mutating func add(_ other: ListWork) {
    probeCount += other.probeCount
    scannedCount += other.scannedCount
    rescoredCount += other.rescoredCount
  }
}

/// What is wrong with the lists of an index.
package enum ListError: Error, Equatable, CustomStringConvertible {
  case missingCentroids
  case centroids(CentroidError)
  case missingDirectory(list: Int)
  case wrongCount(list: Int, found: Int, expected: Int)
  case wrongBlock(list: Int, CodeBlockError)
  case freshWithoutLists
  case wrongTotal(found: Int, expected: Int)

  package var description: String {
    switch self {
    case .missingCentroids: "its centroids are missing"
    case .centroids(let error): "\(error)"
    case .missingDirectory(let list): "the directory says nothing about list \(list)"
    case .wrongCount(let list, let found, let expected):
      "list \(list) has \(found) codes, the directory says \(expected)"
    case .wrongBlock(let list, let error): "list \(list): \(error)"
    case .wrongTotal(let found, let expected):
      "it has \(found) codes, its record says \(expected)"
    case .freshWithoutLists: "a block of fresh codes does not tell their lists"
    }
  }
}
