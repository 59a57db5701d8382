import Testing

@testable import IVF

@Suite struct TopKTests {
  @Test("the best k come best first, with all that tie with the last, equal scores by row")
  func order() {
    let special: [Float] = [
      0, -0.0, 1, -1, .infinity, -.infinity, 0x1p-149, -0x1p-149, .greatestFiniteMagnitude,
      -.greatestFiniteMagnitude,
    ]
    for seed in 0..<50 {
      var numbers = Numbers(seed: seed)
      var rows = Array(UInt32(0)..<60).map { $0 * 70_000_000 }
      for index in rows.indices { rows.swapAt(index, numbers.below(rows.count)) }
      let all = rows.map { row in
        TopK.Candidate(
          score: numbers.below(3) == 0 ? numbers.float() : special[numbers.below(10)], row: row)
      }
      let sorted = all.sorted { $0.score != $1.score ? $0.score > $1.score : $0.row < $1.row }
      for k in [1, 2, 30, 59, 60, 61] {
        var top = TopK(k: k)
        for candidate in all { top.insert(score: candidate.score, row: candidate.row) }
        let last = k < 60 ? sorted[k - 1].score : -.infinity
        let expected = sorted.filter { $0.score >= last }
        #expect(top.candidates().map(\.bits) == expected.map(\.bits), "seed \(seed), k = \(k)")
      }
    }
  }
}
