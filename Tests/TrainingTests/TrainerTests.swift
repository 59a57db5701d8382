import FoundationEssentials
import LinearAlgebra
import Testing

@testable import Encoding
@testable import Training

/// Whole runs on a small model: the same bytes for any number of workers, and after a stop.
@Suite struct TrainerTests {
  private static let letters = Array("abcdefghijklmnopqrstuvwxyz").map(String.init)

  /// 40 queries of two letters; a passage that has both answers.
  private static var data: TrainingData {
    let pairs = (0..<40).map { (letters[$0 % 26], letters[($0 * 7 + 3) % 26]) }
    let passages = pairs.map { "the cat \($0.0) the \($0.1) ." }
    return TrainingData(
      queries: pairs.map { "\($0.0) \($0.1)" }, passages: passages,
      examples: pairs.indices.map { place in
        TrainingExample(query: place, positive: place, negatives: [(place + 5) % 40])
      }, answers: pairs.indices.map { [$0] })
  }

  private static func trainer(
    _ recipe: Recipe, steps: Int = 12, workers: Int = 2, seed: UInt64 = 1
  ) throws -> Trainer {
    let model = try TrainingFixture.model("plain")
    let encoder = try TrainableEncoder(
      model, scope: recipe.scope, kernels: .best, workerCount: workers, tokenCapacity: 256)
    encoder.trained.startAdapters(seed: seed)
    encoder.pack()
    let batches = BatchMaker(
      data, recipe, try Tokenizer(directory: model.transformerPath),
      BatchMaker.TextSettings(queryPrefix: "", passagePrefix: "", maxLength: 16), seed: seed)
    let anchor = try Anchor(
      TransformerEncoder(model, .float32, kernels: .best), workerCount: workers)
    let objective = EncoderObjective(
      recipe, encoder: encoder, anchor: recipe.anchorWeight > 0 ? anchor : nil, batches: batches,
      seed: seed)
    return Trainer(recipe, objective, stepCount: steps, workerCount: workers)
  }

  private static let recipes: [Recipe] = {
    var recipes = [Recipe.contrastive, .safe, .paper(.random, .lora), .paperAsRun(.mined, .full)]
    recipes[0].dropout = 0.1
    recipes[0].optimizer = .lion
    recipes[2].averageDecay = 0.9
    for place in recipes.indices {
      recipes[place].batchSize = 8
      // Adapters begin at nothing and have a longer way.
      recipes[place].rate = recipes[place].part == .lora ? 1e-2 : 1e-3
      recipes[place].warmupShare = 0.2
    }
    return recipes
  }()

  /// The values at the end, and the losses on the way.
  private static func finish(_ trainer: consuming Trainer) throws -> (
    values: [Float], losses: [Double]
  ) {
    var losses: [Double] = []
    while let step = try trainer.step() { losses.append(step.loss) }
    return (trainer.current.array, losses)
  }

  @Test("a run learns, and ends with the same bytes on 1 and 2 workers", arguments: recipes)
  func workers(recipe: Recipe) throws {
    let one = try Self.finish(Self.trainer(recipe, steps: 60, workers: 1))
    let two = try Self.finish(Self.trainer(recipe, steps: 60, workers: 2))
    #expect(one.values == two.values && one.losses == two.losses)
    let (first, last) = (one.losses.prefix(5).reduce(0, +), one.losses.suffix(5).reduce(0, +))
    #expect(last < 0.9 * first, "from \(first / 5) to \(last / 5)")
    let other = try Self.finish(Self.trainer(recipe, steps: 60, seed: 2))
    #expect(other.values != one.values)
  }

  @Test("a run that goes on from its state ends with the same bytes", arguments: recipes)
  func resume(recipe: Recipe) throws {
    let folder = FileManager.default.temporaryDirectory.path + "/pawl-run-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let whole = try Self.finish(Self.trainer(recipe))
    for stop in [1, 6, 11] {
      var first = try Self.trainer(recipe)
      for _ in 0..<stop { _ = try first.step() }
      _ = first.note(look(Double(stop)))
      try first.save(to: folder, fingerprint: "x")
      // Steps behind the state are forgotten.
      _ = try first.step()
      var second = try Self.trainer(recipe, workers: 1)
      let isOther = try second.restore(from: folder, fingerprint: "another run")
      let isSame = try second.restore(from: folder, fingerprint: "x")
      #expect(!isOther && isSame)
      let progress = second.progress
      #expect(progress.stepCount == stop && progress.best?.step == stop)
      let rest = try Self.finish(second)
      #expect(rest.values == whole.values, "\(recipe.name) after \(stop)")
      #expect(rest.losses == Array(whole.losses.dropFirst(stop)))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 2)
    }
  }

  @Test("what is not finite is skipped, and three times in a row is the end")
  func divergence() throws {
    var recipe = Recipe.contrastive
    recipe.batchSize = 8
    // An infinite rate makes values that are no numbers.
    recipe.rate = .infinity
    recipe.warmupShare = 0
    var trainer = try Self.trainer(recipe)
    var skipped: [Bool] = []
    for _ in 0..<3 { skipped.append(try trainer.step()?.isSkipped ?? false) }
    #expect(skipped == [false, true, true])
    var failure: TrainingError?
    do { _ = try trainer.step() } catch let error as TrainingError { failure = error }
    #expect(failure == .diverged(step: 3, version: nil))
    let best = trainer.best.array
    #expect(best.allSatisfy { $0.isFinite })
  }

  @Test("a running mean spans the last quarter of a short run, and its decay's steps of a long one")
  func runningMean() throws {
    var recipe = Recipe.contrastive
    recipe.batchSize = 8
    recipe.averageDecay = 0.8
    var trainer = try Self.trainer(recipe, steps: 24)
    var values: [[Float]] = []
    while try trainer.step() != nil { values.append(trainer.objective.trained.values.array) }
    // What each step's values are of the mean, from the last to the first: all of it at the first step.
    var (expected, left) = ([Double](repeating: 0, count: values[0].count), 1.0)
    for number in (1...24).reversed() {
      let share = left * (number > 17 ? 0.2 : 4 / Double(number + 3))
      for place in expected.indices { expected[place] += share * Double(values[number - 1][place]) }
      left -= share
    }
    #expect(abs(left) < 1e-12)
    let mean = trainer.current.array
    let worst = zip(mean, expected).map { abs(Double($0) - $1) }.max() ?? 1
    #expect(worst < 1e-6, "\(worst)")
    #expect(mean != values[23])
  }

  @Test("the best validation is kept, and patience ends a run")
  func patience() throws {
    var recipe = Recipe.contrastive
    recipe.batchSize = 8
    recipe.patience = 2
    var trainer = try Self.trainer(recipe)
    var goesOn = [trainer.note(look(0.5))]
    _ = try trainer.step()
    goesOn.append(trainer.note(look(0.7)))
    let best = trainer.objective.trained.values.array
    _ = try trainer.step()
    goesOn.append(trainer.note(look(0.7)))
    goesOn.append(trainer.note(look(0.6)))
    #expect(goesOn == [true, true, true, false])
    let (kept, last) = (trainer.best.array, trainer.objective.trained.values.array)
    #expect(kept == best && last != best)
    let progress = trainer.progress
    #expect(progress.best == TrainingProgress.Look(step: 1, result: look(0.7)))
  }
}

/// A validation of that metric.
private func look(_ metric: Double) -> Validation.Result {
  Validation.Result(reciprocalRank: metric, effectiveRank: 10, meanCosine: 0)
}
