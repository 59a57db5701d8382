internal import Glibc

/// The eigenvalues of a symmetric matrix of n × n, in no order.
///
/// Householder's reduction to three diagonals, then QL steps with implicit shifts.
/// - Parameter matrix: row-major; only the lower triangle is read.
/// - Returns: n numbers; nil where a number is not finite or 60 steps did not separate two eigenvalues.
/// - Complexity: 4/3 · n³ operations in float64; 0.1 s for n = 384.
/// Source: Wilkinson & Reinsch 1971, procedures tred1 and imtql1.
package func symmetricEigenvalues(_ matrix: [Double], count n: Int) -> [Double]? {
  precondition(matrix.count == n * n, "\(matrix.count) numbers for \(n) × \(n)")
  guard matrix.allSatisfy(\.isFinite) else { return nil }
  var a = matrix
  var (diagonal, off) = tridiagonal(&a, count: n)
  return separate(&diagonal, &off) ? diagonal : nil
}

/// Diagonal and the n − 1 numbers beside it, the first of them at place 1.
private func tridiagonal(_ a: inout [Double], count n: Int) -> ([Double], [Double]) {
  var diagonal = [Double](repeating: 0, count: n)
  var off = diagonal
  for i in stride(from: n - 1, to: 0, by: -1) {
    // Row i, columns below i, is reflected onto its last number.
    let last = i - 1
    let scale = (0...last).reduce(0) { $0 + abs(a[i * n + $1]) }
    if last == 0 || scale == 0 {
      off[i] = a[i * n + last]
      diagonal[i] = a[i * n + i]
      continue
    }
    var square = 0.0
    for k in 0...last {
      a[i * n + k] /= scale
      square += a[i * n + k] * a[i * n + k]
    }
    let f = a[i * n + last]
    let g = f >= 0 ? -square.squareRoot() : square.squareRoot()
    off[i] = scale * g
    let h = square - f * g
    a[i * n + last] = f - g
    // p = A·u / h; q = p − (uᵀp / 2h)·u; A ← A − q·uᵀ − u·qᵀ.
    var p = [Double](repeating: 0, count: last + 1)
    for j in 0...last {
      let u = a[i * n + j]
      for k in 0..<j {
        p[j] += a[j * n + k] * a[i * n + k]
        p[k] += a[j * n + k] * u
      }
      p[j] += a[j * n + j] * u
    }
    var along = 0.0
    for j in 0...last {
      p[j] /= h
      along += p[j] * a[i * n + j]
    }
    let half = along / (2 * h)
    for j in 0...last { p[j] -= half * a[i * n + j] }
    for j in 0...last {
      let (u, q) = (a[i * n + j], p[j])
      for k in 0...j { a[j * n + k] -= u * p[k] + q * a[i * n + k] }
    }
    diagonal[i] = a[i * n + i]
  }
  if n > 0 { diagonal[0] = a[0] }
  return (diagonal, off)
}

/// Turns three diagonals into one.
private func separate(_ d: inout [Double], _ off: inout [Double]) -> Bool {
  let n = d.count
  if n < 2 { return true }
  var e = Array(off.dropFirst()) + [0]
  for l in 0..<n {
    var steps = 0
    while true {
      var m = l
      while m < n - 1, abs(e[m]) > .ulpOfOne * (abs(d[m]) + abs(d[m + 1])) { m += 1 }
      if m == l { break }
      if steps == 60 { return false }
      steps += 1
      var g = (d[l + 1] - d[l]) / (2 * e[l])
      var r = hypot(g, 1)
      g = d[m] - d[l] + e[l] / (g + (g >= 0 ? r : -r))
      var (s, c, p) = (1.0, 1.0, 0.0)
      var isSplit = false
      for i in stride(from: m - 1, through: l, by: -1) {
        let (f, b) = (s * e[i], c * e[i])
        r = hypot(f, g)
        e[i + 1] = r
        if r == 0 {
          d[i + 1] -= p
          e[m] = 0
          isSplit = true
          break
        }
        s = f / r
        c = g / r
        g = d[i + 1] - p
        r = (d[i] - g) * s + 2 * c * b
        p = s * r
        d[i + 1] = g + p
        g = c * r - b
      }
      if isSplit { continue }
      d[l] -= p
      e[l] = g
      e[m] = 0
    }
  }
  return true
}
