internal import Glibc

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
