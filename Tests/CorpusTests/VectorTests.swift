import Testing

@testable import Corpus

/// `[[1.5, -2, 3], [0.25, 5, 6]]` as numpy 2.4 saves it: float32 in version 1.0, float16 in 2.0.
private enum Numpy {
  static let values: [Float] = [1.5, -2, 3, 0.25, 5, 6]
  static let dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
  static let float32 =
    bytes(hex: "934e554d50590100 7600") + padded(dictionary, to: 0x76)
    + bytes(hex: "0000c03f 000000c0 00004040 0000803e 0000a040 0000c040")
  static let float16 =
    bytes(hex: "934e554d50590200 74000000")
    + padded("{'descr': '<f2', 'fortran_order': False, 'shape': (2, 3), }", to: 0x74)
    + bytes(hex: "003e 00c0 0042 0034 0045 0046")

  /// The float32 file in a zstd frame; head and tail differ where the file is longer or shorter.
  static func zstd(head: String, tail: String) -> [UInt8] {
    let middle =
      "934e554d5059010076007b276465736372273a20273c6634272c2027666f727472616e"
      + "5f6f72646546616c73657368617065273a2028322c2033292c207d200a0000c03f00"
    return bytes(hex: head + middle + tail)
  }

  static func padded(_ dictionary: String, to count: Int) -> [UInt8] {
    Array(dictionary.utf8) + Array(repeating: 0x20, count: count - dictionary.utf8.count - 1)
      + [0x0A]
  }

  /// A float32 file of version 1.0 with another dictionary.
  static func file(_ dictionary: String) -> [UInt8] {
    Array(float32[..<10]) + padded(dictionary, to: 0x76) + Array(float32[128...])
  }
}

/// `[[1, 2], [3, 4]]`.
private let fvecs = bytes(hex: "02000000 0000803f 00000040 02000000 00004040 00008040")

