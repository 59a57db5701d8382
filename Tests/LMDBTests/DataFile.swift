import Glibc

/// The bytes of a closed database's data.mdb, to damage them.
struct DataFile {
  let path: String
  private(set) var bytes: [UInt8]

  struct Unreadable: Error {}

  init(_ folder: String) throws {
    path = folder + "/data.mdb"
    guard let file = unsafe fopen(path, "r") else { throw Unreadable() }
    defer { unsafe fclose(file) }
    unsafe fseek(file, 0, SEEK_END)
    bytes = unsafe [UInt8](repeating: 0, count: ftell(file))
    unsafe rewind(file)
    guard unsafe fread(&bytes, 1, bytes.count, file) == bytes.count else { throw Unreadable() }
  }

  func write(_ new: [UInt8]) throws {
    guard let file = unsafe fopen(path, "w") else { throw Unreadable() }
    defer { unsafe fclose(file) }
    guard unsafe fwrite(new, 1, new.count, file) == new.count else { throw Unreadable() }
  }

  /// Where `pattern` begins, every time.
  func offsets(of pattern: [UInt8]) -> [Int] {
    guard bytes.count >= pattern.count else { return [] }
    return (0...(bytes.count - pattern.count)).filter { start in
      bytes[start] == pattern[0] && bytes[start..<start + pattern.count].elementsEqual(pattern)
    }
  }
}
