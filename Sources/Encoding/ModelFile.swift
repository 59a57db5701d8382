/// A JSON object in a file of a model directory, read key by key with errors that name the key.
package struct ModelFile {
  package let path: String
  private let value: JSON

  package init(path: String) throws(EncodingError) {
    self.path = path
    value = try Self.json(path: path)
    guard case .object = value else {
      throw .malformed(path: path, problem: "expected a JSON object")
    }
  }

  /// Several times the largest file of settings known (an added token for each of 1,000 languages).
  private static let largestFile = 16 << 20

  static func json(path: String) throws(EncodingError) -> JSON {
    let file = try MappedFile(path: path)
    guard file.count <= largestFile else {
      throw .malformed(
        path: path,
        problem: "\(file.count) bytes are more than settings have (\(largestFile) at most)")
    }
    do throws(JSONError) { return try JSON.parse(file.copy(0..<file.count)) } catch {
      throw .malformed(path: path, problem: "\(error)")
    }
  }

  /// The value of that key, nil where it is absent or null.
  package subscript(key: String) -> JSON? {
    if case .null? = value[key] { nil } else { value[key] }
  }

  package func integer(
    _ key: String, in range: ClosedRange<Int>, default fallback: Int? = nil
  ) throws(EncodingError) -> Int {
    switch self[key] {
    case .integer(let value)? where range.contains(value): return value
    case nil where fallback != nil: return fallback ?? range.lowerBound
    case nil: throw .malformed(path: path, problem: "\"\(key)\" is missing")
    default:
      throw .malformed(
        path: path,
        problem: "\"\(key)\" must be an integer from \(range.lowerBound) to \(range.upperBound)")
    }
  }

  package func number(
    _ key: String, in range: ClosedRange<Double>, default fallback: Double
  ) throws(EncodingError) -> Double {
    switch self[key] {
    case .number(let value)? where range.contains(value): return value
    case .integer(let value)? where range.contains(Double(value)): return Double(value)
    case nil: return fallback
    default:
      throw .malformed(
        path: path,
        problem: "\"\(key)\" must be a number from \(range.lowerBound) to \(range.upperBound)")
    }
  }

  package func flag(_ key: String, default fallback: Bool = false) throws(EncodingError) -> Bool {
    switch self[key] {
    case .bool(let value)?: return value
    case nil: return fallback
    default: throw .malformed(path: path, problem: "\"\(key)\" must be true or false")
    }
  }

  /// The value of a setting that only some values of which are supported.
  @discardableResult
  package func require(
    _ key: String, toBeOneOf supported: [String], default fallback: String
  ) throws(EncodingError) -> String {
    switch self[key] {
    case nil: return fallback
    case .string(let value)? where supported.contains(value): return value
    case .string(let value)?:
      let names = supported.map { "\"\($0)\"" }.joined(separator: " or ")
      throw .unsupported(
        path: path, feature: "\"\(key)\" is \"\(value)\", only \(names) is supported")
    default: throw .malformed(path: path, problem: "\"\(key)\" must be a string")
    }
  }
}
