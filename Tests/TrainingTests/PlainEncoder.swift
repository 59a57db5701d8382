import Glibc

@testable import Encoding
@testable import Training

/// The encoder in plain float64, loop by loop: the oracle of the fast one.
struct PlainEncoder {
  let layout: ParameterLayout
  let pooling: ModelDirectory.Pooling
  var values: [Double]
  var adapters: (layout: AdapterLayout, values: [Double])?
  /// Numbers that are dropped: factor of each, by place, row and column.
  var dropout: (_ site: Int, _ row: Int, _ column: Int, _ width: Int) -> Double = { _, _, _, _ in 1
  }
  /// The same for adapters' inputs.
  var adapterDropout: (_ site: Int, _ row: Int, _ column: Int, _ width: Int) -> Double = {
    _, _, _, _ in 1
  }

  private typealias Rows = [[Double]]
  private var shape: TransformerConfiguration { layout.shape }

  /// B × D, not of unit length.
  func pooled(tokens: [Int32], offsets: [Int]) -> [[Double]] {
    (0..<offsets.count - 1).map { passage in
      let rows = offsets[passage]..<offsets[passage + 1]
      let hidden = encode(Array(tokens[rows]), firstRow: rows.lowerBound)
      if pooling == .cls { return hidden[0] }
      return (0..<shape.width).map { column in
        hidden.reduce(0) { $0 + $1[column] } / Double(hidden.count)
      }
    }
  }

  private func encode(_ tokens: [Int32], firstRow: Int) -> Rows {
    let D = shape.width
    var x: Rows = tokens.enumerated().map { position, token in
      (0..<D).map { column in
        values[layout.words.lowerBound + Int(token) * D + column]
          + values[layout.positions.lowerBound + position * D + column]
          + values[layout.types.lowerBound + column]
      }
    }
    x = drop(norm(x, layout.embeddingNorm), site: DropoutSite.embeddings, firstRow)
    for index in layout.layers.indices { x = layer(index, x, firstRow) }
    return x
  }

  private func layer(_ index: Int, _ x: Rows, _ firstRow: Int) -> Rows {
    let place = layout.layers[index]
    let qkv = product(
      x, place.qkv, index, [.query, .key, .value], from: shape.width, to: 3 * shape.width,
      firstRow)
    let attended = product(
      attention(qkv), place.attentionOutput, index, [.attentionOutput], from: shape.width,
      to: shape.width, firstRow)
    let hidden = norm(
      add(x, drop(attended, site: DropoutSite.layer(index, 0), firstRow)), place.attentionNorm)
    let wide = product(
      hidden, place.up, index, [.intermediate], from: shape.width, to: shape.intermediateWidth,
      firstRow)
    let activated = wide.map { $0.map { $0 * 0.5 * (1 + erf($0 / 2.0.squareRoot())) } }
    let narrow = product(
      activated, place.down, index, [.output], from: shape.intermediateWidth, to: shape.width,
      firstRow)
    return norm(
      add(hidden, drop(narrow, site: DropoutSite.layer(index, 1), firstRow)), place.outputNorm)
  }

  private func product(
    _ x: Rows, _ place: ParameterLayout.Dense, _ layer: Int, _ targets: [AdapterSettings.Target],
    from K: Int, to N: Int, _ firstRow: Int
  ) -> Rows {
    var y: Rows = x.map { row in
      (0..<N).map { output in
        let start = place.weight.lowerBound + output * K
        return (0..<K).reduce(values[place.bias.lowerBound + output]) {
          $0 + row[$1] * values[start + $1]
        }
      }
    }
    guard let adapters else { return y }
    let settings = adapters.layout.settings
    for (part, target) in targets.enumerated() {
      guard let place = adapters.layout.place(layer: layer, target) else { continue }
      let number = AdapterSettings.Target.allCases.firstIndex(of: target) ?? 0
      let width = N / targets.count
      for row in x.indices {
        let kept = x[row].enumerated().map { column, value in
          value * adapterDropout(DropoutSite.layer(layer, 2 + number), firstRow + row, column, K)
        }
        let low = (0..<settings.rank).map { r in
          (0..<K).reduce(0) { $0 + kept[$1] * adapters.values[place.a.lowerBound + r * K + $1] }
        }
        for output in 0..<width {
          let start = place.b.lowerBound + output * settings.rank
          y[row][part * width + output] +=
            settings.scale
            * (0..<settings.rank).reduce(0) { $0 + low[$1] * adapters.values[start + $1] }
        }
      }
    }
    return y
  }

  private func attention(_ qkv: Rows) -> Rows {
    let (D, W) = (shape.width, shape.headWidth)
    return qkv.map { query in
      var out = [Double](repeating: 0, count: D)
      for head in 0..<shape.headCount {
        let start = head * W
        let scores = qkv.map { key in
          (0..<W).reduce(0) { $0 + query[start + $1] * key[D + start + $1] }
            / Double(W).squareRoot()
        }
        let highest = scores.max() ?? 0
        let sum = scores.reduce(0) { $0 + exp($1 - highest) }
        for (t, score) in scores.enumerated() {
          let share = exp(score - highest) / sum
          for d in 0..<W { out[start + d] += share * qkv[t][2 * D + start + d] }
        }
      }
      return out
    }
  }

  private func norm(_ x: Rows, _ place: ParameterLayout.Norm) -> Rows {
    x.map { row in
      let mean = row.reduce(0, +) / Double(row.count)
      let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
      let scale = 1 / (variance + Double(shape.layerNormEpsilon)).squareRoot()
      return row.enumerated().map { column, value in
        (value - mean) * scale * values[place.gamma.lowerBound + column]
          + values[place.beta.lowerBound + column]
      }
    }
  }

  private func add(_ x: Rows, _ y: Rows) -> Rows {
    zip(x, y).map { zip($0, $1).map { $0 + $1 } }
  }

  private func drop(_ x: Rows, site: Int, _ firstRow: Int) -> Rows {
    x.enumerated().map { row, values in
      values.enumerated().map { $1 * dropout(site, firstRow + row, $0, shape.width) }
    }
  }
}
