internal import CLMDB
internal import Glibc

/// What the store needs to ask of the file system.
enum FileSystem {
  /// The name of a file system where LMDB must not live, or nil.
  ///
  /// Numbers of statfs(2). 9P is left out: sandboxes that run on a local disk (gVisor) report it too,
  /// and a real 9P mount refuses the shared map with an error of its own.
  static func unsuitableName(ofType type: Int) -> String? {
    switch UInt32(truncatingIfNeeded: type) {
    case 0x6969: "NFS"
    case 0x517B: "SMB"
    case 0xFF53_4D42: "CIFS"
    case 0xFE53_4D42: "SMB2"
    case 0x6573_5546: "FUSE"
    case 0x5346_414F: "AFS"
    case 0x7375_7245: "Coda"
    case 0x564C: "NCP"
    case 0x00C3_6400: "Ceph"
    case 0x0BD0_0BD0: "Lustre"
    case 0x4750_4653: "GPFS"
    case 0x7461_636F: "OCFS2"
    case 0x0116_1970: "GFS2"
    case 0xBACB_ACBC: "VMware shared folder"
    case 0x786F_4256: "VirtualBox shared folder"
    default: nil
    }
  }

  /// Throws where LMDB would not be safe on a file system of that type.
  static func refuseNetwork(path: String, type: Int) throws(LMDBError) {
    guard let name = unsuitableName(ofType: type) else { return }
    throw .networkFileSystem(path: path, name: name)
  }

  /// The statfs(2) type of the file system that holds `path`.
  static func type(path: String) throws(LMDBError) -> Int {
    var facts = statfs()
    guard unsafe statfs(path, &facts) == 0 else {
      throw LMDBError(code: errno, path: path, operation: "statfs")
    }
    return Int(facts.f_type)
  }

  /// Whether data.mdb in that folder cannot grow by a megabyte, for want of disk or by its limit.
  ///
  /// Asked after a write was cut short, which leaves the disk as full as it then was.
  static func isFull(path: String) -> Bool {
    let margin = 1 << 20
    var disk = statfs()
    guard unsafe statfs(path, &disk) == 0 else { return false }
    let free = geteuid() == 0 ? disk.f_bfree : disk.f_bavail
    if Int(free) * Int(disk.f_bsize) < margin { return true }
    var file = stat()
    var limit = rlimit()
    guard unsafe stat(path + "/data.mdb", &file) == 0,
      unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0,
      let most = Int(exactly: limit.rlim_cur)
    else { return false }
    return Int(file.st_size) + margin > most
  }

  /// Makes the folder (0700) where it is absent, so that its name survives a power loss.
  static func makeFolder(path: String) throws(LMDBError) {
    if unsafe mkdir(path, 0o700) == 0 {
      try sync(folder: parent(of: path))
    } else if errno != EEXIST {
      throw LMDBError(code: errno, path: path, operation: "make folder")
    }
  }

  /// Makes an empty file (0600) where there is none; true if it did.
  ///
  /// An existing file is not opened: closing it again would drop locks that others in this process
  /// hold on it.
  static func makeFile(path: String) throws(LMDBError) -> Bool {
    let file = unsafe Glibc.open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
    guard file >= 0 else {
      if errno == EEXIST { return false }
      throw LMDBError(code: errno, path: path, operation: "make file")
    }
    close(file)
    return true
  }

  /// Gives a file (made 0600 where there is none) all its blocks: LMDB maps lock.mdb with holes, and on a
  /// full disk the first touch of a hole ends the process.
  ///
  /// Not for one that this process has open: closing it drops the locks on it.
  /// - Parameter bytes: how long an empty one becomes; others keep their length, because the processes that
  ///   have it open map so much of it.
  static func reserve(file path: String, bytes: Int) throws(LMDBError) {
    let file = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    // LMDB finds out whether that matters.
    guard file >= 0 else { return }
    defer { close(file) }
    var facts = stat()
    guard unsafe fstat(file, &facts) == 0 else { return }
    let size = facts.st_size > 0 ? Int(facts.st_size) : bytes
    if Int(facts.st_blocks) * 512 >= size { return }
    let code = posix_fallocate(file, 0, size)
    guard code == ENOSPC || code == EDQUOT else { return }
    throw LMDBError(code: code, path: path, operation: "make lock.mdb")
  }

  /// Writes the folder's list of names to the disk.
  static func sync(folder path: String) throws(LMDBError) {
    let folder = try open(folder: path)
    defer { close(folder) }
    // Some file systems have nothing to do here and say EINVAL.
    guard fsync(folder) == 0 || errno == EINVAL else {
      throw LMDBError(code: errno, path: path, operation: "sync folder")
    }
  }

  /// A descriptor of the folder, for the caller to close.
  static func open(folder path: String) throws(LMDBError) -> Int32 {
    let folder = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw LMDBError(code: errno, path: path, operation: "open folder") }
    return folder
  }

  /// Whether the folder behind the descriptor is the one that has that path now.
  static func isFolder(_ folder: Int32, at path: String) throws(LMDBError) -> Bool {
    var (there, named) = (stat(), stat())
    guard unsafe fstat(folder, &there) == 0 else {
      throw LMDBError(code: errno, path: path, operation: "stat")
    }
    // Between two renames of a restore there may be none.
    return unsafe stat(path, &named) == 0 && named.st_dev == there.st_dev
      && named.st_ino == there.st_ino
  }

  /// Which file that is, and its length.
  static func identify(path: String) throws(LMDBError) -> (file: FileIdentity, bytes: Int) {
    var facts = stat()
    guard unsafe stat(path, &facts) == 0 else {
      throw LMDBError(code: errno, path: path, operation: "stat")
    }
    let file = FileIdentity(device: UInt64(facts.st_dev), inode: UInt64(facts.st_ino))
    return (file, Int(facts.st_size))
  }

  private static func parent(of path: String) -> String {
    var trimmed = path[...]
    while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
    guard let slash = trimmed.lastIndex(of: "/") else { return "." }
    return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
  }
}
