import Testing

@testable import Corpus

@Suite("Triples and other tables")
struct TriplesTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func triples(
    _ content: String, _ kind: TriplesReader.Content?
  ) throws -> [Triple] {
    var reader = try TriplesReader(path: folder.file("t.tsv", content), content: kind)
    var result: [Triple] = []
    while let triple = try reader.next() { result.append(triple) }
    return result
  }

  @Test("three columns of texts or ids are read")
  func columns() throws {
    #expect(
      try triples("why \t a b\tc\r\n", .texts)
        == [Triple(query: "why ", positive: " a b", negative: "c")])
    #expect(
      try triples("1\t02\t3\n4\t5\t6", .identifiers)
        == [
          Triple(query: "1", positive: "02", negative: "3"),
          Triple(query: "4", positive: "5", negative: "6"),
        ])
  }

  @Test("a teacher's scores and a negative's source are read, and written in the same form")
  func others() throws {
    var scored = Triple(query: "1", positive: "2", negative: "3")
    scored.scores = Triple.TeacherScores(positive: 9.5, negative: -1.25)
    #expect(try triples("9.5\t-1.25\t1\t2\t3\n", nil) == [scored])
    var mined = Triple(query: "q x", positive: "a b", negative: "c")
    mined.source = Triple.MinedSource(rank: 51, score: 0.625, version: "v1")
    #expect(try triples("q x\ta b\tc\t51\t0.625\tv1\n", nil) == [mined])
    for triple in [scored, mined] {
      let path = folder.path + "/out.tsv"
      var writer = try TSVWriter(path: path)
      try writer.append(triple)
      try writer.commit()
      var reader = try TriplesReader(path: path)
      #expect(try reader.next() == triple)
    }
    #expect(
      message(in: folder) { _ = try triples("1\t2\t3\tx\t0.5\tv1\n", nil) }
        == "t.tsv:1: the rank \"x\" is not an integer. Fix the line.")
  }

  @Test("what triples hold is seen by their first line")
  func content() throws {
    var texts = try TriplesReader(path: folder.file("a.tsv", "cat\ta cat\tdog\n"))
    _ = try texts.next()
    #expect(texts.content == .texts)
    var ids = try TriplesReader(path: folder.file("b.tsv", "1\tp2\tp3\n"))
    _ = try ids.next()
    #expect(ids.content == .identifiers)
  }

  @Test("lines that are no triple are refused")
  func refused() throws {
    let text = { (content: String, kind: TriplesReader.Content) in
      message(in: folder) { _ = try triples(content, kind) }
    }
    #expect(
      text("a\tb\n", .texts) == """
        t.tsv:1: expected 3 columns "query<TAB>positive<TAB>negative", 5 with a teacher's scores before them \
        or 6 with the negative's rank, score and version behind them, found 2. Fix the line.
        """)
    #expect(
      text("1\t2\t3\n1\t2\t3\t4\n", .identifiers) == """
        t.tsv:2: expected 3 columns "qid<TAB>positive pid<TAB>negative pid", 5 with a teacher's scores before \
        them or 6 with the negative's rank, score and version behind them, found 4. Fix the line.
        """)
    #expect(
      text("a\t\tb\n", .texts) == """
        t.tsv:1: expected "query<TAB>positive<TAB>negative", found an empty column. Fix the line.
        """)
    #expect(text("1\t\t3\n", .identifiers) == "t.tsv:1: the id is empty. Fix the line.")
    #expect(
      text("\n", .texts) == """
        t.tsv:1: expected "query<TAB>positive<TAB>negative", found an empty line. Fix the line.
        """)
    #expect(
      text("a\tb\tc\0\n", .texts)
        == "t.tsv:1: byte 6 of the line is NUL, which no text holds. Fix the line.")
  }

  @Test("a reader can start again for another epoch")
  func rewind() throws {
    var reader = try TriplesReader(path: folder.file("t.tsv", "a\tb\tc\n"), content: .texts)
    let first = try reader.next()
    #expect(try reader.next() == nil)
    try reader.rewind()
    #expect(try reader.next() == first)
    #expect(first != nil)
  }

  @Test("what is written is read back, awkward ends included")
  func writing() throws {
    let path = folder.path + "/out.tsv"
    let texts = ["tab\tinside", "ends in CR\r", "\u{FEFF}mark", " blanks ", "\u{85}"]
    var writer = try TSVWriter(path: path)
    for text in texts {
      try writer.append(id: Identifier("\u{FEFF}\(text.utf8.count)"), text: text)
    }
    try writer.commit()
    let read = try passages(path)
    #expect(read.map { Array($0.text.utf8) } == texts.map { Array($0.utf8) })
    #expect(read.map(\.id) == texts.map { Identifier("\u{FEFF}\($0.utf8.count)") })
  }

  @Test("triples and judgments are written in the layout that is read")
  func writingOthers() throws {
    let path = folder.path + "/out.tsv"
    let triple = Triple(query: "q", positive: "p", negative: "n\r")
    var triples = try TSVWriter(path: path)
    try triples.append(triple)
    try triples.commit()
    var reader = try TriplesReader(path: path, content: .texts)
    #expect(try reader.next() == triple)
    var qrels = try TSVWriter(path: path)
    try qrels.append(Judgment(query: "1", passage: "2", grade: -1))
    try qrels.commit()
    #expect(try contents(of: path) == Array("1\t0\t2\t-1\n".utf8))
  }

  @Test("what could not be read back is refused")
  func unwritable() throws {
    var writer = try TSVWriter(path: folder.path + "/out.tsv")
    let write = { (id: Identifier, text: String) throws(CorpusError) in
      try writer.append(id: id, text: text)
    }
    let words = "holds a separator of the format (tab, line feed or NUL). Remove it."
    #expect(message(in: folder) { try write("1", "a\nb") } == "out.tsv: \"a\\u{a}b\" \(words)")
    #expect(message(in: folder) { try write("1\t2", "a") } == "out.tsv: \"1\\u{9}2\" \(words)")
    #expect(message(in: folder) { try write("1", "a\0") } == "out.tsv: \"a\\u{0}\" \(words)")
    #expect(throws: CorpusError.self) { try write("1", " ") }
    #expect(throws: CorpusError.self) { try write("", "a") }
    #expect(throws: CorpusError.self) {
      try writer.append(Judgment(query: "a b", passage: "1", grade: 1))
    }
  }
}
