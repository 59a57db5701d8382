package import LinearAlgebra

/// The centroids of an index as they lie in the database: codes ‖ scales.
///
/// ```
/// 0   codes     listCount × D Int8
///     scales    listCount × Float32, little-endian, positive
/// ```
/// The centroid *is* what the code says, scale · code, so that assignment and search agree.
package struct CentroidTable: ~Escapable {
  /// L.
  package let listCount: Int
  /// D.
  package let width: Int
  let codes: RawSpan
  let scales: RawSpan

  /// Bytes of a table.
  package static func sizeInBytes(listCount: Int, width: Int) -> Int { listCount * (width + 4) }

  /// Looks at a table where it lies.
  ///
  /// - Throws: `.wrongLength` where the bytes are not a table of that many lists.
  /// - Complexity: O(1): what the scales are is `requirePositiveScales`'s question.
  @_lifetime(copy value)
  package init(_ value: Span<UInt8>, listCount: Int, width: Int) throws(CentroidError) {
    let (size, overflow) = listCount.multipliedReportingOverflow(by: width + 4)
    guard listCount >= 1, width >= 1, !overflow, value.count == size else {
      throw .wrongLength(byteCount: value.count, listCount: listCount, width: width)
    }
    self.init(checked: value, listCount: listCount, width: width)
  }

  /// Looks at a table whose length was checked.
  @_lifetime(copy value)
  init(checked value: Span<UInt8>, listCount: Int, width: Int) {
    self.listCount = listCount
    self.width = width
    // Sound: bytes are read as integers and floats, for which every pattern is a value.
    let bytes = unsafe value.bytes
    codes = bytes.extracting(0..<listCount * width)
    scales = bytes.extracting(listCount * width..<listCount * (width + 4))
  }

  /// - Throws: `.wrongScale` where a scale is not a positive finite number.
  package func requirePositiveScales() throws(CentroidError) {
    for list in 0..<listCount {
      let scale = scale(of: list)
      guard scale.isFinite, scale > 0 else { throw .wrongScale(list: list, scale: scale) }
    }
  }

  func scale(of list: Int) -> Float { Float(bitPattern: scales.uint32(at: 4 * list)) }

  /// Writes a centroid as D floats.
  package func copyCentroid(_ list: Int, into x: inout MutableSpan<Float>) {
    precondition(list >= 0 && list < listCount, "list \(list) of \(listCount)")
    Kernels.fromInt8(
      codes.extracting(list * width..<(list + 1) * width), scale: scale(of: list), into: &x)
  }
}

extension CentroidTable {
  /// ⟨q, c⟩ for each centroid.
  package func scores(_ query: Span<Float>, kernels: Kernels) -> [Float] {
    var found = [Float](repeating: 0, count: listCount)
    var view = found.mutableSpan
    kernels.scanInt8(query: query, codes: codes, scales: scales, rows: listCount, into: &view)
    return found
  }

  /// scores[q · stride + i] ← ⟨q, c⟩ of centroid lists.lowerBound + i, for queries rounded to 16 bits: half
  /// the time, or less.
  package func score(
    _ lists: Range<Int>, _ queries: RoundedQueries, stride: Int, kernels: Kernels,
    into scores: inout MutableSpan<Float>
  ) {
    precondition(queries.width == width, "queries of \(queries.width), centroids of \(width)")
    kernels.scanInt8(
      queries, codes: codes.extracting(lists.lowerBound * width..<lists.upperBound * width),
      scales: scales.extracting(lists.lowerBound * 4..<lists.upperBound * 4), rows: lists.count,
      stride: stride, into: &scores)
  }
}

/// What is wrong with a table of centroids.
package enum CentroidError: Error, Equatable, CustomStringConvertible {
  case wrongLength(byteCount: Int, listCount: Int, width: Int)
  case wrongScale(list: Int, scale: Float)
  case tooMany(listCount: Int)
  case tooWide(width: Int)

  package var description: String {
    switch self {
    case .wrongLength(let byteCount, let listCount, let width):
      "a table of \(listCount) centroids of \(width) dimensions has \(byteCount) bytes"
    case .wrongScale(let list, let scale):
      "the centroid of list \(list) has the scale \(scale), not a positive number"
    case .tooMany(let listCount):
      "an index of \(listCount) lists: at most \(CoarseQuantizer.maximumListCount) can be made"
    case .tooWide(let width):
      "vectors of \(width) dimensions cannot be clustered: "
        + "at most \(NearestCode.maximumWidth) dimensions can"
    }
  }
}
