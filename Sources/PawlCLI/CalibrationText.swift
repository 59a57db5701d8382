internal import Pawl

/// A calibration for people.
struct CalibrationText {
  let calibration: CalibrationReport

  init(_ calibration: CalibrationReport) { self.calibration = calibration }

  /// Promises that people ask for.
  static let asked = [0.8, 0.9, 0.95, 0.98, 0.99]

  var head: String {
    "recall of \(Figures.count(calibration.queryCount, "query", "queries")) against exact search, "
      + "measured \(calibration.created) with \(calibration.measuredWith)"
  }

  /// What is to be done for which promise, one row a promise and k.
  var table: TextTable {
    var table = TextTable(
      header: ["k", "asked", "promised", "measured", "lists", "passages compared"],
      right: [0, 1, 2, 3, 4, 5])
    for curve in calibration.curves {
      for recall in Self.asked { table.add(row(curve, recall)) }
    }
    return table
  }

  private func row(_ curve: CalibrationReport.Curve, _ recall: Double) -> [String] {
    let start = [Figures.grouped(curve.k), Figures.fixed(recall, 2)]
    guard let point = curve.point(promising: recall) else {
      return start + ["1.000", "1.000", "all", "all"]
    }
    return start + [
      Figures.fixed(point.promised, 3), Figures.fixed(point.recall, 3),
      Figures.fixed(point.meanProbes, 1), Figures.grouped(Int(point.meanScanned.rounded())),
    ]
  }

  /// The lists that recalls of the best k take, and what that was measured with.
  func curve(k: Int) -> [String] {
    guard let curve = calibration.curves.first(where: { $0.k == k }) else { return [] }
    let points = Self.asked.map { recall in
      let lists = curve.point(promising: recall).map { Figures.fixed($0.meanProbes, 1) } ?? "all"
      return "\(Figures.fixed(recall, 2)) in \(lists)"
    }
    return [
      "recall of the best \(k): \(points.joined(separator: ", ")) lists",
      "measured with \(calibration.measuredWith)",
    ]
  }

  /// What a recall costs for the best k, in words; nil where nothing is known of that k.
  func sentence(recall: Double, k: Int) -> String? {
    guard let curve = calibration.curves.first(where: { $0.k == k }) else { return nil }
    let start = "recall \(recall) of the best \(k): "
    guard let point = curve.point(promising: recall) else { return start + "by exact search only" }
    return start + "\(Figures.fixed(point.meanProbes, 1)) lists, "
      + Figures.count(Int(point.meanScanned.rounded()), "passage") + " compared on average"
  }
}
