internal import Glibc

/// Who has a database open: any number of processes together, or one alone.
///
/// An advisory lock (flock(2)) on the folder itself, held from before data.mdb is looked at until after it
/// is closed. So it needs no file, no permission to write, and follows the folder where it is renamed.
/// It belongs to the open descriptor: two opens in one process are two holders, and a process that
/// dies lets go.
package struct OpenLock: ~Copyable {
  package enum Kind: Sendable {
    /// Beside others.
    case shared
    /// Nobody else has it open, or can open it.
    case alone
  }

  private let folder: Int32

  /// Waits until nobody holds it in a way that excludes `kind`.
  ///
  /// - Throws: `.inUse` after `limit`, `.missing`, `.notAFolder`, or what the system says.
  package init(path: String, kind: Kind, waitingAtMost limit: Duration) throws(LMDBError) {
    var patience = Patience(limit)
    while true {
      let folder = try FileSystem.open(folder: path)
      do throws(LMDBError) {
        try Self.lock(folder, path, kind, &patience, limit)
        // Whoever had it alone may have put another folder in this one's place.
        if try FileSystem.isFolder(folder, at: path) {
          self.folder = folder
          return
        }
      } catch {
        close(folder)
        throw error
      }
      close(folder)
    }
  }

  deinit { Self.release(folder) }

  /// Whether somebody has it now, this process included; true where that cannot be known, on a file
  /// system without such locks, say: what may be somebody's work is not to be taken away.
  package static func isHeld(_ path: String) -> Bool {
    do throws(LMDBError) {
      _ = try OpenLock(path: path, kind: .alone, waitingAtMost: .zero)
      return false
    } catch .missing {
      return false
    } catch .notAFolder {
      return false
    } catch {
      return true
    }
  }

  /// Hands the locked descriptor over; the caller lets go with `release`.
  consuming func descriptor() -> Int32 {
    let folder = folder
    discard self
    return folder
  }

  /// Lets go and closes the descriptor.
  static func release(_ folder: Int32) {
    // Closing would do, but a child may hold a copy of the descriptor between its fork and its exec.
    _ = flock(folder, LOCK_UN)
    close(folder)
  }

  private static func lock(
    _ folder: Int32, _ path: String, _ kind: Kind, _ patience: inout Patience, _ limit: Duration
  ) throws(LMDBError) {
    while flock(folder, (kind == .alone ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0 {
      switch errno {
      case EWOULDBLOCK, EINTR:
        if patience.waitABit() { continue }
        throw .inUse(path: path, by: LockHolders.processes(of: folder), kind, waited: limit)
      case EOPNOTSUPP where kind == .shared, ENOLCK where kind == .shared,
        EINVAL where kind == .shared, ENOSYS where kind == .shared:
        // Where a file system has no such locks nobody gets the store alone, so sharing needs none.
        return
      case let code: throw LMDBError(code: code, path: path, operation: "lock the folder")
      }
    }
  }
}

/// Who holds a lock of flock(2), from /proc/locks, for messages.
enum LockHolders {
  /// Ids of the processes that hold such a lock on the file behind the descriptor, other than this one,
  /// ascending; none where the system does not say.
  static func processes(of file: Int32) -> [Int32] {
    var facts = stat()
    guard unsafe fstat(file, &facts) == 0 else { return [] }
    let processes = table().split(separator: "\n").compactMap {
      process(in: $0, inode: UInt64(facts.st_ino))
    }
    return Set(processes).subtracting([getpid()]).sorted()
  }

  /// The process of a line like `7: FLOCK  ADVISORY  READ 3412 08:02:1057 0 EOF`; lines of waiting
  /// processes have an arrow. Devices are left out: some file systems report another one there.
  static func process(in line: Substring, inode: UInt64) -> Int32? {
    let words = line.split(separator: " ")
    guard words.count >= 6, words[1] == "FLOCK", let process = Int32(words[4]), process > 0,
      words[5].split(separator: ":").last.flatMap({ UInt64($0) }) == inode
    else { return nil }
    return process
  }

  private static func table() -> String {
    let file = unsafe open("/proc/locks", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return "" }
    defer { close(file) }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 14)
    while true {
      let count = unsafe read(file, &buffer, buffer.count)
      guard count > 0 else { break }
      text.append(contentsOf: buffer[..<count])
    }
    return String(decoding: text, as: UTF8.self)
  }
}
