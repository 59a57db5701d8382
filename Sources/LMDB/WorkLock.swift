internal import Glibc

/// The right to do some long work in a database, which one thread of one process has at a time: another one would do
/// the same work and throw it away.
///
/// A byte of `writer.lock` behind those of `WriterLock`, and of the same kind: who dies lets go.
package struct WorkLock: ~Copyable {
  /// Behind the two bytes of writers.
  private static let first = WriterLock.queue + 16

  private let file: Int32
  private let offset: Int
  private let ownerProcess = getpid()

  /// - Parameters:
  ///   - number: of the work.
  ///   - file: `writer.lock`, opened for this alone.
  /// - Returns: nil where another has it.
  init?(_ number: UInt32, file: Int32, path: String) throws(LMDBError) {
    self.file = file
    offset = Self.first + Int(number)
    let code = WriterLock.set(F_WRLCK, at: offset, of: file)
    if code == 0 { return }
    close(file)
    if WriterLock.isTaken(code) { return nil }
    throw LMDBError(code: code, path: path, operation: "lock writer.lock")
  }

  deinit {
    // As for writers: the lock is the parent's.
    if getpid() == ownerProcess { _ = WriterLock.set(F_UNLCK, at: offset, of: file) }
    close(file)
  }
}
