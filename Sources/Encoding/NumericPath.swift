/// A contract on how exact vectors are; kernels may change inside a path, not what it promises.
public enum NumericPath: String, Sendable, Codable, CaseIterable {
  /// Weights and activations of the layers' products rounded to 12 bits, all else in single precision.
  /// Twice as fast. Promised of all-MiniLM-L6-v2: cosine to `float32` at least .9999 each, .99998 on average.
  case int12
  /// Single precision throughout: largest difference to a float64 reference 2e-5.
  case float32

  /// What new stores and models take unless told otherwise.
  public static let standard = NumericPath.int12
}
