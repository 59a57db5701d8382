import FoundationEssentials
import Glibc
import Testing

@testable import Encoding

/// Weight files that break their format: each is refused with the file, the tensor, and a remedy.
@Suite struct SafeTensorsHostileTests {
  private static let damaged = "The file is damaged or not what its name says: get it again."
  private static let foreign =
    "The file does not belong to this config.json, or is damaged: get both again."

  /// A file of a header, as long as it says or as long as it claims, and that many bytes of data.
  private func file(_ header: String, data: Int = 0, claim: UInt64? = nil) -> [UInt8] {
    file(Array(header.utf8), data: data, claim: claim)
  }

  private func file(_ header: [UInt8], data: Int = 0, claim: UInt64? = nil) -> [UInt8] {
    let length = claim ?? UInt64(header.count)
    return (0..<8).map { UInt8(length >> ($0 * 8) & 255) } + header
      + [UInt8](repeating: 0, count: data)
  }

  /// What reading the bytes says; "accepted" where nothing.
  private func refusal(_ bytes: [UInt8]) throws -> String {
    let path = FileManager.default.temporaryDirectory.path + "/pawl-\(UUID().uuidString)"
    try Data(bytes).write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    do {
      _ = try SafeTensors(path: path)
      return "accepted"
    } catch {
      return "\(error)".replacing(path, with: "FILE")
    }
  }

  private func expect(
    _ bytes: [UInt8], _ message: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let found = try refusal(bytes)
    #expect(found == message, sourceLocation: sourceLocation)
  }

  @Test("a sound file is read, its metadata left out and its tensors in the order of their bytes")
  func sound() throws {
    let header =
      #"{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2,1],"data_offsets":[3,11]},"#
      + #""a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"#
      + #""e":{"dtype":"F64","shape":[0],"data_offsets":[3,3]},"#
      + #""s":{"dtype":"BOOL","shape":[],"data_offsets":[11,12]}}   "#
    try expect(file(header, data: 12), "accepted")
    try expect(file("{}"), "accepted")
    let path = EncoderFixture.golden("shifted/0_Transformer/model.safetensors")
    let tensors = try SafeTensors(path: path)
    #expect(tensors.entries.first?.name == "shift")
    #expect(tensors["embeddings.LayerNorm.bias"]?.shape == [6])
    #expect(tensors["embeddings"] == nil)
  }

  @Test("a file too short for its header is refused")
  func shortFile() throws {
    try expect([], "FILE: 0 bytes are no safetensors file. \(Self.damaged)")
    try expect([1, 0, 0, 0, 0, 0, 0], "FILE: 7 bytes are no safetensors file. \(Self.damaged)")
    try expect(
      file("{}", claim: 3),
      "FILE: the header claims 3 bytes, the file has 2 after it. \(Self.damaged)")
    try expect(
      file("{}", claim: 100_000_000),
      "FILE: the header claims 100000000 bytes, the file has 2 after it. \(Self.damaged)")
  }

  @Test(
    "a header of more than 100 MB is refused before it is read",
    arguments: [
      100_000_001, 1 << 40, 1 << 63, UInt64.max, UInt64.max - 7,
    ])
  func longHeader(claim: UInt64) throws {
    try expect(
      file("{}", claim: claim),
      "FILE: the header claims \(claim) bytes, the format allows 100000000. \(Self.damaged)")
  }

