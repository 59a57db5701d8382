package import Encoding
package import LinearAlgebra

/// A BERT-type encoder that goes forward and backward: token ids in, one pooled vector a passage out; gradients
/// of the pooled vectors in, gradients of what is trained out.
///
/// Tokens of all passages lie one behind another without padding, as in `TransformerEncoder`, whose vectors by
/// the path `float32` these are before they are brought to unit length. Gradients depend on the passages
/// alone, to the bit: not on the number of workers, not on the kernels.
///
/// Source: Devlin et al. 2019; pooling: Reimers & Gurevych 2019, section 3.
package struct TrainableEncoder: Sendable {
  package let layout: ParameterLayout
  package let scope: TrainingScope
  package let pooling: ModelDirectory.Pooling
  package let kernels: Kernels
  /// Floats of `layout`.
  package let values: SharedFloats
  /// What an optimizer changes.
  package let trained: TrainedBlock
  /// Tokens that one pass takes at most.
  package let tokenCapacity: Int

  /// Rows whose weight gradients are made together: their operands, 25 KB a row for all-MiniLM-L6-v2, should
  /// stay in the last cache.
  private let windowCapacity: Int

  private let workers: Workers
  private let layers: [TrainableLayer]
  private let tape: Tape
  /// Chunks × 2D: gradients of the embeddings' norm.
  private let normSums: SharedFloats
  /// positionCount × D: position embedding plus the embedding of token type 0.
  private let positions: SharedFloats
  /// T × D.
  private let gradient: SharedFloats
  private let scratch: [LayerScratch]

  private static let windowTokens = 2_048

  private var shape: TransformerConfiguration { layout.shape }
  private var D: Int { shape.width }

  /// Loads the parameters of a model directory.
  ///
  /// - Parameters:
  ///   - tokenCapacity: tokens of one pass: at least those of the longest passage. Each takes about 100 KB of
  ///     memory for all-MiniLM-L6-v2.
  /// - Throws: `EncodingError` naming the tensor that is absent or does not fit.
  package init(
    _ model: ModelDirectory, scope: TrainingScope = TrainingScope(), kernels: Kernels,
    workerCount: Int, tokenCapacity: Int
  ) throws(EncodingError) {
    let layout = ParameterLayout(model.configuration)
    let values = SharedFloats(count: layout.count)
    let file = try WeightFile(model)
    for tensor in layout.tensors {
      let found = try file.floats(tensor.name, tensor.shape)
      // Sound: nobody else has them yet.
      var place = unsafe values.mutableSpan(tensor.range)
      place.copy(found.span)
    }
    self.init(
      layout, values: values, pooling: model.pooling, scope: scope, kernels: kernels,
      workerCount: workerCount, tokenCapacity: tokenCapacity)
  }

  private init(
    _ layout: ParameterLayout, values: SharedFloats, pooling: ModelDirectory.Pooling,
    scope: TrainingScope, kernels: Kernels, workerCount: Int, tokenCapacity: Int
  ) {
    let shape = layout.shape
    let adapters = scope.adapters.map { AdapterLayout(shape, $0) }
    let workers = Workers(count: workerCount)
    let tape = Tape(shape, capacity: tokenCapacity)
    let chunkCapacity = tokenCapacity / Chunk.tokens + 1
    let rows = Chunk.tokens + shape.positionCount
    self.layout = layout
    self.scope = scope
    self.pooling = pooling
    self.kernels = kernels
    self.values = values
    self.tokenCapacity = tokenCapacity
    let windowCapacity = Swift.max(Self.windowTokens, rows)
    self.windowCapacity = windowCapacity
    self.workers = workers
    self.tape = tape
    trained = TrainedBlock(layout, values: values, scope: scope, adapters: adapters)
    let maker = LayerMaker(
      layout: layout, adapters: adapters, scope: scope, values: values, tape: tape,
      sums: BiasSums(shape, chunkCapacity: chunkCapacity), capacity: windowCapacity,
      kernels: kernels)
    layers = (0..<shape.layerCount).map { maker.layer($0) }
    normSums = SharedFloats(count: chunkCapacity * 2 * shape.width)
    positions = SharedFloats(count: shape.positionCount * shape.width)
    gradient = SharedFloats(count: tokenCapacity * shape.width)
    scratch = (0..<workers.count).map { _ in
      LayerScratch(shape, capacity: rows, rank: scope.adapters?.rank ?? 0)
    }
    packAll()
  }

  /// Takes changed values into use; between two steps of an optimizer once.
  package func pack() {
    if scope.adapters == nil { packAll() } else { packAdapters() }
  }

  private func packAll() {
    let products = layers.flatMap(\.products)
    // Sound: a product's weights are one worker's, and nobody goes forward meanwhile.
    workers.forEach(products.count) { number, _ in products[number].pack(values) }
    packAdapters()
    var sums = unsafe positions.mutableSpan(0..<positions.count)
    sums.copy(values.span(layout.positions))
    let type = values.span(layout.types)
    for index in 0..<positions.count { sums[index] += type[index % D] }
  }

  private func packAdapters() {
    let adapters = layers.flatMap(\.products).flatMap(\.adapters)
    workers.forEach(adapters.count) { number, _ in adapters[number].pack(trained.values) }
  }

  // MARK: Forward

  /// Encodes B passages; what going back needs is kept until the next call.
  ///
  /// - Parameters:
  ///   - tokens: ids of all passages, one behind another.
  ///   - offsets: B + 1 starts into `tokens`; the last one, its end, is at most `tokenCapacity`.
  ///   - pooled: B × D, overwritten; not of unit length.
  /// - Complexity: about 2 · ΣT · (4·D² + 2·D·I) · L operations; allocates nothing for a passage.
  package func forward(
    tokens: [Int32], offsets: [Int], context: PassContext = PassContext(),
    into pooled: SharedFloats
  ) {
    precondition((offsets.last ?? 0) <= tokenCapacity, "more than \(tokenCapacity) tokens")
    let chunks = Chunk.all(offsets)
    workers.forEach(chunks.count) { number, worker in
      let scratch = scratch[worker]
      let pass = RowsOfPass(chunk: chunks[number], rows: chunks[number].rows, step: context)
      embed(pass, tokens: tokens, offsets: offsets, scratch)
      for layer in layers { layer.forward(pass, offsets: offsets, scratch) }
      pool(chunks[number], offsets: offsets, scratch, into: pooled)
    }
  }

  private func embed(
    _ pass: RowsOfPass, tokens: [Int32], offsets: [Int], _ scratch: LayerScratch
  ) {
    let count = pass.count
    // Sound: scratch memory belongs to one worker, rows of the tape to one chunk.
    var sum = unsafe scratch.sum.mutableSpan(0..<count * D)
    var hidden = unsafe scratch.hidden.mutableSpan(0..<count * D)
    for passage in pass.chunk.passages {
      let range = offsets[passage]..<offsets[passage + 1]
      let start = range.lowerBound - pass.rows.lowerBound
      var rows = sum.part(start * D..<(start + range.count) * D)
      kernels.embed(
        ids: tokens.span.extracting(range), words: values.span(layout.words),
        positions: positions.span(0..<positions.count), width: D, into: &rows)
    }
    var normalized = unsafe tape.embeddingNormalized.mutableSpan(of: pass.rows, width: D)
    var scales = unsafe tape.embeddingScales.mutableSpan(pass.rows)
    kernels.layerNorm(
      sum.span, rows: count, gamma: values.span(layout.embeddingNorm.gamma),
      beta: values.span(layout.embeddingNorm.beta), epsilon: shape.layerNormEpsilon,
      normalized: &normalized, scales: &scales, into: &hidden)
    drop(&hidden, pass)
  }

  private func drop(_ x: inout MutableSpan<Float>, _ pass: RowsOfPass) {
    pass.mask(rate: scope.dropout).apply(
      &x, site: DropoutSite.embeddings, firstRow: pass.firstRow, width: D)
  }

  private func pool(
    _ chunk: Chunk, offsets: [Int], _ scratch: LayerScratch, into pooled: SharedFloats
  ) {
    for passage in chunk.passages {
      let start = offsets[passage] - chunk.rows.lowerBound
      let rows = pooling == .cls ? 1 : offsets[passage + 1] - offsets[passage]
      // Sound: a passage belongs to one chunk.
      var mean = unsafe pooled.mutableSpan(of: passage..<passage + 1, width: D)
      kernels.meanRows(
        scratch.hidden.span(of: start..<start + rows, width: D), rows: rows, into: &mean)
    }
  }

  // MARK: Backward

  /// trained.gradients += what the passages of the last call of `forward` contribute.
  ///
  /// - Parameters:
  ///   - context: as in that call.
  ///   - pooledGradient: B × D, of what `forward` gave.
  /// - Complexity: twice that of `forward`.
  package func backward(
    tokens: [Int32], offsets: [Int], context: PassContext = PassContext(),
    pooledGradient: SharedFloats
  ) {
    let chunks = Chunk.all(offsets)
    workers.forEach(chunks.count) { number, _ in
      poolBackward(chunks[number], offsets: offsets, pooledGradient)
    }
    for window in Chunk.windows(chunks, tokens: windowCapacity) {
      for layer in layers.reversed() where scope.reachesLayer(layer.index) {
        backward(layer, chunks, window, offsets: offsets, context)
      }
    }
    if scope.reachesEmbeddings {
      embedBackward(chunks, tokens: tokens, offsets: offsets, context)
    }
  }

  /// Some chunks back through one layer; then what their rows add to its weights' gradients.
  private func backward(
    _ layer: TrainableLayer, _ chunks: [Chunk], _ window: Range<Int>, offsets: [Int],
    _ context: PassContext
  ) {
    // Adapters of the lowest layer need no gradient of what it is given.
    let reachesInput =
      scope.reachesEmbeddings || (layer.index > 0 && scope.reachesLayer(layer.index - 1))
    let start = chunks[window.lowerBound].rows.lowerBound
    workers.forEach(window.count) { place, worker in
      let chunk = chunks[window.lowerBound + place]
      let pass = RowsOfPass(chunk: chunk, rows: chunk.rows, step: context, windowStart: start)
      layer.backward(
        pass, offsets: offsets, gradient: gradient, reachesInput: reachesInput, scratch[worker])
    }
    let rows = chunks[window.upperBound - 1].rows.upperBound - start
    let tiles = layer.tiles
    workers.forEach(tiles.count + 1) { item, _ in
      if item < tiles.count {
        tiles[item].run(kernels, rows: rows, gradients: trained.gradients)
      } else if scope.trainsLayer(layer.index) {
        layer.sums.add(window, layer.place, to: trained.gradients, kernels)
      }
    }
  }

  /// Each token of a passage has its share of the mean, or the first all of it.
  private func poolBackward(_ chunk: Chunk, offsets: [Int], _ pooledGradient: SharedFloats) {
    for passage in chunk.passages {
      let (start, end) = (offsets[passage], offsets[passage + 1])
      let source = pooledGradient.span(of: passage..<passage + 1, width: D)
      // Sound: a passage belongs to one chunk.
      var rows = unsafe gradient.mutableSpan(of: start..<end, width: D)
      rows.update(repeating: 0)
      let share = pooling == .cls ? 1 : 1 / Float(end - start)
      for row in 0..<(pooling == .cls ? 1 : end - start) {
        var target = rows.part(row * D..<(row + 1) * D)
        Kernels.add(source, times: share, to: &target)
      }
    }
  }

  /// hidden = drop(norm(word + position + type)).
  private func embedBackward(
    _ chunks: [Chunk], tokens: [Int32], offsets: [Int], _ context: PassContext
  ) {
    workers.forEach(chunks.count) { number, _ in
      let rows = chunks[number].rows
      // Sound: rows and sums of a chunk belong to one worker.
      var part = unsafe gradient.mutableSpan(of: rows, width: D)
      drop(&part, RowsOfPass(chunk: chunks[number], rows: rows, step: context))
      var gamma = unsafe normSums.mutableSpan(of: 2 * number..<2 * number + 1, width: D)
      var beta = unsafe normSums.mutableSpan(of: 2 * number + 1..<2 * number + 2, width: D)
      gamma.update(repeating: 0)
      beta.update(repeating: 0)
      kernels.layerNormBackward(
        normalized: tape.embeddingNormalized.span(of: rows, width: D),
        scales: tape.embeddingScales.span(rows), gamma: values.span(layout.embeddingNorm.gamma),
        rows: rows.count, gradient: &part, gammaGradient: &gamma, betaGradient: &beta)
    }
    // Sound, as below: one worker adds up, in the order of chunks and tokens.
    var gamma = unsafe trained.gradients.mutableSpan(layout.embeddingNorm.gamma)
    var beta = unsafe trained.gradients.mutableSpan(layout.embeddingNorm.beta)
    for chunk in chunks.indices {
      kernels.addRows(normSums.span(of: 2 * chunk..<2 * chunk + 1, width: D), rows: 1, to: &gamma)
      kernels.addRows(
        normSums.span(of: 2 * chunk + 1..<2 * chunk + 2, width: D), rows: 1, to: &beta)
    }
    addToTables(tokens: tokens, offsets: offsets)
  }

  private func addToTables(tokens: [Int32], offsets: [Int]) {
    var words = unsafe trained.gradients.mutableSpan(layout.words)
    var positions = unsafe trained.gradients.mutableSpan(layout.positions)
    var types = unsafe trained.gradients.mutableSpan(layout.types)
    var type = types.part(0..<D)
    for passage in 0..<offsets.count - 1 {
      for row in offsets[passage]..<offsets[passage + 1] {
        let source = gradient.span(of: row..<row + 1, width: D)
        let (word, position) = (Int(tokens[row]), row - offsets[passage])
        var wordRow = words.part(word * D..<(word + 1) * D)
        Kernels.add(source, times: 1, to: &wordRow)
        var positionRow = positions.part(position * D..<(position + 1) * D)
        Kernels.add(source, times: 1, to: &positionRow)
        Kernels.add(source, times: 1, to: &type)
      }
    }
  }
}
