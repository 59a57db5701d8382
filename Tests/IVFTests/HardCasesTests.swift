import LMDB
import LinearAlgebra
import Testing

@testable import IVF

/// What could go wrong with bounds, ties and odd numbers.
@Suite struct HardCasesTests {
  private func expectEqual(
    _ vectors: [[Float]], _ queries: [[Float]], _ codec: Codec, k: Int, blockSize: Int = 256,
    _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let scratch = try Scratch()
    try scratch.store(vectors, codec: codec, blockSize: blockSize)
    let expected = try scratch.flat(queries, codec: codec, k: k)
    for filter in CodeFilter.all {
      let found = try scratch.batch(queries, codec: codec, k: k, filter: filter)
      #expect(found.bits == expected.bits, comment, sourceLocation: sourceLocation)
    }
  }

  @Test("hundreds of equal codes that tie at k are all found", arguments: Codec.allCases)
  func ties(codec: Codec) throws {
    for seed in 0..<3 {
      var numbers = Numbers(seed: seed)
      let kinds = numbers.embeddings(6, width: 20)
      let vectors = (0..<2_000).map { _ in kinds[numbers.below(6)] }
      let queries = numbers.embeddings(20, width: 20)
      for k in [1, 300, 400, 1_999] { try expectEqual(vectors, queries, codec, k: k, "k = \(k)") }
    }
  }

  @Test("k beyond the number of codes gives them all, no codes give nothing, one gives one")
  func extremes() throws {
    var numbers = Numbers(seed: 3)
    let queries = numbers.embeddings(9, width: 12)
    for count in [0, 1, 2, 15, 16, 17, 31, 33] {
      let vectors = numbers.embeddings(count, width: 12)
      for k in [50, 1 << 30, .max] {
        try expectEqual(vectors, queries, .int8, k: k, "\(count) codes, k = \(k)")
      }
    }
    let scratch = try Scratch()
    #expect(try scratch.batch([], codec: .int8, k: 5).isEmpty)
    #expect(try scratch.batch(queries, codec: .int8, k: 5) == Array(repeating: [], count: 9))
  }

  @Test("vectors of zeros, denormal and huge numbers", arguments: Codec.allCases)
  func oddNumbers(codec: Codec) throws {
    var numbers = Numbers(seed: 5)
    var vectors = numbers.embeddings(400, width: 10)
    // Not infinite as half floats, or what the encoder does with them is not tested here.
    let sizes: [Float] = [0, 0x1p-149, 0x1p-140, 1e-38, 1e-20, 1e-8, 1, 100, 30_000]
    for row in stride(from: 0, to: 400, by: 7) {
      vectors[row] = vectors[row].map { $0 * sizes[row / 7 % sizes.count] }
    }
    var queries = numbers.embeddings(30, width: 10)
    for index in 0..<20 {
      queries[index] = queries[index].map { $0 * sizes[index % sizes.count] }
    }
    queries[20][3] = .nan
    queries[21][3] = .infinity
    queries[22][3] = .greatestFiniteMagnitude
    for k in [1, 30, 390] { try expectEqual(vectors, queries, codec, k: k, "k = \(k)") }
  }

  @Test("float codes that are infinite or no numbers are scored as one query does")
  func notFinite() throws {
    var numbers = Numbers(seed: 6)
    var vectors = numbers.embeddings(300, width: 9)
    for row in 0..<20 { vectors[row * 13][row % 9] = [.nan, .infinity, -.infinity, 3e38][row % 4] }
    let queries = numbers.embeddings(16, width: 9)
    for k in [1, 12, 299] {
      try expectEqual(vectors, queries, .float32, k: k, "k = \(k)")
      try expectEqual(vectors, queries, .float16, k: k, "k = \(k)")
    }
  }

  @Test("one element much larger than the others, which then are lost to rounding")
  func spikes() throws {
    for seed in 0..<4 {
      var numbers = Numbers(seed: seed)
      let width = 40
      func spiked(_ vector: [Float], _ at: Int) -> [Float] {
        var vector = vector.map { $0 / 300 }
        vector[at] = 1
        return vector
      }
      let vectors = (0..<3_000).map { row in spiked(numbers.vector(width), row % 3) }
      let queries = (0..<25).map { index in spiked(numbers.vector(width), index % 4) }
      for codec in Codec.allCases { try expectEqual(vectors, queries, codec, k: 10) }
    }
  }

