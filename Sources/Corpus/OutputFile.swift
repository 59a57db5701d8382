internal import Glibc

/// A file that appears whole or not at all.
///
/// Bytes go to a file without a name in the folder of `path`; `commit` puts it in place, on the disk with
/// its name. Without `commit` it is gone and what was at `path` stays. Where the file system has only
/// files with names, a kill may leave one, `.pawl-….partial`. A path that leads to a pipe or a device
/// (/dev/stdout, "-") is written to directly.
@safe package struct OutputFile: ~Copyable {
  /// The path as it was given.
  package let path: String

  private let file: Descriptor
  // Where the file is until `commit`, and where it then goes; nil for pipes and devices.
  private let placement: Placement?
  private var isPending: Bool
  private let buffer: UnsafeMutableRawBufferPointer
  private var filled = 0

  private struct Placement {
    /// nil: the file has no name yet.
    var temporaryPath: String?
    let finalPath: String
    let folder: String
  }

  /// Creates the temporary file.
  package init(path: String) throws(CorpusError) {
    self.path = path
    if Self.isStandardOutput(path) {
      file = try Descriptor(duplicating: STDOUT_FILENO, path: "/dev/stdout")
      placement = nil
    } else {
      let old = try FileState.of(path: path)
      switch old?.kind {
      case .directory: throw .isDirectory(path: path)
      case .other:
        file = try Descriptor(path: path, flags: O_WRONLY)
        placement = nil
      case .regular, nil:
        let finalPath = old == nil ? path : try Self.resolved(path)
        let folder = Self.folder(of: finalPath)
        var placement = Placement(temporaryPath: nil, finalPath: finalPath, folder: folder)
        if let unnamed = try createUnnamedFile(in: folder, mode: 0o666, path: path) {
          file = unnamed
        } else {
          let made = try createTemporaryFile(in: folder, mode: 0o666, named: "partial")
          placement.temporaryPath = made.path
          file = made.file
        }
        self.placement = placement
        // A file that only its owner may read stays one.
        if let old { _ = fchmod(file.number, old.permissions) }
      }
    }
    isPending = placement != nil
    unsafe buffer = .allocate(byteCount: 1 << 20, alignment: 64)
  }

  /// Whether a path means the standard output.
  package static func isStandardOutput(_ path: String) -> Bool {
    path == "-" || path == "/dev/stdout"
  }

  deinit {
    unsafe buffer.deallocate()
    if isPending, let name = placement?.temporaryPath { _ = unsafe unlink(name) }
  }

  /// Adds the UTF-8 bytes of `text`.
  package mutating func write(_ text: String) throws(CorpusError) {
    try write(text.utf8.span)
  }

  /// Adds bytes.
  package mutating func write(_ bytes: Span<UInt8>) throws(CorpusError) {
    // Sound: the pointer does not leave the closure.
    try unsafe bytes.withUnsafeBytes { bytes throws(CorpusError) in try unsafe write(bytes) }
  }

  /// Adds bytes.
  @unsafe package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(CorpusError) {
    if unsafe bytes.count > buffer.count - filled { try flush() }
    if unsafe bytes.count > buffer.count {
      try unsafe file.write(bytes)
      return
    }
    unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).copyMemory(from: bytes)
    filled += bytes.count
  }

  /// Puts the file in place: data on the disk, then the name, then the folder on the disk.
  ///
  /// - Parameter isLasting: false for what is checked when it is read and may be lost with the power: nothing
  ///   waits for the disk.
  package consuming func commit(isLasting: Bool = true) throws(CorpusError) {
    try flush()
    guard let placement else { return }
    if isLasting { try file.synchronise() }
    let name =
      if let name = placement.temporaryPath { name } else {
        try file.giveName(in: placement.folder, label: "partial")
      }
    guard unsafe Glibc.rename(name, placement.finalPath) == 0 else {
      let code = errno
      _ = unsafe unlink(name)
      throw .system(path: path, action: .rename, code: code)
    }
    isPending = false
    guard isLasting else { return }
    try Descriptor(path: placement.folder, flags: O_RDONLY | O_DIRECTORY).synchronise()
  }

  private mutating func flush() throws(CorpusError) {
    try unsafe file.write(UnsafeRawBufferPointer(rebasing: buffer[..<filled]))
    filled = 0
  }

  /// The path without symbolic links, so that a link stays one and its target is replaced.
  private static func resolved(_ path: String) throws(CorpusError) -> String {
    guard let resolved = unsafe realpath(path, nil) else {
      throw .system(path: path, action: .create, code: errno)
    }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
