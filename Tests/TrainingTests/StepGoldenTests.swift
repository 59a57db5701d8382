import FoundationEssentials
import LinearAlgebra
import Testing

@testable import Encoding
@testable import Training

/// Whole steps on the real base model against PyTorch and sentence-transformers (tools/goldens/training).
@Suite struct StepGoldenTests {
  private static let (stepCount, batchSize) = (10, 8)

  /// Query, positive, negative of data/sample, as the golden script takes them.
  private static func examples() throws -> [[String]] {
    let folder = TrainingFixture.root.appending(path: "data/sample").path
    func lines(_ name: String) throws -> [Substring] {
      try String(contentsOf: URL(filePath: "\(folder)/\(name)"), encoding: .utf8)
        .split(separator: "\n")
    }
    func texts(_ name: String) throws -> [(id: String, text: String)] {
      try lines(name).map { line in
        let cut = line.firstIndex(of: "\t") ?? line.endIndex
        return (String(line[..<cut]), String(line[cut...].dropFirst()))
      }
    }
    let passages = try texts("collection.tsv")
    let passageText = Dictionary(uniqueKeysWithValues: passages.map { ($0.id, $0.text) })
    let queryText = Dictionary(
      uniqueKeysWithValues: try texts("queries.tsv").map { ($0.id, $0.text) })
    var examples: [[String]] = []
    var seen: Set<String> = []
    for line in try lines("qrels.tsv") {
      let columns = line.split(separator: "\t").map(String.init)
      guard Int(columns[3]) ?? 0 > 0, seen.insert(columns[0]).inserted else { continue }
      let negative = passages[examples.count * 37 % passages.count].text
      examples.append([queryText[columns[0]] ?? "", passageText[columns[2]] ?? "", negative])
    }
    return examples
  }

  static func batch(
    _ step: Int, size: Int, of examples: [[String]], negatives: Int, _ tokenizer: Tokenizer
  ) -> TokenBatch {
    var batch = TokenBatch(queryCount: size, negativeCount: negatives)
    var scratch = TokenizerScratch()
    for column in 0..<2 + negatives {
      for place in 0..<size {
        var tokens: [Int32] = []
        let text = examples[(step * size + place) % examples.count][column]
        tokenizer.encode(text, maximumLength: 128, into: &tokens, scratch: &scratch)
        batch.append(tokens)
      }
    }
    return batch
  }

  @Test(
    "ten steps lose what they lose in PyTorch",
    .enabled(if: FileManager.default.fileExists(atPath: TrainingFixture.baseModel)),
    arguments: ["adamw-ranking", "lion-ranking", "adamw-triplet"])
  func steps(name: String) throws {
    let goldens = try JSONDecoder().decode(
      [String: [Double]].self,
      from: Data(contentsOf: URL(filePath: TrainingFixture.golden("steps.json"))))
    let expected = try #require(goldens[name])
    let directory = try ModelDirectory(path: TrainingFixture.baseModel)
    let tokenizer = try Tokenizer(directory: directory.transformerPath)
    let encoder = try TrainableEncoder(
      directory, kernels: .best, workerCount: 2, tokenCapacity: 2_048)
    let isLion = name.hasPrefix("lion")
    let optimizer = Optimizer(
      isLion ? .lion() : .adamW(), weightDecay: 0.01, encoder.trained, kernels: .best,
      workerCount: 2)
    let isTriplet = name.hasSuffix("triplet")
    let gradient = BatchGradient(
      encoder: encoder,
      loss: isTriplet ? TripletLoss(distance: .cosine, margin: 1.5) : RankingLoss())
    let examples = try Self.examples()
    var worst = 0.0
    for step in 0..<Self.stepCount {
      let batch = Self.batch(
        step, size: Self.batchSize, of: examples, negatives: isLion ? 0 : 1, tokenizer)
      let loss = gradient.add(batch)
      let error = abs(loss - expected[step]) / expected[step]
      worst = max(worst, error)
      // What PyTorch's float32 and ours differ by grows from step to step.
      #expect(error <= 1e-4, "step \(step): \(loss), PyTorch \(expected[step])")
      let norm = optimizer.gradientNorm()
      optimizer.step(
        number: step + 1, rate: isLion ? 4e-6 : 2e-5, gradientScale: min(1, 1 / (norm + 1e-6)))
      encoder.pack()
    }
    print("StepGoldenTests: \(name): largest relative difference of a loss \(worst)")
  }
}
