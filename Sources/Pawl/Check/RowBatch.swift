internal import Corpus
internal import LMDB

/// Values of `rows`, copied out of the snapshot to be decompressed and hashed on all processors.
struct RowBatch {
  /// What is wrong with a row.
  enum Fault {
    case unreadable
    case id(String)
    case dictionary(UInt8)
    case text(String)
  }

  /// What a row says, and what is wrong with it.
  struct Facts {
    var idHash: UInt64 = 0
    var textHash: UInt64 = 0
    var textSizeInBytes = 0
    var fault: Fault?
    /// Its dictionary is damaged, which is a problem of its own.
    var lacksDictionary = false
  }

  /// Large enough to keep all processors busy, small beside everything else.
  static let sizeInBytes = 4 << 20
  static let rowCount = 8_192

  private var bytes: [UInt8] = []
  private var ends: [Int] = []
  /// Where the batch's rows are in the columns of all rows.
  private(set) var places: [Int] = []

  var isFull: Bool { places.count >= Self.rowCount || bytes.count >= Self.sizeInBytes }

  mutating func append(_ value: Span<UInt8>, place: Int) {
    unsafe value.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    ends.append(bytes.count)
    places.append(place)
  }

  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    places.removeAll(keepingCapacity: true)
  }

  /// The facts about each row, in order.
  ///
  /// - Parameter unreadable: ids of dictionaries that are there but cannot be used.
  func read(
    _ dictionaries: [UInt8: TextDictionary], unreadable: Set<UInt8>, workerCount: Int
  ) -> [Facts] {
    sideBySide(places.count, workerCount: workerCount) { range in
      var decompressor = TextDecompressor()
      return range.map { index in
        let start = index > 0 ? ends[index - 1] : 0
        return Self.facts(
          bytes.span.extracting(start..<ends[index]), &decompressor, dictionaries, unreadable)
      }
    }
  }

  private static func facts(
    _ value: Span<UInt8>, _ decompressor: inout TextDecompressor,
    _ dictionaries: [UInt8: TextDictionary], _ unreadable: Set<UInt8>
  ) -> Facts {
    var facts = Facts()
    guard let id = PassageRecord.id(value) else {
      facts.fault = .unreadable
      return facts
    }
    let length = id.text.utf8.count
    facts.idHash = TextIndex.hash(id.text.utf8.span)
    if !(1...Identifier.maximumByteCount).contains(length) {
      facts.fault = .id("it has \(length) bytes")
    }
    let dictionary = value[0]
    let isKnown =
      [0, CompressedText.asItIs].contains(dictionary) || dictionaries[dictionary] != nil
    guard isKnown else {
      facts.lacksDictionary = true
      if !unreadable.contains(dictionary) { facts.fault = .dictionary(dictionary) }
      return facts
    }
    guard let text = PassageRecord.text(value, &decompressor, dictionaries) else {
      facts.fault = .text("cannot be decompressed")
      return facts
    }
    facts.textSizeInBytes = text.count
    facts.textHash = TextIndex.hash(text.span)
    do { _ = try UTF8Span(validating: text.span) } catch { facts.fault = .text("is not UTF-8") }
    return facts
  }
}
