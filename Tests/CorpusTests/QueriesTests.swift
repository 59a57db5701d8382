import Testing

@testable import Corpus

@Suite("Queries and groups")
struct QueriesTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("queries keep the order of the file and are found by id")
  func queries() throws {
    let queries = try Queries(path: folder.file("q.tsv", "9\t what\tis it \n010\twhy\r\n"))
    #expect(queries.map(\.id) == ["9", "010"])
    #expect(queries["9"]?.text == " what\tis it ")
    #expect(queries["010"] == Query(id: "010", text: "why"))
    #expect(queries["10"] == nil)
  }

  @Test("a qid that occurs twice is an error with both lines")
  func duplicateQuery() throws {
    let path = try folder.file("q.tsv", "1\ta\n2\tb\n3\tc\n2\tb\n")
    #expect(
      message(in: folder) { _ = try Queries(path: path) }
        == "q.tsv:4: qid \"2\" is already in line 2. Fix the line.")
  }

  @Test("messages about queries and groups speak of queries and groups")
  func words() throws {
    let path = try folder.file("q.tsv", "1\n")
    #expect(
      message(in: folder) { _ = try Queries(path: path) }
        == "q.tsv:1: expected \"qid<TAB>query\", found no tab. Fix the line.")
    #expect(
      message(in: folder) { _ = try Groups(path: path) }
        == "q.tsv:1: expected \"qid<TAB>group\", found no tab. Fix the line.")
    let empty = try folder.file("e.tsv", "1\t\n")
    #expect(
      message(in: folder) { _ = try Queries(path: empty) }
        == "e.tsv:1: the query after the tab is empty. Fix the line.")
  }

  @Test("a query has one group; saying it twice is harmless, another group is an error")
  func groups() throws {
    let groups = try Groups(path: folder.file("g.tsv", "1\tp7\n2\tp7\n1\tp7\n3\tp 8\n"))
    #expect(groups.queryCount == 3)
    #expect(groups["2"] == "p7")
    #expect(groups["3"] == "p 8")
    #expect(groups["4"] == nil)
    let path = try folder.file("g.tsv", "1\tp7\n1\tp8\n")
    #expect(
      message(in: folder) { _ = try Groups(path: path) }
        == "g.tsv:2: qid \"1\" is in group \"p8\" here and in \"p7\" in line 1. Fix the line.")
  }

  @Test("one id a line, and nothing else")
  func identifiers() throws {
    var reader = try IdentifierReader(path: folder.file("ids.txt", "b\r\n0a\nwith blank"))
    #expect(try reader.next() == "b")
    #expect(try reader.next() == "0a")
    #expect(try reader.next() == "with blank")
    #expect(try reader.next() == nil)
    #expect(reader.line == 3)
    for (content, words) in [
      ("a\n\nb\n", "ids.txt:2: expected \"one id\", found an empty line. Fix the line."),
      ("a\tb\n", "ids.txt:1: expected 1 column \"one id\", found 2. Fix the line."),
      (" \n", "ids.txt:1: the id is empty. Fix the line."),
    ] {
      var reader = try IdentifierReader(path: folder.file("ids.txt", content))
      #expect(message(in: folder) { while try reader.next() != nil {} } == words)
    }
  }
}
