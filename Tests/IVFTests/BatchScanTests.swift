import LMDB
import LinearAlgebra
import Testing

@testable import IVF

/// A batch finds what one query at a time finds: the same rows, the same bits.
@Suite struct BatchScanTests {
  @Test("a batch equals single queries for each codec and odd widths", arguments: Codec.allCases)
  func codecs(codec: Codec) throws {
    for (seed, width) in [1, 2, 3, 5, 31, 32, 33, 64, 100, 384].enumerated() {
      var numbers = Numbers(seed: seed)
      let scratch = try Scratch()
      try scratch.store(
        numbers.embeddings(700, width: width), codec: codec, blockSize: 100 + 37 * seed)
      let queries = numbers.embeddings(23, width: width)
      let expected = try scratch.flat(queries, codec: codec, k: 10)
      let found = try scratch.batch(queries, codec: codec, k: 10)
      #expect(found.bits == expected.bits, "\(width) dimensions")
    }
  }

  @Test("every filter and any number of workers finds the same", arguments: CodeFilter.all)
  func filtersAndWorkers(filter: CodeFilter) throws {
    var numbers = Numbers(seed: 11)
    let scratch = try Scratch()
    try scratch.store(numbers.embeddings(3_000, width: 48), codec: .int8, blockSize: 1024)
    let queries = numbers.embeddings(61, width: 48)
    for k in [1, 7, 40] {
      let expected = try scratch.flat(queries, codec: .int8, k: k)
      for workers in [1, 2, 5] {
        let found = try scratch.batch(
          queries, codec: .int8, k: k, filter: filter, workers: workers)
        #expect(found.bits == expected.bits, "k = \(k), \(workers) workers")
      }
    }
  }

  @Test("with a sample, wrong guesses included, a batch equals single queries", arguments: 0..<4)
  func samples(seed: Int) throws {
    var numbers = Numbers(seed: seed)
    let scratch = try Scratch()
    let width = 24
    var vectors = numbers.embeddings(18_000, width: width)
    let queries = numbers.embeddings(40, width: width)
    // The sample takes every eighth vector from the fifth on: those are made to resemble the queries
    // more than any other, so that guesses from them are too high.
    if seed % 2 == 1 {
      for row in stride(from: 4, to: vectors.count, by: 8) {
        vectors[row] = zip(queries[row % 40], numbers.vector(width)).map { $0 + 0.1 * $1 }
      }
    }
    try scratch.store(vectors, codec: .int8, blockSize: 1024)
    var repeated = 0
    for k in [3, 100] {
      var work = BatchWork()
      let expected = try scratch.flat(queries, codec: .int8, k: k)
      let found = try scratch.batch(queries, codec: .int8, k: k, work: &work)
      #expect(found.bits == expected.bits, "k = \(k)")
      #expect(work.unfilteredCount == 0)
      repeated += work.repeatedCount
    }
    #expect((repeated > 0) == (seed % 2 == 1), "\(repeated) queries repeated")
  }
}
