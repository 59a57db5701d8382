internal import Corpus
package import Encoding
internal import Glibc
package import LinearAlgebra

/// Writes an encoder as a sentence-transformers directory that releases 2 to 6 read.
package struct ModelWriter {
  private let base: ModelDirectory
  private let layout: ParameterLayout

  /// - Parameter base: the model that the parameters began as; its configuration and tokenizer are copied.
  package init(base: ModelDirectory, layout: ParameterLayout) {
    self.base = base
    self.layout = layout
  }

  /// Files of the transformer that are copied as they are.
  private static let copied = [
    "config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt",
    "special_tokens_map.json",
  ]

  /// - Parameters:
  ///   - values: floats of the layout.
  ///   - maxLength: tokens of the longest text.
  ///   - folder: exists, and has none of the files.
  package func write(_ values: SharedFloats, maxLength: Int, to folder: String) throws {
    for name in Self.copied {
      let path = "\(base.transformerPath)/\(name)"
      guard MappedFile.exists(path) else { continue }
      let file = try MappedFile(path: path)
      var copy = try OutputFile(path: "\(folder)/\(name)")
      // Sound: bytes are read as bytes, and the pointer does not leave the closure.
      try unsafe file.bytes.withUnsafeBytes { try unsafe copy.write($0) }
      try copy.commit()
    }
    try writeSettings(maxLength: maxLength, to: folder)
    try writeWeights(values, to: folder + "/model.safetensors")
  }

  private func writeSettings(maxLength: Int, to folder: String) throws {
    let kinds = [("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize")]
    let modules = kinds.enumerated().map { index, kind in
      """
        {
          "idx": \(index),
          "name": "\(index)",
          "path": "\(kind.1)",
          "type": "sentence_transformers.models.\(kind.0)"
        }
      """
    }
    try write("[\n\(modules.joined(separator: ",\n"))\n]\n", to: folder + "/modules.json")
    try write(
      """
      {
        "max_seq_length": \(maxLength),
        "do_lower_case": \(base.lowercasesText)
      }

      """, to: folder + "/sentence_bert_config.json")
    try makeFolder(folder + "/1_Pooling")
    // The keys of releases before 6, which later ones read, too.
    try write(
      """
      {
        "word_embedding_dimension": \(layout.shape.width),
        "pooling_mode_cls_token": \(base.pooling == .cls),
        "pooling_mode_mean_tokens": \(base.pooling == .mean),
        "pooling_mode_max_tokens": false,
        "pooling_mode_mean_sqrt_len_tokens": false
      }

      """, to: folder + "/1_Pooling/config.json")
  }

  private func makeFolder(_ path: String) throws(CorpusError) {
    if unsafe mkdir(path, 0o777) != 0, errno != EEXIST {
      throw .system(path: path, action: .create, code: errno)
    }
  }

  private func write(_ text: String, to path: String) throws {
    var file = try OutputFile(path: path)
    try file.write(text)
    try file.commit()
  }

  private func writeWeights(_ values: SharedFloats, to path: String) throws {
    let entries = layout.tensors.map { SafeTensorsWriter.Entry(name: $0.name, shape: $0.shape) }
    var writer = try SafeTensorsWriter(path: path, entries: entries)
    for tensor in layout.tensors { try writer.append(values.span(tensor.range)) }
    try writer.commit()
  }
}
