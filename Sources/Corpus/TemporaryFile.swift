internal import Glibc

/// Does something with names in `folder` until one is new.
///
/// - Parameter make: throws `.system` with `EEXIST` where the name is taken.
private func withNewName<Made: ~Copyable>(
  in folder: String, _ label: String, _ make: (String) throws(CorpusError) -> Made
) throws(CorpusError) -> Made {
  let attempts = 16  // Two equal 64-bit names are a sign of a broken generator, not of bad luck.
  for attempt in 1...attempts {
    let name = "\(folder)/.pawl-\(String(UInt64.random(in: .min ... .max), radix: 36)).\(label)"
    do { return try make(name) } catch {
      guard case .system(_, _, EEXIST) = error, attempt < attempts else {
        // The made-up name would tell nobody anything.
        guard case .system(_, let action, let code) = error else { throw error }
        throw .system(path: folder, action: action, code: code)
      }
    }
  }
  throw .system(path: folder, action: .create, code: EEXIST)
}

/// Makes a new, empty file in `folder` under a name that nothing else has.
///
/// - Returns: the open file and its path.
func createTemporaryFile(
  in folder: String, mode: mode_t, named label: String
) throws(CorpusError) -> TemporaryFile {
  try withNewName(in: folder, label) { name throws(CorpusError) in
    let file = try Descriptor(
      path: name, flags: O_CREAT | O_EXCL | O_RDWR, mode: mode, action: .create)
    return TemporaryFile(file: file, path: name)
  }
}

/// Makes a new file in `folder` that has no name until `giveName`: whatever ends the process, nothing is
/// left behind.
///
/// - Parameter path: how messages name it.
/// - Returns: nil where the file system or the surroundings have no such files.
func createUnnamedFile(
  in folder: String, mode: mode_t, path: String
) throws(CorpusError) -> Descriptor? {
  // The system's own macro O_TMPFILE is too much for the importer.
  let unnamed: Int32 = 0o20_000_000 | O_DIRECTORY
  guard unsafe access("/proc/self/fd", X_OK) == 0 else { return nil }
  let number = unsafe open(folder, unnamed | O_WRONLY | O_CLOEXEC, mode)
  if number >= 0 { return Descriptor(owning: number, path: path) }
  switch errno {
  case EOPNOTSUPP, EISDIR, EINVAL: return nil
  case let code: throw .system(path: folder, action: .create, code: code)
  }
}

extension Descriptor {
  /// Gives a file without a name a new one in `folder`.
  func giveName(in folder: String, label: String) throws(CorpusError) -> String {
    try withNewName(in: folder, label) { name throws(CorpusError) in
      guard
        unsafe linkat(AT_FDCWD, "/proc/self/fd/\(number)", AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0
      else { throw .system(path: name, action: .rename, code: errno) }
      return name
    }
  }
}

/// An open file and where it lies.
struct TemporaryFile: ~Copyable {
  let file: Descriptor
  let path: String
}
