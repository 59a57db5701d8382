internal import CKernels
internal import Encoding

/// A model's files under `checkpoints/<digest>/`: copied once, never changed.
enum Checkpoint {
  /// Copies the files that decide embeddings into the store's folder and makes them durable, before
  /// anything names them.
  ///
  /// - Returns: the files as they are now in the store.
  static func publish(
    _ model: ModelDirectory, digest: String, inStoreAt store: String
  ) throws -> [CheckpointFile] {
    let parent = store + "/checkpoints"
    let target = "\(parent)/\(digest)"
    let names = model.decidingFiles
    if Files.exists(target) { return try names.map { try describe($0, in: target) } }
    try Files.makeFolder(parent)
    let temporary = "\(parent)/.\(digest).partial"
    Files.removeTree(temporary)
    try Files.makeFolder(temporary)
    for name in names {
      if let separator = name.lastIndex(of: "/") {
        try Files.makeFolder("\(temporary)/\(name[..<separator])")
      }
      try Files.copy("\(model.path)/\(name)", to: "\(temporary)/\(name)")
      if let separator = name.lastIndex(of: "/") {
        try Files.synchronize(folder: "\(temporary)/\(name[..<separator])")
      }
    }
    // The copy is what is used from now on, so it is the copy that has to be right.
    let copied = try ModelDirectory(path: temporary).digest()
    guard copied == digest else {
      throw StoreError.damaged(
        path: temporary, object: "the copy of \(model.path)",
        problem: "its digest is \(copied), not \(digest); the files changed while they were copied")
    }
    try Files.synchronize(folder: temporary)
    try Files.rename(temporary, to: target)
    try Files.synchronize(folder: parent)
    return try names.map { try describe($0, in: target) }
  }

  /// Compares the files' lengths and CRC32C with the record of the space.
  ///
  /// - Complexity: reads all files; 91 MB take about 15 ms from the page cache.
  static func verify(
    _ files: [CheckpointFile], of digest: String, inStoreAt store: String
  ) throws {
    let path = "\(store)/checkpoints/\(digest)"
    for file in files {
      guard Files.exists("\(path)/\(file.name)") else {
        throw StoreError.damaged(
          path: store, object: "checkpoints/\(digest)/\(file.name)", problem: "it is missing")
      }
      let found = try describe(file.name, in: path)
      guard found == file else {
        throw StoreError.damaged(
          path: store, object: "checkpoints/\(digest)/\(file.name)",
          problem: "it has \(found.byteCount) bytes and checksum \(found.checksum), "
            + "not \(file.byteCount) and \(file.checksum)")
      }
    }
  }

  /// Compares a checkpoint's content with the digest that names it.
  ///
  /// - Complexity: SHA-256 of all files; 91 MB take about 0.1 s.
  static func verify(_ digest: String, inStoreAt store: String) throws {
    let found = try ModelDirectory(path: "\(store)/checkpoints/\(digest)").digest()
    guard found == digest else {
      throw StoreError.damaged(
        path: store, object: "checkpoints/\(digest)", problem: "its digest is \(found)")
    }
  }

  private static func describe(_ name: String, in path: String) throws -> CheckpointFile {
    let file = try MappedFile(path: path + "/" + name)
    let bytes = file.bytes
    let checksum = unsafe bytes.withUnsafeBytes { bytes in
      // Sound: reads exactly the bytes of the buffer.
      unsafe pawl_crc32c(0, bytes.baseAddress, bytes.count)
    }
    return CheckpointFile(name: name, byteCount: file.count, checksum: checksum)
  }
}
