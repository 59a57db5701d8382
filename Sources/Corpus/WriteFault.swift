/// Why something cannot be written in the format asked for.
package enum WriteFault: Error, Equatable, Sendable {
  case emptyField
  /// A field that holds a byte that separates fields or lines.
  case separatorInField(String)
  /// An id with white space in it, in a format whose columns are separated by blanks.
  case blankInIdentifier(String)
  /// An id that begins with #, first in a line, which makes it a comment for who reads it.
  case commentInIdentifier(String)
  /// A float32 outside the range of float16.
  case doesNotFitFloat16(Float)

  var sentence: String {
    switch self {
    case .emptyField: "an id or text to be written is empty or blank. Leave it out."
    case .separatorInField(let text):
      "\(quoted(text)) holds a separator of the format (tab, line feed or NUL). Remove it."
    case .blankInIdentifier(let id):
      "the id \(quoted(id)) holds white space, which separates columns here. Use other ids."
    case .commentInIdentifier(let id):
      "the id \(quoted(id)) begins with #, which makes the line a comment. Use other ids."
    case .doesNotFitFloat16(let value):
      "\(value) does not fit in float16. Write float32 instead."
    }
  }
}
