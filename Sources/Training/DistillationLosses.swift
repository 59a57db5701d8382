internal import Glibc

/// The squared error of the difference between a positive's score and a negative's, which a teacher gives; a
/// mean over triplets.
///
/// Source: Hofstätter et al. 2020, equation 3.
package struct MarginMSELoss: Loss {
  package init() {}

  package func evaluate(_ batch: inout LossBatch) -> Double {
    let share = 1 / Double(batch.queryTotal * max(batch.negativeCount, 1))
    var sum = 0.0
    for query in 0..<batch.queryCount {
      let teacher = Array(batch.teacherScores(of: query))
      let positive = batch.positive(of: query)
      for (place, negative) in batch.negatives(of: query).enumerated() {
        let wanted = Double(teacher[0]) - Double(teacher[1 + place])
        let error = batch.dot(query, positive) - batch.dot(query, negative) - wanted
        sum += error * error
        batch.add(slope: 2 * share * error, ofDot: query, positive)
        batch.add(slope: -2 * share * error, ofDot: query, negative)
      }
    }
    return sum * share
  }
}

/// The Kullback-Leibler divergence of a query's shares among its candidates from a teacher's, scores divided by
/// a temperature, the divergence multiplied by its square; a mean over queries.
///
/// Source: Hinton et al. 2015, section 2, on lists of candidates.
package struct ListwiseLoss: Loss {
  package let temperature: Double

  package init(temperature: Double = 1) { self.temperature = temperature }

  package func evaluate(_ batch: inout LossBatch) -> Double {
    let share = temperature * temperature / Double(batch.queryTotal)
    var sum = 0.0
    for query in 0..<batch.queryCount {
      let candidates = batch.candidates(of: query)
      let scores = logShares(candidates.map { batch.dot(query, $0) })
      let wanted = logShares(batch.teacherScores(of: query).map(Double.init))
      for (place, candidate) in candidates.enumerated() {
        sum += exp(wanted[place]) * (wanted[place] - scores[place])
        let slope = (exp(scores[place]) - exp(wanted[place])) / temperature
        batch.add(slope: share * slope, ofDot: query, candidate)
      }
    }
    return sum * share
  }

  private func logShares(_ scores: [Double]) -> [Double] {
    let highest = scores.max() ?? 0
    let sum = scores.reduce(0) { $0 + exp(($1 - highest) / temperature) }
    return scores.map { ($0 - highest) / temperature - log(sum) }
  }
}
