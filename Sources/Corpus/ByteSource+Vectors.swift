/// The shape of a file of vectors.
struct VectorShape {
  let dimension: Int
  let rowCount: Int?
}

extension ByteSource {
  /// Reads until `count` bytes are there or the end comes; gives the number of bytes.
  mutating func readFully(into bytes: inout [UInt8], count: Int) throws(CorpusError) -> Int {
    precondition(count <= bytes.count, "\(count) bytes into an array of \(bytes.count)")
    var done = 0
    while done < count {
      // Sound: the pointer does not leave the closure, and `done < count ≤ bytes.count`.
      var span = bytes.mutableSpan
      let got = try unsafe span.withUnsafeMutableBytes { bytes throws(CorpusError) in
        try unsafe read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[done..<count]))
      }
      if got == 0 { break }
      done += got
    }
    return done
  }

  /// Reads the header of an `.npy` file and stays at the first row.
  ///
  /// - Returns: nil, back at the first byte, where the file is no `.npy`.
  mutating func readNpyHeader() throws(CorpusError) -> NpyHeader? {
    var start = [UInt8](repeating: 0, count: 8)
    let count = try readFully(into: &start, count: 8)
    guard start.starts(with: NpyHeader.magic) else {
      try rewind()
      return nil
    }
    guard count == 8 else { throw vectorError(.badHeader(reason: "it ends too early")) }
    guard (1...3).contains(start[6]), start[7] == 0 else {
      throw vectorError(.unsupportedVersion(major: start[6], minor: start[7]))
    }
    let (header, headerSize) = try readNpyDictionary(lengthSize: start[6] == 1 ? 2 : 4)
    guard (1...VectorReader.maximumDimension).contains(header.dimension) else {
      throw vectorError(.dimensionOutOfRange(Int64(header.dimension)))
    }
    guard let dataSize = header.dataSizeInBytes, dataSize <= Int64.max - headerSize else {
      throw vectorError(.badHeader(reason: "the shape is too large"))
    }
    if compression == .none, headerSize + dataSize != sizeInBytes {
      throw vectorError(.size(expected: headerSize + dataSize, found: sizeInBytes))
    }
    return header
  }

  private mutating func readNpyDictionary(
    lengthSize: Int
  ) throws(CorpusError) -> (NpyHeader, headerSize: Int64) {
    var length = [UInt8](repeating: 0, count: lengthSize)
    guard try readFully(into: &length, count: lengthSize) == lengthSize else {
      throw vectorError(.badHeader(reason: "it ends too early"))
    }
    let size = length.reversed().reduce(0) { $0 << 8 | Int($1) }
    guard size <= NpyHeader.maximumSizeInBytes else {
      throw vectorError(.badHeader(reason: "it claims to have \(size) bytes"))
    }
    var dictionary = [UInt8](repeating: 0, count: size)
    guard try readFully(into: &dictionary, count: size) == size else {
      throw vectorError(.badHeader(reason: "it ends too early"))
    }
    do {
      return (try NpyHeader(dictionary: dictionary), Int64(8 + lengthSize + size))
    } catch {
      throw vectorError(error)
    }
  }

  /// Looks at the first row of an `.fvecs` file and goes back to the first byte.
  mutating func readFvecsShape() throws(CorpusError) -> VectorShape {
    guard [".fvecs", ".fvecs.gz", ".fvecs.zst"].contains(where: { path.hasSuffix($0) }) else {
      throw vectorError(.unknownFormat)
    }
    var start: [UInt8] = [0, 0, 0, 0]
    guard try readFully(into: &start, count: 4) == 4 else {
      throw vectorError(.truncated(row: 0))
    }
    try rewind()
    let bits = start.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    let dimension = Int(Int32(bitPattern: bits))
    guard (1...VectorReader.maximumDimension).contains(dimension) else {
      throw vectorError(.dimensionOutOfRange(Int64(dimension)))
    }
    guard compression == .none else { return VectorShape(dimension: dimension, rowCount: nil) }
    let (rowCount, rest) = sizeInBytes.quotientAndRemainder(dividingBy: Int64(4 + 4 * dimension))
    guard rest == 0 else { throw vectorError(.truncated(row: Int(rowCount))) }
    return VectorShape(dimension: dimension, rowCount: Int(rowCount))
  }

  private func vectorError(_ fault: VectorFault) -> CorpusError {
    .vectors(path: path, fault: fault)
  }
}
