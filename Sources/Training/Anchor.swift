package import Encoding
internal import LinearAlgebra

/// The parent of what is trained: its vectors are what a run may be pulled towards.
package struct Anchor: Sendable {
  private let encoder: TransformerEncoder
  private let workers: Workers

  package init(_ encoder: TransformerEncoder, workerCount: Int) {
    self.encoder = encoder
    workers = Workers(count: workerCount)
  }

  /// Unit vectors of all texts of a batch, text count × D.
  func vectors(of batch: TokenBatch) -> [Float] {
    let D = encoder.configuration.width
    let chunks = Chunk.all(batch.offsets)
    let vectors = SharedFloats(count: batch.textCount * D)
    workers.forEach(chunks.count) { number, _ in
      let chunk = chunks[number]
      let offsets = batch.offsets[chunk.passages.lowerBound...chunk.passages.upperBound].map {
        $0 - chunk.rows.lowerBound
      }
      var scratch = EncoderScratch()
      // Sound: a passage belongs to one chunk.
      var part = unsafe vectors.mutableSpan(of: chunk.passages, width: D)
      encoder.encode(
        tokens: batch.tokens.span.extracting(chunk.rows), offsets: offsets.span,
        scratch: &scratch, into: &part)
    }
    return vectors.array
  }
}
