import Encoding
import Foundation
import Glibc
import LMDB
import Testing

@testable import Pawl

/// The cache of packed weights: vectors are the same with it, without it, and with a damaged one.
@Suite struct PackedFileTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private static let texts = [
    "the cat", "an ox and a zebra. " + String(repeating: "cat ", count: 30),
  ]

  /// What a process that opens the store anew encodes.
  private func vectors(_ path: String) throws -> [[UInt32]] {
    let store = try Store(path: path)
    let snapshot = try store.environment.snapshot()
    let space = try store.space(store.version(nil, in: snapshot).space, in: snapshot)
    let encoder = try store.encoder(for: space)
    return Self.texts.map { encoder.encode($0).map(\.bitPattern) }
  }

  private func made(_ numericPath: NumericPath = .int12) throws -> (path: String, file: String) {
    let path = folder.path + "/s.pawl"
    var settings = StoreSettings(model: Fixture.tinyModel)
    settings.numericPath = numericPath
    _ = try Store.create(at: path, settings)
    let digest = try #require(Files.names(in: path + "/checkpoints").first)
    return (path, PackedFile(of: digest, inStoreAt: path).path)
  }

  private func content(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

  @Test("a new store has it, and one that lost it makes it again, to the byte")
  func absent() throws {
    let (path, file) = try made()
    let first = try content(file)
    let expected = try vectors(path)
    try FileManager.default.removeItem(atPath: file)
    #expect(try vectors(path) == expected)
    #expect(try content(file) == first)
    try Store(path: path).expectWhole(passages: 0)
  }

  @Test("its vectors are those of weights packed in memory")
  func unpacked() throws {
    let (path, _) = try made()
    let encoder = try TextEncoder(
      path: Fixture.tinyModel, numericPath: .int12, environment: [:])
    #expect(try vectors(path) == Self.texts.map { encoder.encode($0).map(\.bitPattern) })
  }

  @Test("a flipped bit, a cut, a byte too many or another model's weights: made anew")
  func damaged() throws {
    let (path, file) = try made()
    let whole = try content(file)
    let expected = try vectors(path)
    var damaged = (0..<12).map { place in
      var bytes = whole
      let offset = place < 6 ? place * 4 : bytes.count * (place - 5) / 7
      bytes[offset] ^= 1 << UInt8(place % 8)
      return bytes
    }
    damaged += [whole.prefix(0), whole.prefix(64), whole.dropLast(), whole + Data([0])]
    damaged.append(Data(repeating: 0, count: whole.count))
    for (place, bytes) in damaged.enumerated() {
      try bytes.write(to: URL(filePath: file))
      let report = try Store(path: path).check()
      #expect(report.problems == [], "damage \(place)")
      #expect(report.notes.count == 1 && report.notes[0].contains("packed-int12 is damaged"))
      #expect(try vectors(path) == expected, "damage \(place)")
      #expect(try content(file) == whole, "damage \(place)")
    }
    // Whole, but of a checkpoint with another name.
    let digest = try #require(Files.names(in: path + "/checkpoints").first)
    let other = PackedFile(of: String(digest.reversed()), inStoreAt: path)
    try FileManager.default.copyItem(atPath: file, toPath: other.path)
    let shape = try ModelDirectory(path: Fixture.tinyModel).configuration
    #expect(other.read(shape) == nil)
    #expect(PackedFile(of: digest, inStoreAt: path).read(shape) != nil)
  }

  @Test("where a folder, a link or a pipe has its name, everything works without it")
  func unwritable() throws {
    let (path, file) = try made()
    let expected = try vectors(path)
    try FileManager.default.removeItem(atPath: file)
    try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: true)
    #expect(try vectors(path) == expected)
    #expect(Files.isOwnFolder(file))
    try FileManager.default.removeItem(atPath: file)
    let precious = try folder.file("precious", ["untouched"])
    try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: precious)
    #expect(try vectors(path) == expected)
    #expect(try content(precious) == Data("untouched\n".utf8))
    try FileManager.default.removeItem(atPath: file)
    try #require(mkfifo(file, 0o600) == 0)
    #expect(try vectors(path) == expected)
    try Store(path: path).expectWhole(passages: 0)
  }

  @Test("a store of the path float32 has none")
  func float32() throws {
    let (path, file) = try made(.float32)
    _ = try vectors(path)
    #expect(!Files.exists(file))
    #expect(Files.names(in: path + "/checkpoints").count == 1)
  }
}
