internal import IVF
internal import LMDB

/// What people call the things that keys stand for.
enum StoreObject {
  static func name(of key: Span<UInt8>, in table: String) -> String {
    switch table {
    case "meta" where key.described == "store": return "the store's record"
    case "meta" where key.described == "settings": return "the settings"
    case "pointer" where key.described == "active": return "the pointer to the active version"
    case "dictionaries" where key.count == 1: return "dictionary \(key[0])"
    case "ids": return "id \(key.described)"
    case "spaces": return "space \(key.described)"
    case "versions": return "version \(key.described)"
    case "adapters": return "query adapter \(key.described)"
    case "used": return "the used queries of \(key.described)"
    case "calibration" where key.count == 12:
      let name = key.extracting(4..<12).described
      return "calibration \(name) of index \(key.bigEndianUInt32(at: 0) ?? 0)"
    case "sets":
      let name = key.extracting(0..<(key.indices.first { key[$0] == 0 } ?? key.count))
      return "evaluation set \(name.text)"
    default: break
    }
    let form = KeyForm(table)
    guard key.count == form.length, let number = key.bigEndianUInt32(at: 0) else {
      return "\(table)[\(key.described)]"
    }
    let second = key.bigEndianUInt32(at: 4) ?? 0
    return switch table {
    case "rows": "row \(number)"
    case "updates": "the update to row \(number)"
    case "indexes": index(number)
    case "fresh": block(second, ofIndex: number)
    case "centroids": "the centroids of index \(number)"
    case "directory": directory(second, ofIndex: number)
    case "places": places(second, ofIndex: number)
    case "lists":
      block(key.bigEndianUInt32(at: 8) ?? 0, ofList: Int(second), ofIndex: number)
    case "jobs": "job \(UInt64(number) << 32 | UInt64(second))"
    case "history": "history entry \(UInt64(number) << 32 | UInt64(second))"
    case "texts": "the text entry of row \(key.bigEndianUInt32(at: 8) ?? .max)"
    default: "\(table)[\(key.described)]"
    }
  }

  static func index(_ number: UInt32) -> String { "index \(number)" }

  static func block(_ number: UInt32, ofIndex index: UInt32) -> String {
    "block \(number) of index \(index)"
  }

  static func list(_ list: Int, ofIndex index: UInt32) -> String {
    "list \(list) of index \(index)"
  }

  static func block(_ number: UInt32, ofList list: Int, ofIndex index: UInt32) -> String {
    "block \(number) of \(self.list(list, ofIndex: index))"
  }

  /// A value of the directory.
  static func directory(_ number: UInt32, ofIndex index: UInt32) -> String {
    let size = ClusteredIndex.directorySize
    let first = Int(number) * size
    return "the directory of lists \(first)..<\(first + size) of index \(index)"
  }

  /// A value of the places.
  static func places(_ number: UInt32, ofIndex index: UInt32) -> String {
    let first = Int(number) * Int(Places.size)
    return "the places of rows \(first)..<\(first + Int(Places.size)) of index \(index)"
  }

  static func place(of row: UInt32, inIndex index: UInt32) -> String {
    "the place of row \(row) in index \(index)"
  }
}

/// How many bytes keys and values of a table have.
struct KeyForm {
  /// Of a key; nil: any.
  let length: Int?
  /// Of a value; nil: any.
  let valueLength: Int?

  /// - Parameter format: of the store.
  init(_ table: String, format: Int = Store.format) {
    switch table {
    case "dictionaries": (length, valueLength) = (1, nil)
    case "rows", "indexes", "centroids": (length, valueLength) = (4, nil)
    case "calibration": (length, valueLength) = (format < 6 ? 4 : 12, nil)
    case "ids": (length, valueLength) = (nil, 4)
    case "updates": (length, valueLength) = (4, 4)
    case "texts": (length, valueLength) = (12, 0)
    case "fresh", "directory", "places", "history", "jobs": (length, valueLength) = (8, nil)
    case "lists": (length, valueLength) = (12, nil)
    case "spaces": (length, valueLength) = (64, nil)
    default: (length, valueLength) = (nil, nil)
    }
  }
}

extension StoreCheck {
  /// Whether key and value have the length that their table asks for; reported where not.
  mutating func hasForm(_ key: Span<UInt8>, _ value: Span<UInt8>?, _ table: String) -> Bool {
    let form = KeyForm(table, format: records.store?.format ?? Store.format)
    if let length = form.length, key.count != length {
      report(
        .form, StoreObject.name(of: key, in: table), "the key has \(key.count) bytes, not \(length)"
      )
      return false
    }
    if let length = form.valueLength, let value, value.count != length {
      report(
        .form, StoreObject.name(of: key, in: table),
        "the value has \(value.count) bytes, not \(length)")
      return false
    }
    return true
  }
}
