import Foundation
import Testing

@testable import PawlCLI

@Suite struct ShellHistoryTests {
  let folder: CommandRunner.Folder
  let history: ShellHistory
  init() throws {
    folder = try CommandRunner.Folder()
    history = ShellHistory(path: folder.path + "/a/b/history")
  }

  private func mode(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  @Test("its place is the XDG state folder, else the one below the home; a relative one is ignored")
  func place() {
    func path(_ variables: [String: String]) -> String? {
      ShellHistory { variables[$0] }?.path
    }
    #expect(path(["XDG_STATE_HOME": "/s", "HOME": "/h"]) == "/s/pawl/history")
    #expect(path(["HOME": "/h"]) == "/h/.local/state/pawl/history")
    #expect(path(["XDG_STATE_HOME": "s", "HOME": "/h"]) == "/h/.local/state/pawl/history")
    #expect(path([:]) == nil)
  }

  @Test("lines come back in order, none twice in a row, in a file of mode 0600 in a folder of 0700")
  func order() throws {
    #expect(try history.entries() == [])
    for line in ["one", "two", "two", "größe ☃", "one"] { try history.append(line) }
    #expect(try history.entries() == ["one", "two", "größe ☃", "one"])
    #expect(try mode(history.path) == 0o600)
    #expect(try mode(folder.path + "/a/b") == 0o700)
    #expect(try mode(folder.path + "/a") == 0o700)
  }

  @Test("of more than 1,000 lines the newest stay, and no other file is left")
  func limit() throws {
    for number in 0..<1_005 { try history.append("line \(number)") }
    #expect(try history.entries() == (5..<1_005).map { "line \($0)" })
    let text = try String(contentsOfFile: history.path, encoding: .utf8)
    #expect(text.split(separator: "\n").count == 1_000)
    #expect(try mode(history.path) == 0o600)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path + "/a/b") == ["history"])
  }

  @Test("two shells at once keep each other's lines, also while the file is replaced")
  func twoAtOnce() async throws {
    for number in 0..<900 { try history.append("old \(number)") }
    let history = history
    await withTaskGroup(of: Void.self) { group in
      for shell in 0..<4 {
        group.addTask {
          for number in 0..<60 {
            do { try history.append("shell \(shell) line \(number)") } catch {
              Issue.record(error)
            }
          }
        }
      }
    }
    let entries = try history.entries()
    #expect(entries.count == 1_000)
    for shell in 0..<4 {
      let own = entries.filter { $0.hasPrefix("shell \(shell) ") }
      #expect(own == (0..<60).map { "shell \(shell) line \($0)" })
    }
  }

  @Test("a line that a crash cut short does not swallow the next")
  func cutLine() throws {
    try history.append("whole")
    let file = try #require(FileHandle(forWritingAtPath: history.path))
    try file.seekToEnd()
    try file.write(contentsOf: Data("cut".utf8))
    try history.append("next")
    #expect(try history.entries() == ["whole", "cut", "next"])
  }

  @Test("a link stays a link, and one to /dev/null is a history of nothing")
  func links() throws {
    try history.append("x")
    let files = FileManager.default
    let link = ShellHistory(path: folder.path + "/link")
    try files.createSymbolicLink(atPath: link.path, withDestinationPath: history.path)
    for number in 0..<1_001 { try link.append("line \(number)") }
    #expect(try files.destinationOfSymbolicLink(atPath: link.path) == history.path)
    #expect(try history.entries().count == 1_000)
    let null = ShellHistory(path: folder.path + "/null")
    try files.createSymbolicLink(atPath: null.path, withDestinationPath: "/dev/null")
    try null.append("x")
    #expect(try null.entries() == [])
    #expect(try files.destinationOfSymbolicLink(atPath: null.path) == "/dev/null")
  }

  @Test("what cannot be read or written is said once, with its path")
  func unreadable() throws {
    let none = ShellHistory(path: "/proc/none/history")
    let written = #expect(throws: ShellFault.self) { try none.append("x") }
    #expect(
      "\(try #require(written))".hasPrefix("/proc/none/history: cannot write the history: "))
    let directory = ShellHistory(path: folder.path)
    #expect(throws: ShellFault.self) { try directory.append("x") }
  }

  @Test("a line longer than 16 KiB is not kept")
  func longLine() throws {
    try history.append(String(repeating: "x", count: 20_000))
    #expect(try history.entries() == [])
  }
}
