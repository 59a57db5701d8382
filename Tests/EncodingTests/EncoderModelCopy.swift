import FoundationEssentials

@testable import Encoding

/// A copy of a small golden model that a test may break; removed when the test lets go of it.
final class EncoderModelCopy {
  let path: String

  init(of name: String = "plain") throws {
    path = FileManager.default.temporaryDirectory.path + "/pawl-model-\(UUID().uuidString)"
    try FileManager.default.copyItem(atPath: EncoderFixture.golden(name), toPath: path)
  }

  deinit {
    // What stays behind in the temporary folder is no failure of a test.
    try? FileManager.default.removeItem(atPath: path)
  }

  func bytes(of file: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: path + "/" + file)))
  }

  func write(_ bytes: [UInt8], to file: String) throws {
    try Data(bytes).write(to: URL(filePath: path + "/" + file))
  }

  func write(_ text: String, to file: String) throws {
    try write(Array(text.utf8), to: file)
  }

  func remove(_ file: String) throws {
    try FileManager.default.removeItem(atPath: path + "/" + file)
  }

  func makeFolder(_ file: String) throws {
    try remove(file)
    try FileManager.default.createDirectory(
      atPath: path + "/" + file, withIntermediateDirectories: false)
  }

  /// Replaces what must occur exactly once in a file, however long it is.
  func replace(_ old: String, by new: String, in file: String) throws {
    let (bytes, old) = (try bytes(of: file), Array(old.utf8))
    let places = (0...(bytes.count - old.count)).filter { bytes[$0..<$0 + old.count] == old[...] }
    guard places.count == 1 else { throw Mistake.occurrences(places.count) }
    let end = places[0] + old.count
    try write(Array(bytes[..<places[0]]) + Array(new.utf8) + Array(bytes[end...]), to: file)
  }

  enum Mistake: Error { case occurrences(Int) }

  /// What loading the model says, its folder written as MODEL; "accepted" where it loads. Both numeric paths
  /// must say the same.
  var refusal: String {
    let (first, second) = (refusal(.float32), refusal(.int12))
    return first == second ? first : "float32: \(first); int12: \(second)"
  }

  private func refusal(_ numericPath: NumericPath) -> String {
    do {
      _ = try EncoderFixture.encoder(path, numericPath: numericPath)
      return "accepted"
    } catch {
      return "\(error)".replacing(path, with: "MODEL")
    }
  }
}
