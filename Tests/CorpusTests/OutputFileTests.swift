import Foundation
import Glibc
import Testing

@testable import Corpus

@Suite("Output files")
struct OutputFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(_ path: String, _ text: String) throws(CorpusError) {
    var file = try OutputFile(path: path)
    try file.write(text)
    try file.commit()
  }

  @Test("a file appears at commit, whole, and nothing else is left")
  func commit() throws {
    let path = folder.path + "/out"
    var file = try OutputFile(path: path)
    try file.write("one ")
    #expect(try folder.names.allSatisfy { $0.hasPrefix(".pawl-") && $0.hasSuffix(".partial") })
    let large = String(repeating: "x", count: 3 << 20)
    try file.write(large)
    try file.write("two")
    try file.commit()
    #expect(try folder.names == ["out"])
    #expect(try contents(of: path) == Array("one \(large)two".utf8))
  }

  @Test("without commit the old file stays and the temporary one goes")
  func abandoned() throws {
    let path = try folder.file("out", "old")
    do {
      var file = try OutputFile(path: path)
      try file.write("new")
    }
    #expect(try contents(of: path) == Array("old".utf8))
    #expect(try folder.names == ["out"])
  }

  @Test("an old file is replaced, its permissions and a link to it stay")
  func replaced() throws {
    let path = try folder.file("out", "old")
    #expect(unsafe chmod(path, 0o640) == 0)
    let link = folder.path + "/link"
    #expect(unsafe symlink(path, link) == 0)
    try write(link, "new")
    #expect(try contents(of: path) == Array("new".utf8))
    #expect(try FileState.of(path: path)?.permissions == 0o640)
    #expect(try folder.names == ["link", "out"])
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == path)
  }

  @Test("a device is written to and stays a device")
  func device() throws {
    try write("/dev/null", "gone")
    #expect(try FileState.of(path: "/dev/null")?.kind == .other)
  }

  @Test("a full disk is an error at the latest at commit, and is told as such")
  func full() {
    let error = #expect(throws: CorpusError.self) { try write("/dev/full", "text") }
    #expect(error == .system(path: "/dev/full", action: .write, code: ENOSPC))
    #expect(error?.category == .diskFull)
    #expect(
      error.map { "\($0)" } == """
        /dev/full: cannot write: No space left on device. \
        Free some space, then run the command again.
        """)
  }

  @Test("a folder, a missing folder and a folder without permission are refused by name")
  func refused() throws {
    #expect(
      message(in: folder) { try write(folder.path + "/", "x") }.hasSuffix(
        "is a directory. Give the name of a file."))
    let text = message(in: folder) { try write(folder.path + "/none/out", "x") }
    #expect(text == "none: cannot create: No such file or directory. Check the path.")
  }
}
