/// The word that somebody may have meant.
enum NearestWord {
  /// The known word that is at most two slips of the finger away; more, and it was another word.
  ///
  /// - Parameter common: leading characters that all words share and that prove nothing.
  static func nearest(to word: String, among known: [String], common: Int = 0) -> String? {
    // Of equally near ones the one that begins alike: people miss the first letter least.
    let distances = known.map {
      (
        word: $0, distance: editDistance($0, word),
        differs: $0.dropFirst(common).first == word.dropFirst(common).first ? 0 : 1
      )
    }
    let nearest = distances.min { ($0.distance, $0.differs) < ($1.distance, $1.differs) }
    guard let best = nearest else { return nil }
    return best.distance <= min(2, word.count - common - 1) ? best.word : nil
  }

  /// Insertions, removals and changes of a letter that make one word of the other.
  ///
  /// - Complexity: O(length · length). Source: Wagner & Fischer 1974.
  private static func editDistance(_ left: String, _ right: String) -> Int {
    let right = Array(right)
    var row = Array(0...right.count)
    for (index, letter) in left.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for column in right.indices {
        let change = diagonal + (letter == right[column] ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(change, diagonal + 1, row[column] + 1)
      }
    }
    return row[right.count]
  }
}
