import FoundationEssentials
import Glibc
import Testing

@testable import Corpus

/// A folder of a test, removed with everything in it.
final class TemporaryFolder {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory.path + "/pawl-test-\(UInt64.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Writes a file and gives its path.
  func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    let path = "\(self.path)/\(name)"
    // A new file each time: file systems hurry to the disk when an old one is overwritten.
    _ = unsafe unlink(path)
    try Data(bytes).write(to: URL(filePath: path))
    return path
  }

  func file(_ name: String, _ text: String) throws -> String {
    try file(name, Array(text.utf8))
  }

  /// The names in the folder, sorted.
  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }
}

/// The bytes of a file.
func contents(of path: String) throws -> [UInt8] {
  Array(try Data(contentsOf: URL(filePath: path)))
}

/// The error that `body` throws, in words; the empty string where it throws none.
///
/// The name of the test's folder is taken out, so that a test can quote a whole message.
func message(in folder: TemporaryFolder, _ body: () throws -> Void) -> String {
  do {
    try body()
    return ""
  } catch {
    return "\(error)".split(separator: folder.path + "/", omittingEmptySubsequences: false).joined()
  }
}

/// Bytes from hexadecimal digits.
func bytes(hex: String) -> [UInt8] {
  let digits = hex.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
  return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

/// Everything that a source gives, in pieces of `pieceSize`.
func readAll(_ source: inout ByteSource, pieceSize: Int = 1 << 16) throws -> [UInt8] {
  var result: [UInt8] = []
  var piece = [UInt8](repeating: 0, count: pieceSize)
  while true {
    let count = try source.readFully(into: &piece, count: pieceSize)
    if count == 0 { return result }
    result += piece[..<count]
  }
}

/// All passages of a collection.
func passages(_ path: String, mode: CollectionReader.Mode = .strict) throws -> [Passage] {
  var reader = try CollectionReader(path: path, mode: mode)
  var result: [Passage] = []
  while let passage = try reader.next() { result.append(passage) }
  return result
}
