internal import Encoding
internal import LinearAlgebra

/// The loss of a batch and its gradients, in bounded memory whatever the batch's size.
///
/// A batch that fits into one pass is one. Of a larger one a loss that is a sum over queries is computed in parts;
/// for others vectors are made first, pass by pass, then the loss, and then each pass goes forward again and
/// backward with its vectors' gradients. Both give the gradient of the whole batch.
/// Source: Gao et al. 2021, section 3 (gradient caching).
package struct BatchGradient: Sendable {
  package let encoder: TrainableEncoder
  package let loss: any Loss
  /// λ of λ · mean ‖x − anchor‖², x and anchor of unit length; 0 for none.
  package let anchorWeight: Double

  package init(encoder: TrainableEncoder, loss: any Loss, anchorWeight: Double = 0) {
    self.encoder = encoder
    self.loss = loss
    self.anchorWeight = anchorWeight
  }

  private var D: Int { encoder.layout.shape.width }

  /// The encoder's gradients += the batch's.
  ///
  /// - Parameter dropoutKey: the stream of random numbers of this step.
  /// - Returns: the loss.
  package func add(_ batch: TokenBatch, dropoutKey: UInt64 = 0) -> Double {
    if batch.tokens.count <= encoder.tokenCapacity {
      return addWhole(batch, PassContext(dropoutKey: dropoutKey))
    }
    guard loss.isSumOverQueries, let parts = batch.parts(ofTokens: encoder.tokenCapacity) else {
      return addByPasses(batch, dropoutKey)
    }
    var (loss, firstToken) = (0.0, 0)
    for part in parts {
      loss += addWhole(part, PassContext(dropoutKey: dropoutKey, firstToken: firstToken))
      firstToken += part.tokens.count
    }
    return loss
  }

  private func addWhole(_ batch: TokenBatch, _ context: PassContext) -> Double {
    let pooled = SharedFloats(count: batch.textCount * D)
    encoder.forward(
      tokens: batch.tokens, offsets: batch.offsets, context: context, into: pooled)
    let (loss, gradient) = evaluate(batch, pooled)
    encoder.backward(
      tokens: batch.tokens, offsets: batch.offsets, context: context, pooledGradient: gradient)
    return loss
  }

  private func addByPasses(_ batch: TokenBatch, _ dropoutKey: UInt64) -> Double {
    let passes = batch.passes(ofTokens: encoder.tokenCapacity)
    let pooled = SharedFloats(count: batch.textCount * D)
    for texts in passes { forward(batch, texts, dropoutKey, into: pooled) }
    let (loss, gradient) = evaluate(batch, pooled)
    // The last pass is still on the tape.
    for (place, texts) in passes.enumerated().reversed() {
      if place < passes.count - 1 { forward(batch, texts, dropoutKey, into: pooled) }
      let (tokens, offsets, context) = pass(batch, texts, dropoutKey)
      let part = SharedFloats(count: texts.count * D)
      // Sound: nobody else has it.
      var view = unsafe part.mutableSpan(0..<part.count)
      view.copy(gradient.span(of: texts, width: D))
      encoder.backward(
        tokens: tokens, offsets: offsets, context: context, pooledGradient: part)
    }
    return loss
  }

  private func pass(
    _ batch: TokenBatch, _ texts: Range<Int>, _ dropoutKey: UInt64
  ) -> (tokens: [Int32], offsets: [Int], context: PassContext) {
    let start = batch.offsets[texts.lowerBound]
    return (
      Array(batch.tokens[start..<batch.offsets[texts.upperBound]]),
      batch.offsets[texts.lowerBound...texts.upperBound].map { $0 - start },
      PassContext(dropoutKey: dropoutKey, firstToken: start)
    )
  }

  private func forward(
    _ batch: TokenBatch, _ texts: Range<Int>, _ dropoutKey: UInt64, into pooled: SharedFloats
  ) {
    let (tokens, offsets, context) = pass(batch, texts, dropoutKey)
    let part = SharedFloats(count: texts.count * D)
    encoder.forward(tokens: tokens, offsets: offsets, context: context, into: part)
    // Sound: nobody else writes to it.
    var view = unsafe pooled.mutableSpan(of: texts, width: D)
    view.copy(part.span(0..<part.count))
  }

  // MARK: From pooled vectors to the loss and back

  private func evaluate(
    _ batch: TokenBatch, _ pooled: SharedFloats
  ) -> (loss: Double, gradient: SharedFloats) {
    let raw = pooled.span(0..<pooled.count)
    let units = UnitRows(raw, width: D)
    var lossBatch = LossBatch(
      vectors: loss.takesUnitVectors ? units.values : pooled.array, width: D,
      queryCount: batch.queryCount, negativeCount: batch.negativeCount,
      queryTotal: batch.queryTotal, teacherScores: batch.teacherScores, kernels: encoder.kernels)
    var value = loss.evaluate(&lossBatch)
    var gradient = lossBatch.gradient
    if loss.takesUnitVectors { units.backward(&gradient) }
    if anchorWeight > 0 {
      precondition(batch.anchors.count == units.values.count, "a batch without anchors")
      let share = anchorWeight / Double(batch.textTotal)
      var pull = [Float](repeating: 0, count: gradient.count)
      for index in pull.indices {
        let difference = Double(units.values[index]) - Double(batch.anchors[index])
        value += share * difference * difference
        pull[index] = Float(2 * share * difference)
      }
      units.backward(&pull)
      for index in gradient.indices { gradient[index] += pull[index] }
    }
    return (value, SharedFloats(gradient))
  }
}

/// Rows brought to unit length; a row of zeros stays.
struct UnitRows {
  let width: Int
  private(set) var values: [Float]
  private var lengths: [Double]

  init(_ rows: Span<Float>, width D: Int) {
    width = D
    values = [Float](repeating: 0, count: rows.count)
    lengths = [Double](repeating: 0, count: rows.count / D)
    for row in lengths.indices {
      var square = 0.0
      for index in row * D..<(row + 1) * D { square += Double(rows[index]) * Double(rows[index]) }
      lengths[row] = square.squareRoot()
      if square == 0 { continue }
      for index in row * D..<(row + 1) * D {
        values[index] = Float(Double(rows[index]) / lengths[row])
      }
    }
  }

  /// gradient ← that of the rows from that of the unit vectors: (g − x(x·g)) / length.
  func backward(_ gradient: inout [Float]) {
    for row in lengths.indices {
      let part = row * width..<(row + 1) * width
      var along = 0.0
      for index in part { along += Double(values[index]) * Double(gradient[index]) }
      let scale = lengths[row] == 0 ? 0 : 1 / lengths[row]
      for index in part {
        gradient[index] = Float((Double(gradient[index]) - Double(values[index]) * along) * scale)
      }
    }
  }
}
