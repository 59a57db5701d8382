internal import Glibc

/// The few operations on files that a store needs, each with an error that names the file.
enum Files {
  static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  /// The names in a folder, sorted; empty where there is no such folder.
  static func names(in path: String) -> [String] {
    guard let folder = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Makes a folder that only its owner can read; one that is there already is an error.
  static func makeNewFolder(_ path: String) throws(StoreError) {
    guard unsafe mkdir(path, 0o700) == 0 else { throw failure(path, "make the folder") }
  }

  /// Makes a folder that only its owner can read, unless it is there.
  static func makeFolder(_ path: String) throws(StoreError) {
    if !isOwnFolder(path) { try makeNewFolder(path) }
  }

  /// Whether a folder of this user is there, and no link to one.
  static func isOwnFolder(_ path: String) -> Bool {
    var status = stat()
    return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
      && status.st_uid == geteuid()
  }

  static func rename(_ source: String, to target: String) throws(StoreError) {
    guard unsafe Glibc.rename(source, target) == 0 else {
      throw failure(source, "rename it to \(target)")
    }
  }

  /// Makes a folder's entries durable.
  static func synchronize(folder path: String) throws(StoreError) {
    let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path, "open the folder") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure(path, "write the folder to the disk") }
  }

  /// Copies a file and makes its content durable.
  static func copy(_ source: String, to target: String) throws(StoreError) {
    let input = unsafe open(source, O_RDONLY | O_CLOEXEC)
    guard input >= 0 else { throw failure(source, "read it") }
    defer { close(input) }
    let output = unsafe open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard output >= 0 else { throw failure(target, "write it") }
    defer { close(output) }
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = unsafe read(input, &buffer, buffer.count)
      if count == 0 { break }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw failure(source, "read it") }
      try writeAll(buffer.span.extracting(0..<count), to: output, target)
    }
    guard fsync(output) == 0 else { throw failure(target, "write it to the disk") }
  }

  private static func writeAll(
    _ bytes: Span<UInt8>, to descriptor: Int32, _ path: String
  ) throws(StoreError) {
    var done = 0
    while done < bytes.count {
      let rest = bytes.extracting(done..<bytes.count)
      let count = unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw failure(path, "write it") }
      done += count
    }
  }

  /// Removes a folder of this user with everything in it; links are removed, never followed.
  static func removeTree(_ path: String) {
    guard isOwnFolder(path) else { return }
    for name in names(in: path) {
      let child = path + "/" + name
      // A folder cannot be unlinked; whatever else it is, it is gone.
      if unsafe unlink(child) != 0 { removeTree(child) }
    }
    unsafe rmdir(path)
  }

  static func sizeInBytes(_ path: String) -> Int? {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? Int(status.st_size) : nil
  }

  private static func failure(_ path: String, _ operation: String) -> StoreError {
    let code = errno
    return .fileSystem(
      path: path, operation: operation, code: code,
      reason: unsafe String(cString: strerror(code)))
  }
}
