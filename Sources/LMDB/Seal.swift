internal import CKernels
internal import CLMDB

/// The checksum behind every stored value, which tells damage and misplaced pages.
///
///     stored = payload ‖ CRC32C(table name ‖ 0 ‖ key length, 2 bytes LE ‖ key ‖ payload), 4 bytes LE
///
/// LMDB 0.9 has no checksums of its own. Table and key are part of it so that a whole and unharmed
/// value in the wrong place is noticed as well.
struct Seal: Sendable {
  static let length = 4
  /// LMDB counts a value's bytes in 32 bits, but turns some of them negative on the way.
  static let maximumPayloadLength = Int(Int32.max) - length
  /// Where re-reading costs more than looking up whether it was read before.
  private static let rememberedFrom = 4096

  let tableName: String
  private let tableSeed: UInt32

  init(tableName: String) {
    self.tableName = tableName
    let bytes = Array(tableName.utf8) + [0]
    tableSeed = unsafe pawl_crc32c(0, bytes, bytes.count)
  }

  /// Writes the checksum behind the payload that fills all but the last four bytes of `stored`.
  func close(_ stored: UnsafeMutableRawBufferPointer, key: UnsafeRawBufferPointer) {
    let payload = stored.count - Self.length
    let checksum = unsafe pawl_crc32c(seed(key), stored.baseAddress, payload)
    unsafe stored.storeBytes(of: checksum.littleEndian, toByteOffset: payload, as: UInt32.self)
  }

  /// The payload of a stored value, once its checksum has been found right.
  ///
  /// - Parameters:
  ///   - checked: values of 4 KiB and more that were found right are remembered there, and not read
  ///     again as long as they lie at that address. Nil to read everything.
  ///   - context: tells the page size, against which the length is checked before it is used.
  /// - Throws: `.damaged`.
  func open(
    _ stored: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer, checked: CheckedValues?,
    _ context: borrowing TransactionContext
  ) throws(LMDBError) -> UnsafeRawBufferPointer {
    guard unsafe isPlausible(stored, context) else { throw unsafe damaged(key) }
    let payload = stored.count - Self.length
    let seed = unsafe seed(key)
    let checksum = unsafe UInt32(
      littleEndian: stored.loadUnaligned(fromByteOffset: payload, as: UInt32.self))
    let memory = payload >= Self.rememberedFrom ? checked : nil
    let mark = unsafe CheckedValues.Mark(stored, seed: seed, checksum: checksum)
    if let memory, memory.contains(mark) {
      return unsafe UnsafeRawBufferPointer(rebasing: stored[..<payload])
    }
    guard unsafe pawl_crc32c(seed, stored.baseAddress, payload) == checksum else {
      throw unsafe damaged(key)
    }
    memory?.insert(mark)
    return unsafe UnsafeRawBufferPointer(rebasing: stored[..<payload])
  }

  /// The error that names this table and key.
  func damaged(_ key: UnsafeRawBufferPointer) -> LMDBError {
    .damaged(table: tableName, key: unsafe Self.describe(key))
  }

  /// The key as text where it is printable ASCII, else in hexadecimal.
  static func describe(_ key: UnsafeRawBufferPointer) -> String {
    let shown = unsafe key.prefix(Key.maximumLength)
    if unsafe !shown.isEmpty, unsafe shown.allSatisfy({ (0x20...0x7E).contains($0) }) {
      return unsafe String(decoding: shown, as: UTF8.self)
    }
    return unsafe "0x" + shown.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private func seed(_ key: UnsafeRawBufferPointer) -> UInt32 {
    var length = UInt16(truncatingIfNeeded: key.count).littleEndian
    let seed = unsafe pawl_crc32c(tableSeed, &length, 2)
    return unsafe pawl_crc32c(seed, key.baseAddress, key.count)
  }

  /// Whether the bytes can be a value at all, so that a damaged length does not lead out of the file.
  ///
  /// A value lies within one page, or alone in overflow pages behind a header of 16 bytes:
  /// page number 8, unused 2, flags 2, count of pages 4. Where pages can begin anywhere, as on the heap
  /// before they are written (`mayBeDirty`), only values too long for a page can be checked.
  private func isPlausible(
    _ stored: UnsafeRawBufferPointer, _ context: borrowing TransactionContext
  ) -> Bool {
    guard stored.count >= Self.length, let start = stored.baseAddress else { return false }
    let page = context.environment.pageSizeInBytes
    let headerLength = 16
    let offset = Int(bitPattern: start) & (page - 1)
    let isAnywhere = context.mayBeDirty || !context.environment.hasAlignedPages
    if isAnywhere ? stored.count <= page / 2 : offset + stored.count <= page { return true }
    guard isAnywhere || offset == headerLength else { return false }
    let header = unsafe UnsafeRawBufferPointer(start: start - headerLength, count: headerLength)
    let flags = unsafe header.load(fromByteOffset: 10, as: UInt16.self)
    let pages = unsafe Int(header.load(fromByteOffset: 12, as: UInt32.self))
    let overflowPage: UInt16 = 4
    return flags & overflowPage != 0 && headerLength + stored.count <= pages * page
  }
}
