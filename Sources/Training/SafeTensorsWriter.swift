internal import Corpus
internal import Encoding

/// Writes a safetensors file of float32: its header first, then the tensors in their order.
///
/// Source: the safetensors format, version 0.4.
struct SafeTensorsWriter: ~Copyable {
  struct Entry {
    let name: String
    let shape: [Int]
    var count: Int { shape.reduce(1, *) }
  }

  private var file: OutputFile
  private let entries: [Entry]
  private var written = 0

  init(path: String, entries: [Entry]) throws(CorpusError) {
    var fields = ["\"__metadata__\":{\"format\":\"pt\"}"]
    var end = 0
    for entry in entries {
      let start = end
      end += entry.count * MemoryLayout<Float>.size
      let shape = entry.shape.map(String.init).joined(separator: ",")
      fields.append(
        "\"\(entry.name)\":{\"dtype\":\"F32\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(start),\(end)]}")
    }
    var header = "{\(fields.joined(separator: ","))}"
    // Blanks bring the data to a multiple of eight.
    header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    let length = UInt64(header.utf8.count)
    let size = (0..<8).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) }
    var file = try OutputFile(path: path)
    try file.write(size.span)
    try file.write(header)
    self.file = file
    self.entries = entries
  }

  /// The next tensor, as many floats as its shape says.
  mutating func append(_ values: Span<Float>) throws(CorpusError) {
    precondition(values.count == entries[written].count, "\(entries[written].name)")
    written += 1
    // Sound: floats are read as bytes, and the pointer does not leave the closure.
    try unsafe values.withUnsafeBytes { bytes throws(CorpusError) in
      try unsafe file.write(bytes)
    }
  }

  /// Puts the file in place.
  consuming func commit() throws(CorpusError) {
    precondition(written == entries.count, "\(written) of \(entries.count) tensors")
    try file.commit()
  }
}
