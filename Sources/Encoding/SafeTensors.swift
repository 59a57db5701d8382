internal import LinearAlgebra

/// The tensors of a safetensors file, mapped and checked: header, offsets, shapes.
///
/// Refused: a header over 100 MB or longer than the file, JSON that is not valid, gaps, overlaps and
/// duplicates between tensors, bytes that are not shape × type, data that ends elsewhere than the file.
/// Source: the safetensors format, version 0.4.
package struct SafeTensors: Sendable {
  package enum ElementType: String, Sendable {
    case float64 = "F64"
    case float32 = "F32"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int64 = "I64"
    case int32 = "I32"
    case int16 = "I16"
    case int8 = "I8"
    case uint8 = "U8"
    case bool = "BOOL"

    var size: Int {
      switch self {
      case .float64, .int64: 8
      case .float32, .int32: 4
      case .float16, .bfloat16, .int16: 2
      case .int8, .uint8, .bool: 1
      }
    }
  }

  package struct Entry: Sendable {
    package let name: String
    package let type: ElementType
    package let shape: [Int]
    /// Where its bytes lie in the file.
    let range: Range<Int>
  }

  package let file: MappedFile
  /// In the order of their bytes.
  package let entries: [Entry]
  /// Places in `entries` by the UTF-8 bytes of the name.
  private let byName: [[UInt8]: Int]

  /// The format's own limit.
  private static let largestHeader = 100_000_000
  /// A weight of a transformer has two.
  private static let mostDimensions = 8

  /// - Throws: `EncodingError.malformed` or `.tensor`, naming what breaks the format.
  package init(path: String) throws(EncodingError) {
    let file = try MappedFile(path: path)
    func malformed(_ problem: String) -> EncodingError { .malformed(path: path, problem: problem) }
    guard file.count >= 8 else { throw malformed("\(file.count) bytes are no safetensors file") }
    let length = file.bytes.littleEndianUInt64(at: 0)
    guard length <= UInt64(Self.largestHeader) else {
      throw malformed(
        "the header claims \(length) bytes, the format allows \(Self.largestHeader)")
    }
    guard Int(length) <= file.count - 8 else {
      throw malformed("the header claims \(length) bytes, the file has \(file.count - 8) after it")
    }
    let start = 8 + Int(length)
    let header: JSON
    do throws(JSONError) { header = try JSON.parse(file.copy(8..<start)) } catch {
      throw malformed("header: \(error)")
    }
    guard case .object(let fields) = header else { throw malformed("the header is no JSON object") }
    var entries: [Entry] = []
    entries.reserveCapacity(fields.count)
    for field in fields where field.key != "__metadata__" {
      entries.append(
        try Self.entry(field.key, field.value, path: path, dataStart: start, fileSize: file.count))
    }
    entries.sort {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    var end = start
    for entry in entries {
      guard entry.range.lowerBound == end else {
        throw .tensor(
          path: path, name: entry.name,
          problem: "starts at byte \(entry.range.lowerBound - start) of the data, "
            + "the one before it ends at \(end - start)")
      }
      end = entry.range.upperBound
    }
    guard end == file.count else {
      throw malformed(
        "the tensors end at byte \(end - start) of the data, which has \(file.count - start)")
    }
    self.file = file
    self.entries = entries
    byName = Dictionary(
      uniqueKeysWithValues: entries.enumerated().map { (Array($1.name.utf8), $0) })
  }

  /// One entry of the header, its numbers checked against each other.
  private static func entry(
    _ name: String, _ value: JSON, path: String, dataStart: Int, fileSize: Int
  ) throws(EncodingError) -> Entry {
    func wrong(_ problem: String) -> EncodingError {
      .tensor(path: path, name: name, problem: problem)
    }
    guard case .string(let typeName)? = value["dtype"], case .array(let sizes)? = value["shape"],
      case .array(let offsets)? = value["data_offsets"], offsets.count == 2,
      case .integer(let lower) = offsets[0], case .integer(let upper) = offsets[1]
    else { throw wrong("has no dtype, shape and data_offsets of the right kind") }
    guard let type = ElementType(rawValue: typeName) else {
      throw wrong("has the unknown type \"\(typeName)\"")
    }
    guard sizes.count <= Self.mostDimensions else {
      throw wrong("has \(sizes.count) dimensions, \(Self.mostDimensions) at most are read")
    }
    var shape: [Int] = []
    var bytes = type.size
    for size in sizes {
      guard case .integer(let size) = size, size >= 0 else {
        throw wrong("has a shape that is not made of sizes")
      }
      let (product, overflow) = bytes.multipliedReportingOverflow(by: size)
      guard !overflow else { throw wrong("has a shape of more bytes than there can be") }
      bytes = product
      shape.append(size)
    }
    guard lower >= 0, lower <= upper, upper <= fileSize - dataStart else {
      throw wrong("claims bytes \(lower) to \(upper) of data that has \(fileSize - dataStart)")
    }
    guard upper - lower == bytes else {
      throw wrong("has \(upper - lower) bytes where its shape and type need \(bytes)")
    }
    return Entry(
      name: name, type: type, shape: shape, range: dataStart + lower..<dataStart + upper)
  }

  package subscript(name: String) -> Entry? { byName[Array(name.utf8)].map { entries[$0] } }
}
