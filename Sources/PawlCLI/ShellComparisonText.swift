internal import Pawl

/// The answers of two versions side by side: what the second one moved, found anew or lost.
struct ComparisonText {
  let page: AnswerText
  let words: QueryWords

  /// Wider columns would put the two too far apart.
  private static let widestColumn = 72
  private static let gap = "  "

  func lines(_ first: Answer, _ second: Answer) -> [String] {
    let count = max(first.hits.count, second.hits.count)
    if count == 0 {
      return [first.pendingCount > 0 ? "nothing is embedded yet" : "the store is empty"]
    }
    let rankWidth = String(count).count
    let width = max(16, min(Self.widestColumn, (page.width - 1 - rankWidth - 4) / 2))
    let oldRanks = Self.ranks(first)
    let newRanks = Self.ranks(second)
    var lines = [
      row("", heading(first, width), page.style.bold(second.version), rankWidth)
    ]
    for place in 0..<count {
      let left = place < first.hits.count ? first.hits[place] : nil
      let right = place < second.hits.count ? second.hits[place] : nil
      let lost = left.flatMap { newRanks[$0.id] == nil ? Mark.lost : nil }
      let moved = right.map { Mark(from: oldRanks[$0.id], to: $0.rank) }
      lines.append(
        row(
          "\(place + 1)", cell(left, lost, width), cell(right, moved, width, isLast: true),
          rankWidth))
      lines.append(
        row("", text(left, width), text(right, width, isLast: true), rankWidth))
    }
    return lines + page.remark(Self.summary(oldRanks, newRanks))
  }

  /// Where a hit stands in the other answer.
  private enum Mark: Equatable {
    case same
    case up(Int)
    case down(Int)
    case new
    case lost

    init(from old: Int?, to rank: Int) {
      guard let old else {
        self = .new
        return
      }
      self = old == rank ? .same : old > rank ? .up(old - rank) : .down(rank - old)
    }

    var text: String {
      switch self {
      case .same: "="
      case .up(let places): "↑\(places)"
      case .down(let places): "↓\(places)"
      case .new: "new"
      case .lost: "lost"
      }
    }
  }

  private static func ranks(_ answer: Answer) -> [String: Int] {
    Dictionary(answer.hits.map { ($0.id, $0.rank) }) { first, _ in first }
  }

  private static func summary(_ old: [String: Int], _ new: [String: Int]) -> String {
    if old == new { return "the same passages in the same order" }
    let kept = new.filter { old[$0.key] != nil }
    let moved = kept.count { old[$0.key] != $0.value }
    return "\(kept.count) in both, \(moved) of them moved; \(new.count - kept.count) new, "
      + "\(old.count - kept.count) lost"
  }

  // MARK: Layout

  private func row(_ rank: String, _ left: String, _ right: String, _ rankWidth: Int) -> String {
    let line =
      String(repeating: " ", count: rankWidth - rank.count) + rank + Self.gap + left + Self.gap
      + right
    return String(line.reversed().drop { $0 == " " }.reversed())
  }

  private func heading(_ answer: Answer, _ width: Int) -> String {
    padded(page.style.bold(answer.version), columns: answer.version.count, to: width)
  }

  /// Score, mark and id.
  private func cell(_ hit: Hit?, _ mark: Mark?, _ width: Int, isLast: Bool = false) -> String {
    guard let hit else { return isLast ? "" : String(repeating: " ", count: width) }
    let score = Figures.fixed(Double(hit.score), 4)
    let sign = mark?.text ?? ""
    let space = width - score.count - Self.gap.count - (sign.isEmpty ? 0 : sign.count + 1)
    let id = clipped(page.shown(hit.id), to: space)
    let line =
      page.style.green(score) + Self.gap + page.style.bold(id)
      + (mark.map { " " + coloured($0) } ?? "")
    let columns =
      score.count + Self.gap.count + Terminal.columns(of: id) + (sign.isEmpty ? 0 : sign.count + 1)
    return isLast ? line : padded(line, columns: columns, to: width)
  }

  private func coloured(_ mark: Mark) -> String {
    switch mark {
    case .same: page.style.dim(mark.text)
    case .up, .new: page.style.green(mark.text)
    case .down, .lost: page.style.red(mark.text)
    }
  }

  private func text(_ hit: Hit?, _ width: Int, isLast: Bool = false) -> String {
    guard let hit else { return isLast ? "" : String(repeating: " ", count: width) }
    let text = clipped(page.shown(hit.text), to: width)
    let line = page.marked(text, words)
    return isLast ? line : padded(line, columns: Terminal.columns(of: text), to: width)
  }

  private func padded(_ text: String, columns: Int, to width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - columns))
  }

  /// As much of a text as fits, blanks and line ends being one blank.
  private func clipped(_ text: String, to width: Int) -> String {
    // No character takes less than a column.
    var result = String(text.prefix(width + 1).map { $0.isWhitespace ? " " : $0 })
    guard Terminal.columns(of: result) > width else { return result }
    while Terminal.columns(of: result) > max(0, width - 1) { result.removeLast() }
    return result + "…"
  }
}
