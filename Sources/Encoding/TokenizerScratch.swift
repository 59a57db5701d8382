/// The word that a tokenizer is putting together: one a thread, reused for every text.
///
/// Fixed in size whatever the text: of a word longer than the tokenizer's limit only the length
/// counts, so no more of it is kept.
package struct TokenizerScratch: ~Copyable {
  /// The word: room for four bytes a scalar, and the padding that lookup wants.
  private(set) var bytes = InlineArray<1032, UInt8>(repeating: 0)
  private(set) var count = 0
  /// Scalars of the word, those not kept included.
  private(set) var scalarCount = 0
  private var scalarLimit = TokenizerSettings.longestWordLimit

  // The run of marks at the end of the word, which are kept in the order of their classes.
  private var classes = InlineArray<256, UInt8>(repeating: 0)
  private var classCount = 0
  /// Where the run ends; it has ended where this is not `count`.
  private var runEnd = -1

  package init() {}

  mutating func begin(scalarLimit: Int) {
    self.scalarLimit = scalarLimit
    clear()
  }

  var isTooLong: Bool { scalarCount > scalarLimit }

  @inline(__always)
  mutating func clear() {
    count = 0
    scalarCount = 0
    runEnd = -1
  }

  /// Appends a scalar that is one byte.
  @inline(__always)
  mutating func append(_ byte: UInt8) {
    if scalarCount < scalarLimit {
      bytes[count] = byte
      count += 1
    }
    scalarCount += 1
  }

  mutating func append(scalar: UInt32) {
    if scalarCount < scalarLimit {
      UTF8Bytes.write(scalar) { byte in
        bytes[count] = byte
        count += 1
      }
    }
    scalarCount += 1
  }

  /// Ends the run of marks: a mark to come is not moved before those that were.
  mutating func endRun() {
    runEnd = -1
  }

  /// Appends a mark and moves it before those of its run that have a greater class.
  ///
  /// Source: The Unicode Standard, section 3.11, canonical ordering.
  mutating func append(mark: UInt32, combiningClass: UInt8) {
    if runEnd != count { classCount = 0 }
    let start = count
    append(scalar: mark)
    guard count > start else { return }

    var place = start
    var index = classCount
    while index > 0, classes[index - 1] > combiningClass {
      classes[index] = classes[index - 1]
      index -= 1
      repeat { place -= 1 } while UTF8Bytes.isContinuation(bytes[place])
    }
    classes[index] = combiningClass
    classCount += 1
    if place < start { rotate(place, start) }
    runEnd = count
  }

  /// Moves the bytes from `middle` on before those from `first` on.
  private mutating func rotate(_ first: Int, _ middle: Int) {
    for (step, source) in (middle..<count).enumerated() {
      let byte = bytes[source]
      var index = source
      while index > first + step {
        bytes[index] = bytes[index - 1]
        index -= 1
      }
      bytes[first + step] = byte
    }
  }
}
