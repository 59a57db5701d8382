import Foundation
import Glibc
import Testing

@testable import Corpus

@Suite("Byte sources")
struct ByteSourceTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("a folder, a missing file and a bad path are refused by name")
  func refused() {
    let open = { (name: String) in
      message(in: folder) { _ = try ByteSource(path: folder.path + "/" + name) }
    }
    #expect(open("").hasSuffix("is a directory. Give the name of a file."))
    #expect(
      open("none.tsv") == "none.tsv: cannot open: No such file or directory. Check the path.")
    #expect(
      open(String(repeating: "x", count: 300)).hasSuffix(
        "cannot open: File name too long. Check the path."))
  }

  @Test("an empty file has no bytes")
  func empty() throws {
    var source = try ByteSource(path: folder.file("empty", ""))
    #expect(try readAll(&source).isEmpty)
    #expect(source.sizeInBytes == 0)
  }

  @Test("a file can be read again")
  func rewind() throws {
    for content in [Array("plain".utf8), Packed.gzip, Packed.zstd] {
      var source = try ByteSource(path: folder.file("twice", content))
      let first = try readAll(&source, pieceSize: 3)
      try source.rewind()
      #expect(try readAll(&source, pieceSize: 5) == first)
      #expect(!first.isEmpty)
    }
  }

  @Test("a named pipe is spooled, can be read twice, and leaves no file behind")
  func namedPipe() throws {
    let path = folder.path + "/pipe"
    #expect(unsafe mkfifo(path, 0o600) == 0)
    let content = [UInt8](repeating: 0x61, count: 300_000)  // more than a pipe holds
    Thread.detachNewThread {
      let handle = FileHandle(forWritingAtPath: path)
      handle?.write(Data(content))
      try? handle?.close()
    }
    var source = try ByteSource(path: path)
    #expect(try readAll(&source) == content)
    try source.rewind()
    #expect(try readAll(&source) == content)
    #expect(source.sizeInBytes == 300_000)
    #expect(try folder.names == ["pipe"])
  }

  @Test("standard input is read from a pipe, packed or not")
  func standardInput() throws {
    let saved = dup(STDIN_FILENO)
    defer {
      _ = dup2(saved, STDIN_FILENO)
      _ = close(saved)
    }
    for name in ["-", "/dev/stdin"] {
      let pipe = Pipe()
      pipe.fileHandleForWriting.write(Data(Packed.gzip))
      try pipe.fileHandleForWriting.close()
      #expect(dup2(pipe.fileHandleForReading.fileDescriptor, STDIN_FILENO) == STDIN_FILENO)
      var source = try ByteSource(path: name)
      #expect(try readAll(&source) == Array(Packed.plain.utf8))
      #expect(source.path == "/dev/stdin")
    }
  }

  @Test("a file that grows, shrinks or is written to while it is read is an error")
  func changed() throws {
    let changes: [(String, (FileHandle) throws -> Void)] = [
      (
        "20 bytes at the start, 23 bytes now",
        {
          try $0.seekToEnd()
          $0.write(Data("abc".utf8))
        }
      ),
      ("20 bytes at the start, 7 bytes now", { try $0.truncate(atOffset: 7) }),
      ("20 bytes at the start, 20 bytes now", { $0.write(Data("1".utf8)) }),
    ]
    for (words, change) in changes {
      let path = try folder.file("file.tsv", "0123456789\n12345678\n")
      var source = try ByteSource(path: path)
      var piece = [UInt8](repeating: 0, count: 10)
      _ = try source.readFully(into: &piece, count: 10)
      usleep(20_000)  // The clock of a file system ticks every few milliseconds.
      let handle = try #require(FileHandle(forUpdatingAtPath: path))
      try change(handle)
      try handle.close()
      let text = message(in: folder) { _ = try readAll(&source) }
      #expect(
        text == """
          file.tsv: the file changed while it was read (\(words)). \
          Wait until it is complete, then run the command again.
          """)
    }
  }

  @Test("a change between the first and the second reading is an error")
  func changedBetweenReadings() throws {
    let path = try folder.file("collection.tsv", Packed.plain)
    var reader = try CollectionReader(path: path)
    #expect(try reader.survey().passageCount == 2)
    let handle = try #require(FileHandle(forUpdatingAtPath: path))
    try handle.seekToEnd()
    handle.write(Data("3\tmore\n".utf8))
    try handle.close()
    #expect(throws: CorpusError.changedWhileRead(path: path, sizeAtOpen: 18, sizeNow: 25)) {
      while try reader.next() != nil {}
    }
  }
}
