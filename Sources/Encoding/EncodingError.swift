/// What can be wrong with a model directory, and with a text that is to be encoded.
package enum EncodingError: Error, Equatable, CustomStringConvertible {
  /// A file or folder that is not there or cannot be read.
  case unreadable(path: String, reason: String)
  /// A file whose content breaks its format.
  case malformed(path: String, problem: String)
  /// A tensor that is absent or does not fit the architecture.
  case tensor(path: String, name: String, problem: String)
  /// A model that is sound but asks for something that Pawl does not do.
  case unsupported(path: String, feature: String)
  /// A number of tokens that a caller asked for.
  case maxLength(Int, most: Int)

  package var description: String { Self.printable(message) }

  private var message: String {
    switch self {
    case .unreadable(let path, let reason):
      "\(path): \(reason). A model is a sentence-transformers directory with config.json, "
        + "tokenizer.json or vocab.txt, and model.safetensors; tools/setup gets the default one."
    case .malformed(let path, let problem):
      "\(path): \(problem). The file is damaged or not what its name says: get it again."
    case .tensor(let path, let name, let problem):
      "\(path): tensor \"\(name)\" \(problem). "
        + "The file does not belong to this config.json, or is damaged: get both again."
    case .unsupported(let path, let feature):
      "\(path): \(feature). Pawl runs BERT-type encoders with mean or CLS pooling: use such a model."
    case .maxLength(let length, let most):
      "a maximum length of \(length) tokens: this model takes 3 to \(most)."
    }
  }

  /// A message repeats names from files that nobody has vouched for: no control character of theirs
  /// reaches a terminal, and none of them fills the screen.
  private static func printable(_ text: String) -> String {
    var shown = String.UnicodeScalarView()
    for (count, scalar) in text.unicodeScalars.enumerated() {
      if count == longestMessage { return String(shown) + "…" }
      let isControl = scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
      shown.append(isControl ? "\u{FFFD}" : scalar)
    }
    return String(shown)
  }

  /// Scalars: room for a path, a name and what is wrong with it.
  private static let longestMessage = 1_000
}