  @Test("a header that is no JSON object is refused with the place")
  func header() throws {
    try expect(
      file(""),
      "FILE: header: line 1, byte 0: expected a value, found the end of the text. \(Self.damaged)")
    try expect(file("[]"), "FILE: the header is no JSON object. \(Self.damaged)")
    try expect(
      file(#"{"a":1"#),
      "FILE: header: line 1, byte 6: expected ',' or '}', found the end of the text. \(Self.damaged)"
    )
    try expect(
      file("{} x"),
      "FILE: header: line 1, byte 3: more text after the end of the JSON value. \(Self.damaged)")
    try expect(
      file(Array("{\"".utf8) + [0xC3, 0x28] + Array("\":1}".utf8)),
      "FILE: header: line 1, byte 2: bytes that are not UTF-8. \(Self.damaged)")
    let deep = String(repeating: "[", count: 1_000_000)
    try expect(
      file("{\"a\":" + deep + "}"),
      "FILE: header: line 1, byte 69: nested deeper than 64 levels. \(Self.damaged)")
  }

  private static func one(_ name: String, _ type: String, _ shape: String, _ offsets: String)
    -> String
  {
    #""\#(name)":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":\#(offsets)}"#
  }

  @Test("two tensors of one name are refused")
  func duplicates() throws {
    let both = Self.one("a", "U8", "[1]", "[0,1]") + "," + Self.one("a", "U8", "[1]", "[1,2]")
    try expect(
      file("{\(both)}", data: 2),
      "FILE: header: line 1, byte 53: the key \"a\" occurs twice in one object. \(Self.damaged)")
    // The Kelvin sign equals K as Swift compares strings; as names these are two.
    let kelvin =
      Self.one("K", "U8", "[1]", "[0,1]") + "," + Self.one("\u{212A}", "U8", "[1]", "[1,2]")
    try expect(file("{\(kelvin)}", data: 2), "accepted")
  }

  @Test("a gap, an overlap, and data that ends elsewhere than the file are refused")
  func layout() throws {
    let first = Self.one("a", "U8", "[4]", "[0,4]")
    let problem = "FILE: tensor \"b\" starts at byte"
    try expect(
      file("{\(first),\(Self.one("b", "U8", "[4]", "[5,9]"))}", data: 9),
      "\(problem) 5 of the data, the one before it ends at 4. \(Self.foreign)")
    try expect(
      file("{\(first),\(Self.one("b", "U8", "[4]", "[3,7]"))}", data: 7),
      "\(problem) 3 of the data, the one before it ends at 4. \(Self.foreign)")
    try expect(
      file("{\(Self.one("b", "U8", "[4]", "[1,5]"))}", data: 5),
      "\(problem) 1 of the data, the one before it ends at 0. \(Self.foreign)")
    try expect(
      file("{\(first)}", data: 5),
      "FILE: the tensors end at byte 4 of the data, which has 5. \(Self.damaged)")
    try expect(
      file("{}", data: 1),
      "FILE: the tensors end at byte 0 of the data, which has 1. \(Self.damaged)")
  }

  @Test("offsets outside the data, reversed or negative are refused")
  func offsets() throws {
    for (offsets, claim) in [
      ("[0,5]", "0 to 5"), ("[5,4]", "5 to 4"), ("[-1,3]", "-1 to 3"),
      ("[9223372036854775806,9223372036854775807]", "9223372036854775806 to 9223372036854775807"),
      ("[-9223372036854775808,4]", "-9223372036854775808 to 4"),
    ] {
      try expect(
        file("{\(Self.one("a", "U8", "[4]", offsets))}", data: 4),
        "FILE: tensor \"a\" claims bytes \(claim) of data that has 4. \(Self.foreign)")
    }
  }

  @Test("a shape that does not give the bytes, or more than there can be, is refused")
  func shapes() throws {
    func refused(_ type: String, _ shape: String, _ problem: String) throws {
      try expect(
        file("{\(Self.one("a", type, shape, "[0,4]"))}", data: 4),
        "FILE: tensor \"a\" \(problem). \(Self.foreign)")
    }
    try refused("F32", "[2]", "has 4 bytes where its shape and type need 8")
    try refused("F16", "[1]", "has 4 bytes where its shape and type need 2")
    try refused("F32", "[0]", "has 4 bytes where its shape and type need 0")
    let overflow = "has a shape of more bytes than there can be"
    try refused("F32", "[4611686018427387904]", overflow)
    try refused("U8", "[4294967296,4294967296]", overflow)
    try refused("U8", "[9223372036854775807,2]", overflow)
    // 2^64 + 4 bytes, were it to wrap around.
    try refused("F32", "[4611686018427387905]", overflow)
    try refused("U8", "[-4]", "has a shape that is not made of sizes")
    try refused("U8", "[4.0]", "has a shape that is not made of sizes")
    try refused("U8", #"["4"]"#, "has a shape that is not made of sizes")
    try refused("U8", "[1,1,1,1,1,1,1,1,4]", "has 9 dimensions, 8 at most are read")
  }

  @Test("an unknown type, and an entry without its three parts, are refused")
  func entries() throws {
    try expect(
      file("{\(Self.one("a", "F8_E4M3", "[4]", "[0,4]"))}", data: 4),
      "FILE: tensor \"a\" has the unknown type \"F8_E4M3\". \(Self.foreign)")
    for entry in [
      "1", "null", "{}", #"{"dtype":"U8","shape":[4]}"#,
      #"{"dtype":"U8","shape":4,"data_offsets":[0,4]}"#,
      #"{"dtype":8,"shape":[4],"data_offsets":[0,4]}"#,
      #"{"dtype":"U8","shape":[4],"data_offsets":[0]}"#,
      #"{"dtype":"U8","shape":[4],"data_offsets":[0,4,4]}"#,
      #"{"dtype":"U8","shape":[4],"data_offsets":[0.5,4]}"#,
      #"{"dtype":"U8","shape":[4],"data_offsets":[0,9223372036854775808]}"#,
    ] {
      try expect(
        file("{\"a\":\(entry)}", data: 4),
        "FILE: tensor \"a\" has no dtype, shape and data_offsets of the right kind. \(Self.foreign)"
      )
    }
  }

  @Test("names in a message can neither steer a terminal nor fill it")
  func names() throws {
    try expect(
      file(#"{"\u001b[2J\n\u0085x":1}"#),
      "FILE: tensor \"\u{FFFD}[2J\u{FFFD}\u{FFFD}x\" has no dtype, shape and data_offsets of the "
        + "right kind. \(Self.foreign)")
    let long = try refusal(file("{\"\(String(repeating: "a", count: 1_000_000))\":1}"))
    #expect(long.unicodeScalars.count < 1_100 && long.hasSuffix("aaa…"))
  }

  @Test("a folder and a pipe are refused, without waiting for the pipe")
  func otherKinds() throws {
    let folder = FileManager.default.temporaryDirectory.path
    #expect(throws: EncodingError.unreadable(path: folder, reason: "not a regular file")) {
      try SafeTensors(path: folder)
    }
    #expect(throws: EncodingError.unreadable(path: "/dev/null", reason: "not a regular file")) {
      try SafeTensors(path: "/dev/null")
    }
    let path = folder + "/pawl-pipe-\(UUID().uuidString)"
    try #require(unsafe mkfifo(path, 0o600) == 0)
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(throws: EncodingError.unreadable(path: path, reason: "not a regular file")) {
      try SafeTensors(path: path)
    }
  }

  @Test("every cut of a real file is refused")
  func truncation() throws {
    let bytes = [UInt8](
      try Data(contentsOf: URL(filePath: EncoderFixture.golden("bare/model.safetensors"))))
    let headerEnd = 8 + Int(bytes[0]) + Int(bytes[1]) << 8
    for count in Array(0...40) + Array(headerEnd - 20...headerEnd + 20) + [bytes.count - 1] {
      #expect(try refusal(Array(bytes[..<count])) != "accepted", "\(count) bytes")
    }
  }
}
