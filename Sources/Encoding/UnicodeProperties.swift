/// What BERT's normalizer and pre-tokenizer do with one Unicode scalar.
struct ScalarProperties: OptionSet {
  let rawValue: UInt8

  /// Goes when text is cleaned: controls, format characters, private use, U+FFFD.
  static let removed = Self(rawValue: 1)
  /// Parts words.
  static let whitespace = Self(rawValue: 2)
  /// Is a word of its own.
  static let punctuation = Self(rawValue: 4)
  /// A Chinese character, in the sense of BERT: set apart as if between spaces.
  static let ideograph = Self(rawValue: 8)
  /// Nothing is left of it when accents are stripped.
  static let stripped = Self(rawValue: 16)
  /// Has a combining class, so it neither begins nor ends a run of marks that are put in order.
  static let combining = Self(rawValue: 32)
  /// Something else is left of it when accents are stripped.
  static let decomposes = Self(rawValue: 64)
  /// Has a lower case that differs.
  static let cased = Self(rawValue: 128)
}

/// The generated tables, unpacked for lookup: 70 KB, made once at the first scalar beyond ASCII.
///
/// - Complexity: properties O(1); parts, case and classes O(log n), n ≤ 2,100.
struct UnicodeProperties: Sendable {
  static let table = UnicodeProperties()

  /// Scalars a block of the two-level table holds.
  private static let blockShift = 7
  private static let hangul: ClosedRange<UInt32> = 0xAC00...0xD7A3

  /// For each 128 scalars the block that holds their properties.
  private var blocks: [UInt16]
  private var properties: [UInt8]

  private var partKeys: [UInt32] = []
  /// Start into `parts`, one more than `partKeys`.
  private var partStarts: [Int] = [0]
  private var parts: [UInt32] = []

  private struct CaseRange {
    let first, count, step, lowercase: UInt32
  }
  private var caseRanges: [CaseRange] = []

  private struct ClassRange {
    let first, count, combiningClass: UInt32
  }
  private var classRanges: [ClassRange] = []

  private init() {
    let blockCount = 0x110000 >> Self.blockShift
    blocks = [UInt16](repeating: 0, count: blockCount)
    // Block 0 is the one without properties.
    properties = [UInt8](repeating: 0, count: 1 << Self.blockShift)
    properties.reserveCapacity(80_000)
    readRuns(HexNumbers(UnicodeTables.propertyRuns))
    readParts(HexNumbers(UnicodeTables.strippedParts))
    readCases(HexNumbers(UnicodeTables.lowercaseRanges))
    readClasses(HexNumbers(UnicodeTables.combiningRanges))
  }

  // MARK: Lookup

  /// The properties of a scalar (≤ U+10FFFF).
  @inline(__always)
  subscript(scalar: UInt32) -> ScalarProperties {
    let block = Int(blocks[Int(scalar) >> Self.blockShift]) << Self.blockShift
    return ScalarProperties(rawValue: properties[block | Int(scalar) & 0x7F])
  }

  /// What is left of a scalar that `decomposes` when accents are stripped: one to three scalars.
  func strippedParts(of scalar: UInt32) -> (count: Int, UInt32, UInt32, UInt32) {
    if Self.hangul.contains(scalar) {
      // The algorithm of the Unicode Standard, section 3.12.
      let index = scalar - Self.hangul.lowerBound
      let final = index % 28
      return (
        final == 0 ? 2 : 3, 0x1100 + index / 588, 0x1161 + index % 588 / 28, 0x11A7 + final
      )
    }
    let entry = Self.lastIndex(in: partKeys.count) { partKeys[$0] <= scalar }
    guard let entry, partKeys[entry] == scalar else { return (1, scalar, 0, 0) }
    let start = partStarts[entry]
    let count = partStarts[entry + 1] - start
    return (
      count, parts[start], count > 1 ? parts[start + 1] : 0, count > 2 ? parts[start + 2] : 0
    )
  }

