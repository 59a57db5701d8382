import Testing

@testable import Corpus

/// `1<TAB>one two<LF>2<TAB>three<LF>` and `3<TAB>four<LF>`, packed by gzip 1.12 and zstd 1.5.
enum Packed {
  static let plain = "1\tone two\n2\tthree\n"
  static let plainTail = "3\tfour\n"
  static let gzip = bytes(
    hex: "1f8b080000000000020333e4cccf4b552829cfe732e22cc9284a4de50200f3599f6012000000")
  static let gzipTail = bytes(hex: "1f8b080000000000020333e64ccb2f2de20200100c39f907000000")
  static let zstd = bytes(hex: "28b52ffd241291000031096f6e652074776f0a320974687265650a84e46331")
  static let zstdTail = bytes(hex: "28b52ffd24073900003309666f75720a1d50d027")
  /// A skippable frame with two bytes in it.
  static let zstdSkippable = bytes(hex: "532a4d1802000000abcd")
}

@Suite("Compressed files")
struct CompressionTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func unpack(_ bytes: [UInt8]) throws -> String {
    var source = try ByteSource(path: folder.file("packed", bytes))
    return String(decoding: try readAll(&source), as: UTF8.self)
  }

  @Test("gzip and zstd are told by their first bytes, whatever the name")
  func magic() throws {
    #expect(try unpack(Packed.gzip) == Packed.plain)
    #expect(try unpack(Packed.zstd) == Packed.plain)
    #expect(try ByteSource(path: folder.file("a.gz", "not packed")).compression == .none)
  }

  @Test("members and frames that follow each other are read as one file")
  func concatenated() throws {
    #expect(try unpack(Packed.gzip + Packed.gzipTail) == Packed.plain + Packed.plainTail)
    #expect(try unpack(Packed.zstd + Packed.zstdTail) == Packed.plain + Packed.plainTail)
    #expect(
      try unpack(Packed.zstdSkippable + Packed.zstd + Packed.zstdSkippable + Packed.zstdTail)
        == Packed.plain + Packed.plainTail)
  }

  @Test("many members, over several buffers, give all their bytes")
  func manyMembers() throws {
    let count = 60_000  // 1.6 MB and 1.2 MB of packed bytes: more than the buffer of 1 MiB
    for member in [Packed.gzipTail, Packed.zstdTail] {
      var packed: [UInt8] = []
      for _ in 0..<count { packed += member }
      #expect(try unpack(packed) == String(repeating: Packed.plainTail, count: count))
    }
  }

  @Test("compressed data cut at any byte is an error", arguments: [Packed.gzip, Packed.zstd])
  func truncated(packed: [UInt8]) throws {
    for count in 4..<packed.count {
      let text = message(in: folder) { _ = try unpack(Array(packed[..<count])) }
      #expect(text.contains("data ends too early. Fetch or make the file again."), "\(count)")
      let second = packed + packed[..<count]
      #expect(throws: CorpusError.self, "\(count)") { try unpack(second) }
    }
  }

  @Test("a changed bit is an error or is harmless", arguments: [Packed.gzip, Packed.zstd])
  func damaged(packed: [UInt8]) throws {
    for bit in 0..<packed.count * 8 {
      var changed = packed
      changed[bit / 8] ^= 1 << (bit % 8)
      let text = try? unpack(changed)
      // A changed magic number makes it a plain file, which is another text than the packed one.
      #expect(text == nil || text == Packed.plain || bit < 32, "bit \(bit)")
    }
    var changed = Packed.gzip
    changed[changed.count - 8] ^= 1
    #expect(
      message(in: folder) { _ = try unpack(changed) }
        == "packed: the gzip data is damaged (incorrect data check). Fetch or make the file again.")
  }

  @Test("zeros may follow the last gzip member, other bytes may not")
  func padding() throws {
    #expect(try unpack(Packed.gzip + [0, 0, 0, 0]) == Packed.plain)
    #expect(
      message(in: folder) { _ = try unpack(Packed.gzip + Array("garbage".utf8)) }
        == """
        packed: the gzip data is damaged (other bytes follow the last gzip member). \
        Fetch or make the file again.
        """)
    #expect(throws: CorpusError.self) { try unpack(Packed.zstd + Array("garbage".utf8)) }
  }

  @Test("a packed collection is surveyed, then read, and its progress ends at its size")
  func collection() throws {
    let path = try folder.file("collection.tsv.gz", Packed.gzip + Packed.gzipTail)
    var reader = try CollectionReader(path: path)
    let survey = try reader.survey()
    #expect(survey.passageCount == 3)
    #expect(survey.textSizeInBytes == 16)
    #expect(reader.position == 0)
    while try reader.next() != nil {}
    #expect(reader.position == reader.sizeInBytes)
    #expect(reader.sizeInBytes == Int64(Packed.gzip.count + Packed.gzipTail.count))
  }
}
