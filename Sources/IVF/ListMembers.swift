/// Which vectors are in which list: their numbers, list by list.
package struct ListMembers {
  /// The numbers of all vectors.
  package private(set) var order: [UInt32]
  /// Where in `order` the vectors of each list are; those of a list that was given up are in none.
  package private(set) var ranges: [Range<Int>]

  /// - Parameter lists: the list of each vector.
  package init(_ lists: [UInt16], listCount: Int) {
    var starts = [Int](repeating: 0, count: listCount + 1)
    for list in lists { starts[Int(list) + 1] += 1 }
    for list in 0..<listCount { starts[list + 1] += starts[list] }
    ranges = (0..<listCount).map { starts[$0]..<starts[$0 + 1] }
    order = [UInt32](repeating: 0, count: lists.count)
    for (number, list) in lists.enumerated() {
      order[starts[Int(list)]] = UInt32(number)
      starts[Int(list)] += 1
    }
  }

  package var sizes: [Int] { ranges.map(\.count) }

  /// Gives the numbers of empty lists, and then of the smallest, to halves of lists that are too long.
  ///
  /// - Parameter limit: how many vectors a list may have.
  /// - Returns: how many lists were halved.
  /// - Complexity: O(D) for each vector of a list that is halved.
  mutating func repair(limit: Int, with bisection: inout Bisection) -> Int {
    let free = ranges.indices.sorted { (ranges[$0].count, $0) < (ranges[$1].count, $1) }
    let small = order.count / ranges.count / 2
    var equal: Set<Int> = []
    var halvedCount = 0
    for place in free {
      while true {
        guard let list = longest(without: equal), list != place, ranges[list].count >= 2,
          ranges[place].isEmpty || (ranges[list].count > limit && ranges[place].count <= small)
        else { return halvedCount }
        if let middle = bisection.part(&order, ranges[list]) {
          ranges[place] = middle..<ranges[list].upperBound
          ranges[list] = ranges[list].lowerBound..<middle
          halvedCount += 1
          break
        }
        equal.insert(list)
      }
    }
    return halvedCount
  }

  private func longest(without left: Set<Int>) -> Int? {
    var found: Int?
    for list in ranges.indices where ranges[list].count > found.map({ ranges[$0].count }) ?? 0 {
      if !left.contains(list) { found = list }
    }
    return found
  }
}