  /// The lower case of a `cased` scalar, by itself: no context, so Σ is always σ.
  ///
  /// U+0130 becomes an i and the mark U+0307; the caller adds the mark.
  func lowercase(of scalar: UInt32) -> UInt32 {
    if scalar == Self.dottedCapitalI { return 0x69 }
    let entry = Self.lastIndex(in: caseRanges.count) { caseRanges[$0].first <= scalar }
    guard let entry else { return scalar }
    let range = caseRanges[entry]
    let distance = scalar - range.first
    guard distance % range.step == 0, distance / range.step < range.count else { return scalar }
    return range.lowercase + distance
  }

  /// The one scalar whose lower case is two: i and `dotAbove`.
  static let dottedCapitalI: UInt32 = 0x130
  static let dotAbove: UInt32 = 0x307

  /// The canonical combining class of a mark that is `combining` and not `stripped`.
  func combiningClass(of scalar: UInt32) -> UInt8 {
    let entry = Self.lastIndex(in: classRanges.count) { classRanges[$0].first <= scalar }
    guard let entry, scalar - classRanges[entry].first < classRanges[entry].count else { return 0 }
    return UInt8(truncatingIfNeeded: classRanges[entry].combiningClass)
  }

  /// The last of `count` sorted entries that satisfies `holds`, by bisection.
  private static func lastIndex(in count: Int, where holds: (Int) -> Bool) -> Int? {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if holds(middle) { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? nil : low - 1
  }

  // MARK: Unpacking

  private mutating func readRuns(_ numbers: HexNumbers) {
    var numbers = numbers
    var scalar = 0
    while let length = numbers.next(), let bits = numbers.next() {
      if bits != 0 { fill(scalar..<scalar + Int(length), with: UInt8(truncatingIfNeeded: bits)) }
      scalar += Int(length)
    }
  }

  /// Whole blocks of equal properties are shared, so that private-use planes cost nothing.
  private mutating func fill(_ range: Range<Int>, with bits: UInt8) {
    let size = 1 << Self.blockShift
    var scalar = range.lowerBound
    var uniform: UInt16?
    while scalar < range.upperBound {
      let block = scalar >> Self.blockShift
      let end = min(range.upperBound, (block + 1) << Self.blockShift)
      if end - scalar == size, let uniform {
        blocks[block] = uniform
      } else {
        if blocks[block] == 0 {
          blocks[block] = UInt16(properties.count >> Self.blockShift)
          properties.append(contentsOf: repeatElement(0, count: size))
        }
        let base = Int(blocks[block]) << Self.blockShift
        for index in scalar..<end { properties[base | index & (size - 1)] = bits }
        if end - scalar == size { uniform = blocks[block] }
      }
      scalar = end
    }
  }

  private mutating func readParts(_ numbers: HexNumbers) {
    var numbers = numbers
    var scalar: UInt32 = 0
    while let head = numbers.next() {
      scalar += head >> 2
      partKeys.append(scalar)
      for _ in 0..<(head & 3) { parts.append(numbers.next() ?? scalar) }
      partStarts.append(parts.count)
    }
  }

  private mutating func readCases(_ numbers: HexNumbers) {
    var numbers = numbers
    var first: UInt32 = 0
    while let gap = numbers.next(), let count = numbers.next(), let step = numbers.next(),
      let lowercase = numbers.next()
    {
      first += gap
      caseRanges.append(CaseRange(first: first, count: count, step: step, lowercase: lowercase))
    }
  }

  private mutating func readClasses(_ numbers: HexNumbers) {
    var numbers = numbers
    var first: UInt32 = 0
    while let gap = numbers.next(), let count = numbers.next(),
      let combiningClass = numbers.next()
    {
      first += gap
      classRanges.append(ClassRange(first: first, count: count, combiningClass: combiningClass))
    }
  }
}

/// Hexadecimal numbers parted by single blanks or line ends, from a literal of this module.
private struct HexNumbers {
  private let text: String.UTF8View
  private var index: String.Index

  init(_ text: String) {
    self.text = text.utf8
    index = text.startIndex
  }

  mutating func next() -> UInt32? {
    guard index < text.endIndex else { return nil }
    var number: UInt32 = 0
    while index < text.endIndex {
      let byte = text[index]
      index = text.index(after: index)
      if byte <= 0x20 { break }
      number = number << 4 | UInt32(byte < 0x3A ? byte - 0x30 : byte - 0x57)
    }
    return number
  }
}
