/// The curves of a run as an SVG picture: the loss above, the validation's metric below, over the steps.
struct RunCurves {
  private let title: String
  private let losses: [Point]
  private let metrics: [Point]
  private let lastStep: Double

  private struct Point {
    let x: Double
    let y: Double
  }

  /// Points of a curve: more than a picture shows are averaged.
  private static let resolution = 200
  private static let (width, height, left, right) = (720.0, 460.0, 70.0, 20.0)

  init(_ entries: [RunEntry], title: String) {
    self.title = title
    metrics = entries.compactMap { entry in
      entry.reciprocalRank.map { Point(x: Double(entry.step), y: $0) }
    }
    let steps = entries.filter { $0.loss != nil }
    let size = max(1, (steps.count + Self.resolution - 1) / Self.resolution)
    losses = stride(from: 0, to: steps.count, by: size).map { start in
      let part = steps[start..<min(start + size, steps.count)]
      let count = Double(part.count)
      return Point(
        x: part.reduce(0) { $0 + Double($1.step) + 1 } / count,
        y: part.reduce(0) { $0 + ($1.loss ?? 0) } / count)
    }
    lastStep = Double(max(1, entries.map(\.step).max() ?? 1))
  }

  var svg: String {
    """
    <svg xmlns="http://www.w3.org/2000/svg" width="720" height="460" viewBox="0 0 720 460" \
    font-family="sans-serif" font-size="12">
    <rect width="720" height="460" fill="white"/>
    <text x="70" y="24" font-size="14">\(Self.escaped(title))</text>
    \(panel("loss", losses, top: 50, color: "#1f6f8b", hasMarks: false))
    \(panel("MRR@10 on the queries kept back", metrics, top: 260, color: "#b5541c", hasMarks: true))
    <text x="700" y="450" text-anchor="end">step \(Int(lastStep))</text>
    </svg>

    """
  }

  private func panel(
    _ name: String, _ points: [Point], top: Double, color: String, hasMarks: Bool
  ) -> String {
    let height = 160.0
    var lines = [
      "<text x=\"70\" y=\"\(top - 6)\" fill=\"\(color)\">\(name)</text>",
      "<rect x=\"70\" y=\"\(top)\" width=\"630\" height=\"\(height)\" fill=\"none\" stroke=\"#bbb\"/>",
    ]
    guard let low = points.map(\.y).min(), let high = points.map(\.y).max() else {
      return lines.joined(separator: "\n")
    }
    let span = high > low ? high - low : 1
    let places = points.map { point in
      Point(
        x: Self.left + point.x / lastStep * (Self.width - Self.left - Self.right),
        y: top + height - 8 - (point.y - low) / span * (height - 16))
    }
    let path = places.map { "\(Self.decimal($0.x, 1)),\(Self.decimal($0.y, 1))" }
    lines.append(
      "<polyline points=\"\(path.joined(separator: " "))\" fill=\"none\" stroke=\"\(color)\" "
        + "stroke-width=\"1.5\"/>")
    if hasMarks {
      for place in places {
        lines.append(
          "<circle cx=\"\(Self.decimal(place.x, 1))\" cy=\"\(Self.decimal(place.y, 1))\" r=\"3\" "
            + "fill=\"\(color)\"/>")
      }
    }
    for (value, y) in [(high, top + 12), (low, top + height - 4)] {
      lines.append(
        "<text x=\"64\" y=\"\(y)\" text-anchor=\"end\">\(Self.decimal(value, 3))</text>")
    }
    return lines.joined(separator: "\n")
  }

  private static func decimal(_ value: Double, _ places: Int) -> String {
    let scale = places == 1 ? 10.0 : 1_000.0
    return "\((value * scale).rounded() / scale)"
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
  }
}
