import Foundation
import Testing

/// Files of vectors that are damaged, or something else, and ingests that are killed.
@Suite struct BadVectorTests {
  let pawl: CommandRunner
  let files: VectorFiles
  init() throws {
    pawl = try CommandRunner()
    files = VectorFiles(pawl: pawl)
    try pawl.run("init", "v.pawl", "--dimension", "16")
  }

  /// The ingest is refused with 65 and that message, and nothing of the files is stored.
  private func expectRefused(
    _ vectors: String, _ ids: String, _ message: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let result = try pawl.run(
      "ingest", "v.pawl", "--vectors", vectors, "--ids", ids, "--quiet")
    #expect(result.status == 65, sourceLocation: sourceLocation)
    #expect(
      result.error.hasSuffix(message + "\n"), "\(result.error)", sourceLocation: sourceLocation)
    #expect(result.output == "", sourceLocation: sourceLocation)
    let check = try pawl.run("check", "v.pawl", "--json")
    #expect(check.status == 0, sourceLocation: sourceLocation)
    #expect(check.output.contains("\"passageCount\":0"), sourceLocation: sourceLocation)
  }

  @Test("npy files that are cut, of other elements, or in another order are refused")
  func badNpy() throws {
    let ids = try files.ids("ids.txt", 6_000)
    let whole = VectorFiles.npyBytes(6_000)
    let cases: [([UInt8], String)] = [
      (
        Array(whole.dropLast(10)),
        "x.npy: expected 384128 bytes, found 384118. Fetch or make the file again."
      ),
      (
        whole + [0], "x.npy: expected 384128 bytes, found 384129. Fetch or make the file again."
      ),
      (
        Array(whole.prefix(9)),
        "the .npy header is damaged (it ends too early). Save the array again."
      ),
      (
        VectorFiles.npyBytes(6_000, type: "<f8"),
        "(\"<f4\") or float16 (\"<f2\"). Save the array with .astype(\"<f4\")."
      ),
      (
        VectorFiles.npyBytes(6_000, order: "True"),
        "the array is in Fortran order. Save numpy.ascontiguousarray(x) instead."
      ),
    ]
    for (bytes, message) in cases {
      try expectRefused(try pawl.write("x.npy", bytes), ids, message)
    }
  }

  @Test(
    "a NaN or a vector of zeros behind the first transaction is found before anything is stored")
  func badRows() throws {
    let ids = try files.ids("ids.txt", 6_000)
    var bytes = VectorFiles.npyBytes(6_000)
    let start = 128 + 5_000 * 64
    bytes.replaceSubrange(start + 8..<start + 12, with: [0, 0, 0xC0, 0x7F])
    try expectRefused(
      try pawl.write("x.npy", bytes), ids,
      "x.npy: row 5001, column 3 is infinite or not a number. Remove that row.")
    bytes.replaceSubrange(start..<start + 64, with: [UInt8](repeating: 0, count: 64))
    try expectRefused(
      try pawl.write("x.npy", bytes), ids,
      "x.npy: row 5001 is nothing but zeros, so it points nowhere. Remove that row.")
  }

  @Test("fvecs files that are cut, or whose rows change their width, are refused")
  func badFvecs() throws {
    let ids = try files.ids("ids.txt", 6_000)
    let whole = try [UInt8](Data(contentsOf: URL(filePath: files.fvecs("w.fvecs", 6_000))))
    try expectRefused(
      try pawl.write("x.fvecs", Array(whole.dropLast(4))), ids,
      "x.fvecs: the data ends before the end of row 6000. Fetch or make the file again.")
    var bytes = whole
    bytes[5_000 * 68] = 15
    try expectRefused(
      try pawl.write("x.fvecs", bytes), ids,
      "row 5001 has dimension 15, the rows before it have 16. Save the array again.")
    try expectRefused(
      try pawl.write("x.bin", whole), ids,
      "is no .npy file, and its name does not end in .fvecs. Save the vectors with numpy.save.")
  }

  @Test("ids that are too few, too many, empty or too long are refused by number or line")
  func badIDs() throws {
    let x = try files.npy("x.npy", 6_000)
    let good = (0..<6_000).map { "v\($0)" }
    let long = String(repeating: "i", count: 512)
    func changed(_ place: Int, to id: String) -> [String] {
      var ids = good
      ids[place] = id
      return ids
    }
    let cases: [([String], String)] = [
      (Array(good.dropLast()), "ids.txt has 5999 ids. Give one id for each vector."),
      (good + ["more"], "ids.txt has 6001 ids. Give one id for each vector."),
      (changed(76, to: ""), "ids.txt:77: expected \"one id\", found an empty line. Fix the line."),
      (
        changed(5_999, to: long),
        "ids.txt:6000: the id has 512 bytes, the limit is 511. Fix the line."
      ),
      (
        changed(5_999, to: "a\tb"),
        "ids.txt:6000: expected 1 column \"one id\", found 2. Fix the line."
      ),
    ]
    for (lines, message) in cases {
      let ids = try pawl.write("ids.txt", lines.map { $0 + "\n" }.joined())
      try expectRefused(x, ids, message)
    }
    let narrow = try pawl.run("init", "n.pawl", "--dimension", "8")
    #expect(narrow.status == 0)
    let ids = try files.ids("ids.txt", 6_000)
    let width = try pawl.run("ingest", "n.pawl", "--vectors", x, "--ids", ids)
    #expect(width.status == 65)
    #expect(width.error.contains("the vectors have 16 dimensions, the version's codes have 8."))
    let missing = try pawl.run("ingest", "v.pawl", "--vectors", "no.npy", "--ids", ids)
    #expect(missing.status == 74)
  }

  @Test("killed at random moments, the same ingest ends with everything and nothing twice")
  func kills() throws {
    let count = 60_000
    let (x, ids) = (try files.npy("x.npy", count), try files.ids("ids.txt", count))
    let arguments = ["ingest", "v.pawl", "--vectors", x, "--ids", ids, "--quiet"]
    var (finished, partial) = (false, 0)
    for _ in 0..<100 where !finished {
      finished = try !pawl.kill(arguments, after: .random(in: 0.005...0.3))
      let check = try pawl.run("check", "v.pawl", "--json")
      #expect(check.status == 0, "\(check.output)")
      #expect(check.output.contains("\"pendingCount\":0"))
      if !check.output.contains("\"passageCount\":0"), !finished { partial += 1 }
    }
    let last = try pawl.run(arguments + ["--json"])
    #expect(last.status == 0)
    #expect(last.output.contains("\"updated\":0"))
    let check = try pawl.run("check", "v.pawl", "--json")
    #expect(check.output.contains("\"codeCount\":60000"))
    #expect(check.output.contains("\"passageCount\":60000"))
    #expect(partial > 0 || finished, "some kill came between two transactions")
    let rows = try pawl.run("get", "v.pawl", "v59999")
    #expect(rows.error.hasPrefix("row 59999, "), "no row was given out twice: \(rows.error)")
  }

  @Test("Ctrl-C stops after a whole batch and says how to go on")
  func interrupt() throws {
    let count = 200_000
    let (x, ids) = (try files.npy("x.npy", count), try files.ids("ids.txt", count))
    let process = pawl.process(["ingest", "v.pawl", "--vectors", x, "--ids", ids])
    let errors = Pipe()
    process.standardOutput = FileHandle.nullDevice
    process.standardError = errors
    try process.run()
    // By now it stores its first batches, and it is far from its last.
    while try pawl.run("stats", "v.pawl", "--json").output.contains("\"passageCount\":0") {}
    kill(process.processIdentifier, SIGINT)
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(text.contains("the same command goes on from here"), "\(text)")
    #expect(process.terminationReason == .exit && process.terminationStatus == 1)
    let check = try pawl.run("check", "v.pawl", "--json")
    #expect(check.status == 0)
  }
}
