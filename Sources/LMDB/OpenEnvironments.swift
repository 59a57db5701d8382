internal import Synchronization

/// What makes two paths the same file.
struct FileIdentity: Hashable, Sendable {
  let device: UInt64
  let inode: UInt64
}

/// The data files that this process has open.
///
/// A second `mdb_env_open` of one file in a process, or a mere open and close, would drop the locks of
/// the first without a word. Only the process as a whole can know that, so this is the one global.
enum OpenEnvironments {
  private static let files = Mutex<Set<FileIdentity>>([])

  /// Takes the file for the caller, or returns false where somebody has it.
  static func claim(_ file: FileIdentity) -> Bool {
    files.withLock { $0.insert(file).inserted }
  }

  static func contains(_ file: FileIdentity) -> Bool {
    files.withLock { $0.contains(file) }
  }

  /// Gives the file up once `close` has closed it.
  ///
  /// Both under the lock: a file that was removed meanwhile gives its number to a new one as soon as it
  /// is closed, and that may be claimed at once.
  static func release(_ file: FileIdentity, closing close: () -> Void = {}) {
    files.withLock { files in
      close()
      files.remove(file)
    }
  }
}
