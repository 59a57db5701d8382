/// Pairs of a query with its positive (label 1) and its negatives (label 0): ½·d² for equal ones,
/// ½·max(0, margin − d)² for others, with d = 1 − cosine; a mean over pairs.
///
/// Source: Hadsell, Chopra & LeCun 2006, equation 4.
package struct ContrastiveLoss: Loss {
  package let margin: Double

  package init(margin: Double = 0.5) { self.margin = margin }

  package func evaluate(_ batch: inout LossBatch) -> Double {
    let share = 1 / Double(batch.queryTotal * (1 + batch.negativeCount))
    var sum = 0.0
    for query in 0..<batch.queryCount {
      for (place, other) in batch.candidates(of: query).enumerated() {
        let distance = 1 - batch.dot(query, other)
        let gap = place == 0 ? distance : max(0, margin - distance)
        sum += gap * gap / 2
        batch.add(slope: (place == 0 ? -1 : 1) * share * gap, ofDot: query, other)
      }
    }
    return sum * share
  }
}

/// (cosine − label)², where the label of a pair is what a teacher says, else 1 for a positive and 0 for a
/// negative; a mean over pairs.
///
/// Source: Reimers & Gurevych 2019, section 3, "Regression objective".
package struct CosineSimilarityLoss: Loss {
  package init() {}

  package func evaluate(_ batch: inout LossBatch) -> Double {
    let share = 1 / Double(batch.queryTotal * (1 + batch.negativeCount))
    var sum = 0.0
    for query in 0..<batch.queryCount {
      let labels = batch.teacherScores.isEmpty ? nil : Array(batch.teacherScores(of: query))
      for (place, other) in batch.candidates(of: query).enumerated() {
        let label = labels.map { Double($0[place]) } ?? (place == 0 ? 1 : 0)
        let error = batch.dot(query, other) - label
        sum += error * error
        batch.add(slope: 2 * share * error, ofDot: query, other)
      }
    }
    return sum * share
  }
}
