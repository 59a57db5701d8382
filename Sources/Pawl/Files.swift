internal import Glibc

/// The few operations on files that a store needs, each with an error that names the file.
enum Files {
  static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  /// Whether something has that name, be it a link to nothing.
  static func isTaken(_ path: String) -> Bool {
    var status = stat()
    return unsafe lstat(path, &status) == 0
  }

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

  /// Makes a folder anew, whatever was in it.
  static func makeEmptyFolder(_ path: String) throws(StoreError) {
    removeTree(path)
    try makeFolder(path)
  }

  /// Whether a folder of this user is there, and no link to one.
  static func isOwnFolder(_ path: String) -> Bool {
    var status = stat()
    return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
      && status.st_uid == geteuid()
  }

  /// Whether a file is there, and no link to one.
  static func isRegularFile(_ path: String) -> Bool {
    var status = stat()
    return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
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

  /// What a small file of the system says; empty where it cannot be read.
  static func text(_ path: String) -> String {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 4_096)
    let count = unsafe read(descriptor, &buffer, buffer.count)
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
  }

  /// Removes whatever has that name, a folder with everything in it.
  static func remove(_ path: String) {
    // A folder cannot be unlinked; whatever else it is, it is gone.
    if unsafe unlink(path) != 0 { removeTree(path) }
  }

  /// Removes a folder of this user with everything in it; links are removed, never followed.
  static func removeTree(_ path: String) {
    guard isOwnFolder(path) else { return }
    for name in names(in: path) { remove(path + "/" + name) }
    unsafe rmdir(path)
  }

  /// Bytes of all files below a folder, links left out.
  static func treeSizeInBytes(_ path: String) -> Int {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return 0 }
    if status.st_mode & S_IFMT == S_IFREG { return Int(status.st_size) }
    guard status.st_mode & S_IFMT == S_IFDIR else { return 0 }
    return names(in: path).reduce(0) { $0 + treeSizeInBytes("\(path)/\($1)") }
  }

  /// Copies a folder of files and folders into a new one and makes all of it durable.
  ///
  /// - Throws: also for anything else in it, a link, say: a store has none.
  static func copyTree(_ source: String, to target: String) throws(StoreError) {
    try makeNewFolder(target)
    for name in names(in: source) {
      let (from, to) = ("\(source)/\(name)", "\(target)/\(name)")
      var status = stat()
      guard unsafe lstat(from, &status) == 0 else { throw failure(from, "look at it") }
      switch status.st_mode & S_IFMT {
      case S_IFDIR: try copyTree(from, to: to)
      case S_IFREG: try copy(from, to: to)
      default:
        throw .damaged(path: from, object: "it", problem: "it is neither a file nor a folder")
      }
    }
    try synchronize(folder: target)
  }

  /// Bytes that may still be written to the file system of that folder.
  static func freeBytes(_ path: String) throws(StoreError) -> Int {
    var facts = statvfs()
    guard unsafe statvfs(path, &facts) == 0 else { throw failure(path, "ask for free space") }
    let blocks = geteuid() == 0 ? facts.f_bfree : facts.f_bavail
    return Int(clamping: UInt64(blocks).multipliedReportingOverflow(by: UInt64(facts.f_frsize)).0)
  }

  /// - Throws: `.noRoom` where fewer than `needed` bytes are free.
  static func requireRoom(_ needed: Int, in path: String, free: Int) throws(StoreError) {
    if free < needed { throw .noRoom(path: path, neededBytes: needed, freeBytes: free) }
  }

  /// Seconds since a file or folder was changed or renamed; nil where there is none.
  static func ageInSeconds(_ path: String) -> Int? {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return nil }
    return max(0, time(nil) - max(status.st_mtim.tv_sec, status.st_ctim.tv_sec))
  }

  /// Whether two paths lead to one file or folder that is there.
  static func areSame(_ path: String, _ other: String) -> Bool {
    var (first, second) = (stat(), stat())
    return unsafe stat(path, &first) == 0 && stat(other, &second) == 0
      && first.st_dev == second.st_dev && first.st_ino == second.st_ino
  }

  static func sizeInBytes(_ path: String) -> Int? {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? Int(status.st_size) : nil
  }

  static func failure(_ path: String, _ operation: String) -> StoreError {
    let code = errno
    return .fileSystem(
      path: path, operation: operation, code: code,
      reason: unsafe String(cString: strerror(code)))
  }
}
