/// Columns that line up: the first ones flush left, those named `right` flush right.
struct TextTable {
  private var rows: [[String]] = []
  private let right: Set<Int>

  init(header: [String], right: Set<Int> = []) {
    self.right = right
    if !header.isEmpty { rows.append(header) }
  }

  mutating func add(_ row: [String]) { rows.append(row) }

  var lines: [String] {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        line += right.contains(column) ? padding + cell : cell + padding
        if column < row.count - 1 { line += "  " }
      }
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }
}

/// Numbers as people read them.
enum Figures {
  /// 12,345
  static func grouped(_ number: Int) -> String {
    let digits = Array(String(number.magnitude))
    var text = number < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return text
  }

  /// 1 query, 12,345 queries
  static func count(_ number: Int, _ singular: String, _ plural: String? = nil) -> String {
    "\(grouped(number)) \(number == 1 ? singular : plural ?? singular + "s")"
  }

  /// 1.5 MiB
  static func bytes(_ count: Int) -> String {
    var value = Double(count)
    for unit in ["B", "KiB", "MiB", "GiB", "TiB"] {
      if value < 1_024 || unit == "TiB" {
        return unit == "B" ? "\(count) B" : "\(fixed(value, 1)) \(unit)"
      }
      value /= 1_024
    }
    return "\(count) B"
  }

  /// With so many digits behind the point.
  static func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return "\(value)" }
    let power = (0..<digits).reduce(1.0) { power, _ in power * 10 }
    let scaled = (value.magnitude * power).rounded()
    guard scaled < 1e15 else { return "\(value)" }
    let whole = Int(scaled / power)
    let rest = String(Int(scaled) - whole * Int(power))
    let sign = value < 0 && scaled > 0 ? "-" : ""
    if digits == 0 { return "\(sign)\(whole)" }
    return "\(sign)\(whole)." + String(repeating: "0", count: digits - rest.count) + rest
  }

  /// 2.00e-5
  static func scientific(_ value: Double) -> String {
    guard value > 0, value.isFinite else { return "\(value)" }
    var (mantissa, exponent) = (value, 0)
    while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    return "\(fixed(mantissa, 2))e\(exponent)"
  }

  /// 75 s → 1:15
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 360_000 else { return "?" }
    let whole = Int(seconds.rounded())
    let (hours, minutes, rest) = (whole / 3_600, whole / 60 % 60, whole % 60)
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
  }
}