@Suite("Vectors")
struct VectorTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func read(_ name: String, _ content: [UInt8], rows: Int = 1) throws -> [Float] {
    var reader = try VectorReader(path: folder.file(name, content))
    var result: [Float] = []
    var values: [Float] = []
    while case let count = try reader.read(rows: rows, into: &values), count > 0 {
      #expect(values.count == count * reader.dimension)
      result += values
    }
    #expect(reader.position == reader.sizeInBytes)
    return result
  }

  private func refusal(_ name: String, _ content: [UInt8]) -> String {
    message(in: folder) { _ = try read(name, content) }
  }

  @Test("numpy's float32 and float16 files are read, in any number of rows at a time")
  func npy() throws {
    for rows in 1...4 {
      #expect(try read("x.npy", Numpy.float32, rows: rows) == Numpy.values)
      #expect(try read("x.bin", Numpy.float16, rows: rows) == Numpy.values)
    }
    var third = Numpy.float16
    third[6] = 3
    #expect(try read("x.npy", third) == Numpy.values)
    let reader = try VectorReader(path: folder.file("x.npy", Numpy.float32))
    #expect(reader.dimension == 3)
    #expect(reader.rowCount == 2)
  }

  @Test("keys come in any order, with either quote and any blanks")
  func headerForms() throws {
    for dictionary in [
      "{\"shape\":(2,3),\"descr\":\"<f4\",\"fortran_order\":False}",
      "  { 'fortran_order' : False , 'shape' : ( 2 , 3 , ) , 'descr' : '<f4' , }",
    ] {
      #expect(try read("x.npy", Numpy.file(dictionary)) == Numpy.values)
    }
  }

  @Test("a matrix without rows is read")
  func noRows() throws {
    let dictionary = Numpy.dictionary.replacing("(2, 3)", with: "(0, 3)")
    #expect(try read("x.npy", Array(Numpy.file(dictionary)[..<128])).isEmpty)
  }

  @Test("a reader can go back to the first row", arguments: ["x.npy", "x.fvecs"])
  func rewind(name: String) throws {
    let content = name == "x.npy" ? Numpy.float32 : fvecs
    var reader = try VectorReader(path: folder.file(name, content))
    var first: [Float] = []
    var again: [Float] = []
    _ = try reader.read(rows: 1, into: &first)
    try reader.rewind()
    _ = try reader.read(rows: 1, into: &again)
    #expect(first == again && !first.isEmpty)
  }

  @Test("fvecs files are read and their rows are counted from the size")
  func fvecsFiles() throws {
    #expect(try read("x.fvecs", fvecs, rows: 3) == [1, 2, 3, 4])
    let reader = try VectorReader(path: folder.file("x.fvecs", fvecs))
    #expect(reader.rowCount == 2 && reader.dimension == 2)
  }

  @Test(
    "headers that are not a float matrix in C order are refused",
    arguments: [
      (
        "{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }",
        """
        the elements are ">f4", expected little-endian float32 ("<f4") or float16 ("<f2"). \
        Save the array with .astype("<f4").
        """
      ),
      (
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", "the elements are \"<f8\""
      ),
      (
        "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }",
        "the array is in Fortran order. Save numpy.ascontiguousarray(x) instead."
      ),
      (
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), }",
        "the array has shape [6], expected two dimensions (rows, width). Reshape and save again."
      ),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", "the array has shape []"),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3), }", "has shape [1, 2, 3]"),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }", "160 bytes, found 152"),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }", "140 bytes, found 152"),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 0), }", "rows of 0 floats"),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 65537), }", "rows of 65537 floats"),
      (
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 3), }",
        "the .npy header is damaged (the shape is too large). Save the array again."
      ),
      (
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808, 3), }",
        "expected an integer below 2^63 at byte 52"
      ),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3), }", "expected an integer"),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'x': 1}", "key \"x\""),
      ("{'descr': '<f4', 'descr': '<f4', 'shape': (2, 3), }", "unexpected key \"descr\""),
      ("{'descr': '<f4', 'shape': (2, 3), }", "descr, fortran_order or shape is missing"),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } x", "expected the end"),
      ("{'descr': '<f4", "a string has no end"),
      ("", "expected { at byte"),
      ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 3)}", "expected a string"),
      ("{'descr': '<f4' 'shape': (2, 3)}", "expected } at byte 17"),
    ])
  func badHeaders(dictionary: String, words: String) {
    let text = refusal("x.npy", Numpy.file(dictionary))
    #expect(text.hasPrefix("x.npy: "))
    #expect(text.contains(words), "\(text)")
  }

  @Test("files cut at any byte, longer files and changed versions are refused")
  func damagedFiles() {
    for (name, content) in [("x.npy", Numpy.float32), ("x.npy", Numpy.float16), ("x.fvecs", fvecs)]
    {
      for count in 0..<content.count where name == "x.npy" || count != 12 {
        let cut = Array(content[..<count])
        #expect(refusal(name, cut).hasPrefix(name + ": "), "\(count) bytes")
      }
      #expect(refusal(name, content + [0]).hasPrefix(name + ": "))
    }
    var content = Numpy.float32
    content[6] = 4
    #expect(refusal("x.npy", content).hasPrefix("x.npy: .npy version 4.0 is not known"))
    content = bytes(hex: "934e554d50590200 ffffffff")
    #expect(refusal("x.npy", content).contains("it claims to have 4294967295 bytes"))
  }

  @Test("numbers that are infinite or not a number are refused with their place")
  func notFinite() {
    for bits in ["0000807f", "000080ff", "0000c07f"] {
      var content = Numpy.float32
      content.replaceSubrange(144..<148, with: bytes(hex: bits))
      #expect(
        refusal("x.npy", content)
          == "x.npy: row 2, column 2 is infinite or not a number. Remove that row.")
    }
    var content = Numpy.float16
    content.replaceSubrange(130..<132, with: bytes(hex: "007c"))
    #expect(refusal("x.npy", content).hasPrefix("x.npy: row 1, column 2 is infinite"))
  }

  @Test("fvecs files with other dimensions, and files of no known format, are refused")
  func fvecsFaults() {
    var content = fvecs
    content[12] = 3
    #expect(
      refusal("x.fvecs", content) == """
        x.fvecs: row 2 has dimension 3, the rows before it have 2. Save the array again.
        """)
    content[3] = 0xFF
    #expect(refusal("x.fvecs", content).contains("rows of -16777214 floats, expected 1 to 65536."))
    #expect(
      refusal("x.bin", fvecs) == """
        x.bin: is no .npy file, and its name does not end in .fvecs. \
        Save the vectors with numpy.save.
        """)
  }

  @Test("packed files are read, and cut or longer data is seen at the end")
  func packed() throws {
    let gzip = bytes(
      hex: "1f8b080000000000020363620081067b20e1c004663b3800f90e0036fca36018000000")
    #expect(try read("x.fvecs.gz", gzip, rows: 3) == [1, 2, 3, 4])
    let cut = bytes(
      hex: "1f8b080000000000020363620081067b20e1c004663b38300000ec29aa2615000000")
    #expect(
      refusal("x.fvecs.gz", cut) == """
        x.fvecs.gz: the data ends before the end of row 2. Fetch or make the file again.
        """)
    #expect(
      try read(
        "x.npy.zst",
        Numpy.zstd(
          head: "28b52ffd00681d03005405",
          tail: "000040400000803e0000a0400000c0400400284061f70c001e36987a"), rows: 3)
        == Numpy.values)
    #expect(
      refusal(
        "x.npy.zst",
        Numpy.zstd(
          head: "28b52ffd00682503006405",
          tail: "000040400000803e0000a0400000c040000400284061f70c001e36987a"))
        == "x.npy.zst: more bytes follow the last row. Fetch or make the file again.")
    #expect(
      refusal(
        "x.npy.zst",
        Numpy.zstd(
          head: "28b52ffd00681503004405",
          tail: "000040400000803e0000a0400000c00400284061f70c001e36987a"))
        == "x.npy.zst: the data ends before the end of row 2. Fetch or make the file again.")
  }

  @Test("what is written is what numpy writes, and it is read back")
  func writing() throws {
    let path = folder.path + "/out.npy"
    var writer = try VectorWriter(path: path, rowCount: 2, dimension: 3)
    try writer.append(Array(Numpy.values[..<3]).span)
    try writer.append(Array(Numpy.values[3...]).span)
    try writer.commit()
    #expect(try contents(of: path) == Numpy.float32)

    var halves = try VectorWriter(path: path, rowCount: 2, dimension: 3, element: .float16)
    try halves.append(Numpy.values.span)
    try halves.commit()
    let written = try contents(of: path)
    #expect(Array(written[128...]) == Array(Numpy.float16[128...]))
    #expect(try read("copy.npy", written) == Numpy.values)
  }

  @Test("a number beyond float16 is refused instead of becoming infinite")
  func float16Range() throws {
    var writer = try VectorWriter(
      path: folder.path + "/out.npy", rowCount: 1, dimension: 2, element: .float16)
    #expect(
      message(in: folder) { try writer.append(([1, 70_000] as [Float]).span) }
        == "out.npy: 70000.0 does not fit in float16. Write float32 instead.")
  }

  @Test("rows larger than one reading come in several")
  func manyRows() throws {
    let path = folder.path + "/big.npy"
    let rowCount = 3_000
    let dimension = 768
    var writer = try VectorWriter(path: path, rowCount: rowCount, dimension: dimension)
    for row in 0..<rowCount {
      try writer.append([Float](repeating: Float(row), count: dimension).span)
    }
    try writer.commit()
    var reader = try VectorReader(path: path)
    var values: [Float] = []
    var row = 0
    while case let count = try reader.read(rows: rowCount, into: &values), count > 0 {
      for index in 0..<count {
        #expect(
          values[index * dimension] == Float(row)
            && values[(index + 1) * dimension - 1] == Float(row))
        row += 1
      }
    }
    #expect(row == rowCount)
  }
}
