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
