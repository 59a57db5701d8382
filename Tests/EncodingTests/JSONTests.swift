import Testing

@testable import Encoding

@Suite struct JSONTests {
  private func parse(_ text: String) throws(JSONError) -> JSON {
    try JSON.parse(Array(text.utf8))
  }

  /// The message for a text, or "accepted".
  private func refusal(_ text: String) -> String {
    refusal(Array(text.utf8))
  }

  private func refusal(_ bytes: [UInt8], limits: JSONReader.Limits = .init()) -> String {
    do throws(JSONError) {
      _ = try JSON.parse(bytes, limits: limits)
      return "accepted"
    } catch {
      return error.description
    }
  }

  @Test("values of every kind are read in their order")
  func values() throws {
    let json = try parse(
      #" {"a":[1,-2,0.5,1e3,-0,9223372036854775807,9223372036854775808],"b":null,"c":"x","#
        + "\n\t\"d\":true , \"\":{\"e\":false}, \"f\":[]}\r\n")
    #expect(json.members?.map(\.key) == ["a", "b", "c", "d", "", "f"])
    #expect(
      json["a"]?.array?.map(\.double) == [1, -2, 0.5, 1000, 0, 0x1p63, 0x1p63])
    #expect(json["a"]?.array?.map(\.integer) == [1, -2, nil, nil, 0, .max, nil])
    #expect(json["b"]?.isNull == true)
    #expect(json["c"]?.string == "x")
    #expect(json["d"]?.bool == true)
    #expect(json[""]?["e"]?.bool == false)
    #expect(json["f"]?.array?.isEmpty == true)
    #expect(json["g"] == nil)
  }

  @Test("escapes become the scalars they name")
  func escapes() throws {
    let text = try parse(#""\"\\\/\b\f\n\r\t\u0041\u00e9\u5B57\uD83D\uDE00 é\u0000""#).string
    #expect(text.map { Array($0.utf8) } == Array("\"\\/\u{8}\u{C}\n\r\tAé字😀 é\0".utf8))
  }

  @Test("keys that are canonically equivalent stay two keys")
  func equivalentKeys() throws {
    let json = try parse("{\"\u{212A}\":1,\"K\":2,\"\u{e9}\":3,\"e\u{301}\":4}")
    #expect(json["K"]?.integer == 2)
    #expect(json["e\u{301}"]?.integer == 4)
  }

  @Test(
    "what RFC 8259 does not allow is refused with its place",
    arguments: [
      ("", "line 1, byte 0: expected a value, found the end of the text"),
      ("[1,]", "line 1, byte 3: expected a value, found ']'"),
      ("[1 2]", "line 1, byte 3: expected ',' or ']', found '2'"),
      ("[1", "line 1, byte 2: expected ',' or ']', found the end of the text"),
      ("{\"a\":1,}", "line 1, byte 7: expected a string, found '}'"),
      ("{\"a\" 1}", "line 1, byte 5: expected ':', found '1'"),
      ("{1:2}", "line 1, byte 1: expected a string, found '1'"),
      ("1 2", "line 1, byte 2: more text after the end of the JSON value"),
      ("\n\n nul", "line 3, byte 6: expected null, found the end of the text"),
      ("trux", "line 1, byte 3: expected true, found 'x'"),
      ("\u{feff}1", "line 1, byte 0: expected a value, found byte 0xEF"),
      ("01", "line 1, byte 0: malformed number"),
      ("-", "line 1, byte 1: expected a value, found the end of the text"),
      ("1.", "line 1, byte 2: malformed number"),
      ("1e", "line 1, byte 2: malformed number"),
      ("+1", "line 1, byte 0: expected a value, found '+'"),
      ("NaN", "line 1, byte 0: expected a value, found 'N'"),
      ("1e999", "line 1, byte 0: number 1e999 is out of range"),
      ("\"a", "line 1, byte 2: expected the end of a string, found the end of the text"),
      (
        "\"\t\"",
        "line 1, byte 1: control character byte 0x09 inside a string, which must be escaped"
      ),
      (#""\x""#, "line 1, byte 2: unknown escape in a string"),
      (#""\u12g4""#, "line 1, byte 5: unknown escape in a string"),
      (#""\uD800""#, "line 1, byte 3: half of a surrogate pair in a \\u escape"),
      (#""\uDC00\uD800""#, "line 1, byte 3: half of a surrogate pair in a \\u escape"),
      (#""\uD800\u0041""#, "line 1, byte 3: half of a surrogate pair in a \\u escape"),
      ("{\"a\":1,\n\"b\":2,\"a\":3}", "line 2, byte 14: the key \"a\" occurs twice in one object"),
    ])
  func refusals(text: String, message: String) {
    #expect(refusal(text) == message)
  }

  @Test(
    "bytes that are not UTF-8 are refused",
    arguments: [
      [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80],
      [0xF0, 0x8F, 0xBF, 0xBF],
      [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xC3], [0xE2, 0x82], [0xFF],
    ] as [[UInt8]])
  func illFormed(bytes: [UInt8]) {
    #expect(refusal([0x22] + bytes + [0x22]) == "line 1, byte 1: bytes that are not UTF-8")
    #expect(refusal([0x22] + bytes) == "line 1, byte 1: bytes that are not UTF-8")
  }

  @Test("a duplicate key is found among many, whichever it is")
  func manyKeys() {
    let keys = (0..<300).map { "\"k\($0)\":0" }
    for repeated in [0, 7, 8, 9, 150, 299] {
      let text = "{\(keys.joined(separator: ",")),\"k\(repeated)\":1}"
      #expect(refusal(text).hasSuffix("the key \"k\(repeated)\" occurs twice in one object"))
    }
    #expect(refusal("{\(keys.joined(separator: ","))}") == "accepted")
  }

  @Test("depth and number of values are bounded")
  func limits() {
    let nested = { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }
    #expect(refusal(nested(64)) == "accepted")
    #expect(refusal(nested(65)) == "line 1, byte 65: nested deeper than 64 levels")
    #expect(
      refusal(String(repeating: "[", count: 1_000_000)).hasSuffix("nested deeper than 64 levels"))
    let four = Array("[1,2,3]".utf8)
    #expect(refusal(four, limits: .init(values: 4)) == "accepted")
    #expect(refusal(four, limits: .init(values: 3)) == "line 1, byte 5: more than 3 values")
  }

  @Test("an object can be read member by member, nested ones too")
  func pieceByPiece() throws {
    var reader = JSONReader(Array(#"{"a":{"b":[1,[2],{}]},"c":"d"}"#.utf8))
    var keys: [String] = []
    try reader.beginObject()
    while let key = try reader.nextKey() {
      keys.append(key)
      guard try reader.isAtObject() else {
        try reader.skipValue()
        continue
      }
      try reader.beginObject()
      while let key = try reader.nextKey() {
        keys.append(key)
        var count = 0
        try reader.beginArray()
        while try reader.nextElement() {
          try reader.skipValue()
          count += 1
        }
        #expect(count == 3)
      }
    }
    try reader.end()
    #expect(keys == ["a", "b", "c"])
  }
}
