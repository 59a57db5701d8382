/// The pages that a commit has no use for, as its own list of them says.
struct FreePages {
  /// Ascending.
  private(set) var numbers: [Int] = []

  /// The list cannot be read: a page of it is missing or is not what it should be.
  struct Unreadable: Error {}

  private static let (branch, leaf, overflow) = (1, 2, 4)
  private static let headerLength = 16
  /// LMDB's own limit (CURSOR_STACK).
  private static let deepest = 32

  /// - Throws: `Unreadable`; also where the list has more pages than the commit says.
  /// - Complexity: O(free pages).
  init(_ pages: RawPages, _ meta: MetaPage) throws(Unreadable) {
    guard meta.freeRoot >= 0 else { return }
    guard meta.freeDepth <= Self.deepest else { throw Unreadable() }
    var left = meta.freeTreePages
    try visit(meta.freeRoot, meta.freeDepth, pages, &left)
    numbers.sort()
  }

  private mutating func visit(
    _ number: Int, _ depth: Int, _ pages: RawPages, _ left: inout Int
  ) throws(Unreadable) {
    left -= 1
    guard left >= 0, depth > 0, let page = pages.read(number),
      page.number(at: 0, bytes: 8) == number, let flags = page.number(at: 10, bytes: 2),
      flags == (depth > 1 ? Self.branch : Self.leaf), let lower = page.number(at: 12, bytes: 2),
      lower >= Self.headerLength, lower <= page.count
    else { throw Unreadable() }
    for place in 0..<(lower - Self.headerLength) / 2 {
      guard let node = page.number(at: Self.headerLength + 2 * place, bytes: 2) else {
        throw Unreadable()
      }
      if depth > 1 {
        // A child's number takes the length's and the flags' place.
        guard let child = page.number(at: node, bytes: 6) else { throw Unreadable() }
        try visit(child, depth - 1, pages, &left)
      } else {
        try add(try value(page, node, pages, &left))
      }
    }
  }

  /// The bytes of a node's value, wherever they lie.
  private func value(
    _ page: [UInt8], _ node: Int, _ pages: RawPages, _ left: inout Int
  ) throws(Unreadable) -> [UInt8] {
    guard let length = page.number(at: node, bytes: 4),
      let flags = page.number(at: node + 4, bytes: 2),
      let keyLength = page.number(at: node + 6, bytes: 2)
    else { throw Unreadable() }
    let start = node + 8 + keyLength
    guard flags & 1 == 1 else {
      guard start + length <= page.count else { throw Unreadable() }
      return Array(page[start..<start + length])
    }
    let count = (Self.headerLength + length + page.count - 1) / page.count
    left -= count
    guard left >= 0, let first = page.number(at: start, bytes: 8),
      let bytes = pages.read(first, count: count), bytes.number(at: 0, bytes: 8) == first,
      bytes.number(at: 10, bytes: 2) == Self.overflow, Self.headerLength + length <= bytes.count
    else { throw Unreadable() }
    return Array(bytes[Self.headerLength..<Self.headerLength + length])
  }

  /// A list: how many, then the page numbers.
  private mutating func add(_ list: [UInt8]) throws(Unreadable) {
    guard let count = list.number(at: 0, bytes: 8), count <= list.count / 8 - 1 else {
      throw Unreadable()
    }
    for place in 0..<count {
      guard let number = list.number(at: 8 + 8 * place, bytes: 8) else { throw Unreadable() }
      numbers.append(number)
    }
  }
}
