internal import CKernels
internal import Corpus
internal import Encoding

/// The packed weights of a checkpoint in a file beside it, `checkpoints/<digest>.packed-int12`: a cache,
/// made anew where it is absent or damaged.
///
/// ```
/// 0   8 bytes  "PAWLPK12"
/// 8   uint32   1, the layout
/// 12  uint32   CRC32C of the digest's text and of all from byte 64 on
/// 16  zeros
/// 64           `PackedWeights`: for each layer the products of queries, keys and values; of attention's
///              output; up; down; each: panels, scales, bias
/// ```
struct PackedFile {
  private static let magic = Array("PAWLPK12".utf8)
  private static let layout: UInt32 = 1
  private static let headerSize = 64

  /// Inside the store.
  let name: String
  let path: String
  private let digest: String

  init(of digest: String, inStoreAt store: String) {
    name = "checkpoints/\(digest).packed-int12"
    path = "\(store)/\(name)"
    self.digest = digest
  }

  /// The weights in the file; nil where there is none, or not what was written for that checkpoint.
  ///
  /// - Complexity: a checksum of the whole file: 3 ms for all-MiniLM-L6-v2.
  func read(_ shape: TransformerConfiguration) -> PackedWeights? {
    // Whatever is wrong with a cache, it is made anew.
    guard Files.isRegularFile(path), let file = try? MappedFile(path: path) else { return nil }
    guard let weights = PackedWeights(file, from: Self.headerSize, shape) else { return nil }
    let header = file.bytes.extracting(0..<Self.headerSize)
    let isOurs = unsafe header.withUnsafeBytes { found in
      unsafe found.elementsEqual(self.header(of: weights))
    }
    return isOurs ? weights : nil
  }

  /// Writes the file, whole or not at all.
  ///
  /// Nothing depends on it, so where it cannot be written it is not: a store on a disk without room, or of
  /// another user, can be read all the same. Nor is it where something else has its name: through a link it
  /// would replace a file outside the store, at a pipe it would wait.
  func write(_ weights: PackedWeights) {
    if Files.isTaken(path), !Files.isRegularFile(path) { return }
    do {
      var file = try OutputFile(path: path)
      try file.write(header(of: weights).span)
      let bytes = weights.bytes
      // Sound: the pointer does not leave the closure.
      try unsafe bytes.withUnsafeBytes { try unsafe file.write($0) }
      try file.commit(isLasting: false)
    } catch {}
  }

  private func header(of weights: PackedWeights) -> [UInt8] {
    var header = Self.magic
    for number in [Self.layout, checksum(of: weights)] {
      for shift in stride(from: UInt32(0), to: 32, by: 8) {
        header.append(UInt8(truncatingIfNeeded: number >> shift))
      }
    }
    return header + [UInt8](repeating: 0, count: Self.headerSize - header.count)
  }

  private func checksum(of weights: PackedWeights) -> UInt32 {
    let name = Array(digest.utf8)
    let bytes = weights.bytes
    // Sound: reads exactly the bytes of the buffers.
    return unsafe bytes.withUnsafeBytes { bytes in
      unsafe pawl_crc32c(pawl_crc32c(0, name, name.count), bytes.baseAddress, bytes.count)
    }
  }
}
