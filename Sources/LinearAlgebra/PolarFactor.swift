/// The orthogonal matrix nearest to a square one: U·Vᵀ of M = U·Σ·Vᵀ.
///
/// Rows are turned against each other until all are at right angles, which leaves Σ·Vᵀ; the same turns of the
/// identity are Uᵀ. What M takes to nothing, so does the result.
/// - Parameter matrix: n × n, row-major.
/// - Returns: n × n; nil where a number is not finite or 60 sweeps were not enough.
/// - Complexity: some 10 sweeps of 3 · n³ multiplications in float64; 1 s for n = 384.
/// Source: Hestenes 1958 for the turns; Schönemann 1966 for what the factor is good for.
package func polarFactor(of matrix: [Double], count n: Int) -> [Double]? {
  precondition(matrix.count == n * n, "\(matrix.count) numbers for \(n) × \(n)")
  guard matrix.allSatisfy(\.isFinite) else { return nil }
  var rows = matrix
  var turns = [Double](repeating: 0, count: n * n)
  for i in 0..<n { turns[i * n + i] = 1 }
  guard makeOrthogonal(&rows, &turns, count: n) else { return nil }
  let lengths = (0..<n).map { dot(rows.span, $0, $0, n).squareRoot() }
  let least = (lengths.max() ?? 0) * .ulpOfOne * Double(n)
  var factor = [Double](repeating: 0, count: n * n)
  for k in 0..<n where lengths[k] > least {
    for i in 0..<n {
      let u = turns[k * n + i] / lengths[k]
      for j in 0..<n { factor[i * n + j] += u * rows[k * n + j] }
    }
  }
  return factor
}

/// Turns each two rows in their plane to a right angle, again and again.
///
/// - Parameter turns: turned likewise.
/// - Returns: whether all angles became right.
private func makeOrthogonal(_ rows: inout [Double], _ turns: inout [Double], count n: Int) -> Bool {
  for _ in 0..<60 {
    var isDone = true
    var squares = (0..<n).map { dot(rows.span, $0, $0, n) }
    for p in 0..<max(0, n - 1) {
      for q in p + 1..<n {
        let along = dot(rows.span, p, q, n)
        if abs(along) <= .ulpOfOne * Double(n) * (squares[p] * squares[q]).squareRoot() { continue }
        isDone = false
        let cotangent = (squares[q] - squares[p]) / (2 * along)
        let tangent =
          (cotangent < 0 ? -1 : 1) / (abs(cotangent) + (1 + cotangent * cotangent).squareRoot())
        let c = 1 / (1 + tangent * tangent).squareRoot()
        turn(&rows, p, q, c, c * tangent, n)
        turn(&turns, p, q, c, c * tangent, n)
        squares[p] -= tangent * along
        squares[q] += tangent * along
      }
    }
    if isDone { return true }
  }
  return false
}

private func dot(_ rows: Span<Double>, _ p: Int, _ q: Int, _ n: Int) -> Double {
  let (a, b) = (rows.extracting(p * n..<(p + 1) * n), rows.extracting(q * n..<(q + 1) * n))
  var sum = 0.0
  for k in 0..<n { sum += a[k] * b[k] }
  return sum
}

/// Rows p and q become c·p − s·q and s·p + c·q.
private func turn(_ rows: inout [Double], _ p: Int, _ q: Int, _ c: Double, _ s: Double, _ n: Int) {
  var view = rows.mutableSpan
  for k in 0..<n {
    let (a, b) = (view[p * n + k], view[q * n + k])
    view[p * n + k] = c * a - s * b
    view[q * n + k] = s * a + c * b
  }
}
