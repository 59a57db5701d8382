internal import Encoding
internal import LinearAlgebra

/// Gradients of one layer's biases and norms, chunk by chunk: sums over a chunk's rows are made where the rows
/// are in cache, and added up over chunks in their order.
struct BiasSums: Sendable {
  /// Where each lies among the sums of a chunk.
  struct Places: Sendable {
    let outputGamma: Range<Int>
    let outputBeta: Range<Int>
    let downBias: Range<Int>
    let upBias: Range<Int>
    let attentionGamma: Range<Int>
    let attentionBeta: Range<Int>
    let attentionOutputBias: Range<Int>
    let qkvBias: Range<Int>
    let count: Int

    init(_ shape: TransformerConfiguration) {
      var end = 0
      func next(_ count: Int) -> Range<Int> {
        end += count
        return end - count..<end
      }
      let D = shape.width
      outputGamma = next(D)
      outputBeta = next(D)
      downBias = next(D)
      upBias = next(shape.intermediateWidth)
      attentionGamma = next(D)
      attentionBeta = next(D)
      attentionOutputBias = next(D)
      qkvBias = next(3 * D)
      count = end
    }

    /// Each with its place in the block of gradients.
    func targets(_ layer: ParameterLayout.Layer) -> [(sums: Range<Int>, gradient: Range<Int>)] {
      [
        (outputGamma, layer.outputNorm.gamma), (outputBeta, layer.outputNorm.beta),
        (downBias, layer.down.bias), (upBias, layer.up.bias),
        (attentionGamma, layer.attentionNorm.gamma), (attentionBeta, layer.attentionNorm.beta),
        (attentionOutputBias, layer.attentionOutput.bias), (qkvBias, layer.qkv.bias),
      ]
    }
  }

  let places: Places
  /// Chunks × `places.count`.
  private let sums: SharedFloats

  init(_ shape: TransformerConfiguration, chunkCapacity: Int) {
    places = Places(shape)
    sums = SharedFloats(count: chunkCapacity * places.count)
  }

  /// Sets a chunk's sums to zero; they are one worker's.
  func clear(_ chunk: Chunk) {
    var part = unsafe mutableSpan(0..<places.count, of: chunk)
    part.update(repeating: 0)
  }

  @_lifetime(borrow self)
  @unsafe func mutableSpan(_ place: Range<Int>, of chunk: Chunk) -> MutableSpan<Float> {
    let start = chunk.number * places.count
    return unsafe sums.mutableSpan(start + place.lowerBound..<start + place.upperBound)
  }

  /// gradients += some chunks' sums, one after the other.
  func add(
    _ chunks: Range<Int>, _ layer: ParameterLayout.Layer, to gradients: SharedFloats,
    _ kernels: Kernels
  ) {
    for target in places.targets(layer) {
      // Sound: one worker adds up.
      var gradient = unsafe gradients.mutableSpan(target.gradient)
      for chunk in chunks {
        let start = chunk * places.count
        kernels.addRows(
          sums.span(start + target.sums.lowerBound..<start + target.sums.upperBound), rows: 1,
          to: &gradient)
      }
    }
  }
}
