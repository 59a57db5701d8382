internal import Glibc

/// How the learning rate goes over the steps of a run.
package struct LearningRate: Sendable, Equatable {
  package enum Schedule: String, Sendable, CaseIterable, Codable {
    /// Stays at its peak.
    case constant
    /// Falls to 0 in a straight line.
    case linear
    /// Falls to 0 as half a cosine. Source: Loshchilov & Hutter 2017, equation 5, without restarts.
    case cosine
  }

  package let peak: Double
  package let schedule: Schedule
  /// Steps in which the rate rises from 0 in a straight line.
  package let warmupSteps: Int
  package let stepCount: Int

  package init(peak: Double, schedule: Schedule, warmupSteps: Int, stepCount: Int) {
    self.peak = peak
    self.schedule = schedule
    self.warmupSteps = warmupSteps
    self.stepCount = stepCount
  }

  /// The rate of a step, 0 the first: as transformers' schedules have it, the first step of a warm-up has none.
  package func rate(_ step: Int) -> Double {
    if step < warmupSteps { return peak * Double(step) / Double(warmupSteps) }
    let left = Double(stepCount - step) / Double(max(1, stepCount - warmupSteps))
    switch schedule {
    case .constant: return peak
    case .linear: return peak * max(0, left)
    case .cosine: return peak * 0.5 * (1 + cos(.pi * (1 - max(0, left))))
    }
  }
}
