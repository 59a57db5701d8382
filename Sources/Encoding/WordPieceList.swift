/// Tokens and ids as a file lists them, before they are checked.
struct WordPieceList {
  let file: String
  /// All tokens behind each other.
  var bytes: [UInt8] = []
  /// Start of each token into `bytes`, and the end of the last.
  private(set) var starts = [0]
  private(set) var ids: [Int32] = []

  init(file: String) {
    self.file = file
    bytes.reserveCapacity(1 << 18)
    starts.reserveCapacity(1 << 15)
    ids.reserveCapacity(1 << 15)
  }

  /// Makes a token of the bytes appended since the one before.
  mutating func endToken(id: Int32) {
    starts.append(bytes.count)
    ids.append(id)
  }

  mutating func append(_ token: String, id: Int32) {
    bytes.append(contentsOf: token.utf8)
    endToken(id: id)
  }

  /// The text of the token at an index of `ids`, for messages.
  borrowing func token(_ index: Int) -> String {
    String(decoding: bytes[starts[index]..<starts[index + 1]], as: UTF8.self)
  }

  /// An answer for each token's bytes.
  borrowing func tokens(_ ask: (ArraySlice<UInt8>) -> Bool) -> [Bool] {
    ids.indices.map { ask(bytes[starts[$0]..<starts[$0 + 1]]) }
  }

  /// Makes sure that the ids are 0, 1, … in some order: an id past the end would read past the
  /// embedding matrix.
  borrowing func checkIDs() throws(TokenizerError) {
    var isTaken = [Bool](repeating: false, count: ids.count)
    for (index, id) in ids.enumerated() {
      guard id >= 0, id < ids.count else {
        throw .idOutOfRange(
          file: file, token: token(index), id: Int(id), tokenCount: ids.count)
      }
      guard !isTaken[Int(id)] else {
        throw .duplicateID(file: file, token: token(index), id: Int(id))
      }
      isTaken[Int(id)] = true
    }
  }
}