  @Test("scores that all lie within the bounds of each other", arguments: Codec.allCases)
  func nearTies(codec: Codec) throws {
    for seed in 0..<3 {
      var numbers = Numbers(seed: seed)
      let base = numbers.embeddings(1, width: 50)[0]
      let vectors = (0..<4_000).map { _ in base.map { $0 + 1e-4 * numbers.float() } }
      let queries = (0..<20).map { _ in base.map { $0 + 1e-4 * numbers.float() } }
      try expectEqual(vectors, queries, codec, k: 25)
    }
  }

  /// The bound of the best codes is used up wholly: they look as if they scored 0, and are within a
  /// hair of what the others have for certain.
  @Test("the best code is found although the filter's integers see nothing of it")
  func hiddenBest() throws {
    let width = 33
    for filter in CodeFilter.all {
      let lost = 0.499 / Float(filter.limit)
      var query = [Float](repeating: lost, count: width)
      query[0] = 1
      // Scores about 32 · lost; the integers say 0.
      var hidden = [Float](repeating: 1, count: width)
      hidden[0] = 0
      // Scores 97 % of it, and the integers say so.
      var plain = [Float](repeating: 0, count: width)
      plain[0] = Float(width - 1) * lost * 0.97
      var vectors = (0..<5_000).map { _ in plain }
      for row in [700, 2_500, 4_999] { vectors[row] = hidden }
      let scratch = try Scratch()
      try scratch.store(vectors, codec: .int8, blockSize: 1024)
      let queries = [[Float]](repeating: query, count: 20)
      let found = try scratch.batch(queries, codec: .int8, k: 3, filter: filter)
      #expect(found.bits == (try scratch.flat(queries, codec: .int8, k: 3)).bits, "\(filter.name)")
      #expect(found[0].map(\.row) == [2_100, 7_500, 14_997], "\(filter.name)")
    }
  }

  @Test("vectors of very different lengths, the longest not the nearest", arguments: Codec.allCases)
  func lengths(codec: Codec) throws {
    var numbers = Numbers(seed: 9)
    let vectors = numbers.embeddings(20_000, width: 8).enumerated().map { row, vector in
      vector.map { $0 * Float(1 + row % 17 * row % 13) }
    }
    let queries = numbers.embeddings(30, width: 8)
    try expectEqual(vectors, queries, codec, k: 100, blockSize: 1000)
  }

  @Test("a block of another kind is an error, as in a single search")
  func wrongBlocks() throws {
    var numbers = Numbers(seed: 1)
    let scratch = try Scratch()
    try scratch.store(numbers.embeddings(50, width: 8), codec: .float16, blockSize: 20)
    let queries = numbers.embeddings(10, width: 8)
    #expect(
      throws: CodeBlockError.wrongKind(
        codec: .float16, width: 8, expected: .int8, expectedWidth: 8)
    ) { try scratch.batch(queries, codec: .int8, k: 3) }
  }

  @Test("a block of more than 1,024 codes, and int8 codes of -128, which no encoder makes")
  func foreignBlocks() throws {
    var numbers = Numbers(seed: 2)
    let (count, width) = (2_500, 12)
    var block = CodeBlockBuilder(codec: .int8, width: width)
    for row in 0..<count {
      let vector = numbers.vector(width)
      block.append(row: UInt32(row), embedding: vector.span, kernels: .best)
    }
    var bytes = block.build()
    for index in stride(from: 48, to: 48 + count * width, by: 5) { bytes[index] = 0x80 }
    let scratch = try Scratch()
    var write = try scratch.environment.beginWrite()
    try scratch.put(bytes, block: 0, in: &write)
    try write.commit()
    let queries = numbers.embeddings(30, width: width)
    let expected = try scratch.flat(queries, codec: .int8, k: 17)
    for filter in CodeFilter.all {
      let found = try scratch.batch(queries, codec: .int8, k: 17, filter: filter)
      #expect(found.bits == expected.bits, "\(filter.name)")
    }
  }
}
