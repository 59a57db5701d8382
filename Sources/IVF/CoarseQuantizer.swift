internal import LinearAlgebra

/// Says which list a vector belongs to: that of the centroid with the highest inner product.
///
/// Vectors are compared as int8 codes (`Codec.int8`'s rule), like the centroids: the sums are then exact
/// integers, so that the answer does not depend on the processor, costs a quarter of one by floats, and is
/// the same for a vector and for its code.
package struct CoarseQuantizer: Sendable {
  /// Numbers of lists have 16 bits.
  package static let maximumListCount = 65_535

  package let listCount: Int
  package let width: Int
  /// As `CentroidTable` reads it.
  package let bytes: [UInt8]
  /// The codes as `NearestCode` reads them; the last is repeated until the tile is full, where it never
  /// wins, because of equal codes the lowest does.
  let packed: PackedCodes

  /// Rounds centroids by `Codec.int8`'s rule.
  ///
  /// - Parameter centroids: L × D floats, row-major.
  /// - Throws: `.wrongLength` where there are none, `.tooMany`, `.tooWide`.
  package init(centroids: Span<Float>, width: Int) throws(CentroidError) {
    guard width <= NearestCode.maximumWidth else { throw .tooWide(width: width) }
    let listCount = centroids.count / width
    var rows = Int8Rows(width: width, capacity: listCount)
    rows.append(centroids)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(CentroidTable.sizeInBytes(listCount: listCount, width: width))
    for list in 0..<listCount {
      let code = rows.code(list)
      for index in 0..<width { bytes.append(UInt8(bitPattern: code[index])) }
    }
    for list in 0..<listCount { bytes.appendLittleEndian(rows.scale(list).bitPattern) }
    try self.init(bytes.span, listCount: listCount, width: width)
  }

  /// Reads a table of centroids.
  ///
  /// - Throws: `.wrongLength`, `.wrongScale`, `.tooMany`, `.tooWide`.
  /// - Complexity: O(L · D).
  package init(_ value: Span<UInt8>, listCount: Int, width: Int) throws(CentroidError) {
    guard listCount <= Self.maximumListCount else { throw .tooMany(listCount: listCount) }
    guard width <= NearestCode.maximumWidth else { throw .tooWide(width: width) }
    let table = try CentroidTable(value, listCount: listCount, width: width)
    try table.requirePositiveScales()
    packed = PackedCodes(width: width, capacity: listCount)
    packed.append(.int8, codes: table.codes, scales: table.scales, rows: listCount, number: 0)
    let last = (
      table.codes.extracting((listCount - 1) * width..<listCount * width),
      table.scales.extracting((listCount - 1) * 4..<listCount * 4)
    )
    while packed.count < packed.capacity {
      packed.append(.int8, codes: last.0, scales: last.1, rows: 1, number: 0)
    }
    self.listCount = listCount
    self.width = width
    bytes = unsafe value.withUnsafeBufferPointer { unsafe Array($0) }
  }

  /// The centroids, to be read and searched.
  package var table: CentroidTable {
    @_lifetime(borrow self)
    get { CentroidTable(checked: bytes.span, listCount: listCount, width: width) }
  }
}
