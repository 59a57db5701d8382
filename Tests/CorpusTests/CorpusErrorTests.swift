import Glibc
import Testing

@testable import Corpus

@Suite("Errors")
struct CorpusErrorTests {
  @Test("a message says what, where and what to do")
  func description() {
    let error = CorpusError.line(
      path: "collection.tsv", line: 812, kind: .collection, fault: .noTab)
    #expect(
      "\(error)" == """
        collection.tsv:812: expected "pid<TAB>passage", found no tab. \
        Fix the line or pass --skip-malformed.
        """)
    #expect(
      "\(CorpusError.system(path: "a.tsv", action: .read, code: EIO))"
        == "a.tsv: cannot read: Input/output error. The disk failed: check it before you try again."
    )
    #expect(
      "\(CorpusError.system(path: "a.tsv", action: .synchronise, code: EDQUOT))" == """
        a.tsv: cannot write to disk: Disk quota exceeded. \
        Free some space, then run the command again.
        """)
    #expect(
      "\(CorpusError.system(path: "a.tsv", action: .rename, code: EACCES))"
        == "a.tsv: cannot put in place: Permission denied. Check the permissions.")
    #expect(
      "\(CorpusError.vectors(path: "x.npy.gz", fault: .trailingBytes))"
        == "x.npy.gz: more bytes follow the last row. Fetch or make the file again.")
    #expect(
      "\(CorpusError.vectors(path: "x.npy.gz", fault: .truncated(row: 6)))" == """
        x.npy.gz: the data ends before the end of row 7. Fetch or make the file again.
        """)
  }

  @Test("bad data, failing disks and full disks are three categories")
  func categories() {
    #expect(CorpusError.oldMacLineEnds(path: "a").category == .badData)
    #expect(CorpusError.system(path: "a", action: .read, code: EIO).category == .inputOutput)
    #expect(CorpusError.system(path: "a", action: .write, code: ENOSPC).category == .diskFull)
    #expect(CorpusError.isDirectory(path: "a").category == .inputOutput)
  }

  @Test("pieces of a file are cut and cannot drive a terminal")
  func quoting() {
    #expect(quoted("plain é") == "\"plain é\"")
    #expect(quoted("\u{1B}[2J\u{9B}1\u{202E}") == "\"\\u{1b}[2J\\u{9b}1\\u{202e}\"")
    #expect(quoted(String(repeating: "a", count: 61)).hasSuffix("aa…\""))
    #expect(quoted(String(repeating: "a", count: 60)).utf8.count == 62)
  }
}
