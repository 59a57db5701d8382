internal import Glibc

/// Makes a new, empty file in `folder` under a name that nothing else has.
///
/// - Returns: the open file and its path.
func createTemporaryFile(
  in folder: String, mode: mode_t, named label: String
) throws(CorpusError) -> TemporaryFile {
  let attempts = 16  // Two equal 64-bit names are a sign of a broken generator, not of bad luck.
  for attempt in 1...attempts {
    let name = "\(folder)/.pawl-\(String(UInt64.random(in: .min ... .max), radix: 36)).\(label)"
    do {
      let file = try Descriptor(
        path: name, flags: O_CREAT | O_EXCL | O_RDWR, mode: mode, action: .create)
      return TemporaryFile(file: file, path: name)
    } catch {
      guard case .system(_, _, EEXIST) = error, attempt < attempts else {
        // The made-up name would tell nobody anything.
        guard case .system(_, let action, let code) = error else { throw error }
        throw .system(path: folder, action: action, code: code)
      }
    }
  }
  throw .system(path: folder, action: .create, code: EEXIST)
}

/// An open file and where it lies.
struct TemporaryFile: ~Copyable {
  let file: Descriptor
  let path: String
}

/// Copies what cannot be read twice (a pipe, standard input) into a file without a name.
///
/// The file lies in `$TMPDIR`, else in /var/tmp, which unlike /tmp is not kept in memory on many
/// systems. The system frees it with its last descriptor, even after a crash.
func spool(_ stream: borrowing Descriptor) throws(CorpusError) -> Descriptor {
  let folder = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/var/tmp"
  let spool = try createTemporaryFile(in: folder, mode: 0o600, named: "spool")
  guard unsafe unlink(spool.path) == 0 else {
    throw .system(path: folder, action: .create, code: errno)
  }
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
  defer { unsafe buffer.deallocate() }
  while true {
    let count = try unsafe stream.read(into: buffer)
    if count == 0 { return spool.file }
    try unsafe spool.file.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
  }
}
