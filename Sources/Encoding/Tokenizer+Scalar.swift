/// The path of scalars beyond ASCII: clean, set ideographs apart, strip accents, lower, split.
extension Tokenizer {
  /// Handles one scalar of the text.
  @inline(never)
  func take(scalar: UInt32, _ scratch: inout TokenizerScratch, _ ids: inout [Int32]) {
    let properties = UnicodeProperties.table[scalar]
    if settings.cleansText {
      if properties.contains(.removed) { return }
      if properties.contains(.whitespace) { return endWord(&scratch, &ids) }
    }
    if settings.separatesIdeographs, properties.contains(.ideograph) {
      endWord(&scratch, &ids)
      takeWithoutAccents(scalar, properties, &scratch, &ids)
      endWord(&scratch, &ids)
    } else {
      takeWithoutAccents(scalar, properties, &scratch, &ids)
    }
  }

  private func takeWithoutAccents(
    _ scalar: UInt32, _ properties: ScalarProperties, _ scratch: inout TokenizerScratch,
    _ ids: inout [Int32]
  ) {
    guard settings.stripsAccents else { return takeLowercase(scalar, properties, &scratch, &ids) }
    if properties.contains(.stripped) {
      // A mark of class 0 goes too, but parts the marks before it from those after it.
      if !properties.contains(.combining) { scratch.endRun() }
    } else if properties.contains(.decomposes) {
      let parts = UnicodeProperties.table.strippedParts(of: scalar)
      takeDecomposed(parts.1, &scratch, &ids)
      if parts.count > 1 { takeDecomposed(parts.2, &scratch, &ids) }
      if parts.count > 2 { takeDecomposed(parts.3, &scratch, &ids) }
    } else {
      takeDecomposed(scalar, properties, &scratch, &ids)
    }
  }

  private func takeDecomposed(
    _ scalar: UInt32, _ scratch: inout TokenizerScratch, _ ids: inout [Int32]
  ) {
    takeDecomposed(scalar, UnicodeProperties.table[scalar], &scratch, &ids)
  }

  /// Takes a scalar that decomposes no further and stays; marks are put in canonical order.
  private func takeDecomposed(
    _ scalar: UInt32, _ properties: ScalarProperties, _ scratch: inout TokenizerScratch,
    _ ids: inout [Int32]
  ) {
    if properties.contains(.combining) {
      let combiningClass = UnicodeProperties.table.combiningClass(of: scalar)
      scratch.append(mark: scalar, combiningClass: combiningClass)
    } else {
      takeLowercase(scalar, properties, &scratch, &ids)
    }
  }

  private func takeLowercase(
    _ scalar: UInt32, _ properties: ScalarProperties, _ scratch: inout TokenizerScratch,
    _ ids: inout [Int32]
  ) {
    guard settings.lowercases, properties.contains(.cased) else {
      return split(scalar, properties, &scratch, &ids)
    }
    let lowercase = UnicodeProperties.table.lowercase(of: scalar)
    split(lowercase, UnicodeProperties.table[lowercase], &scratch, &ids)
    if scalar == UnicodeProperties.dottedCapitalI {
      scratch.append(scalar: UnicodeProperties.dotAbove)
    }
  }

  /// Appends a normalised scalar to the word, or ends the word there.
  private func split(
    _ scalar: UInt32, _ properties: ScalarProperties, _ scratch: inout TokenizerScratch,
    _ ids: inout [Int32]
  ) {
    if properties.isDisjoint(with: [.whitespace, .punctuation]) {
      scratch.append(scalar: scalar)
      return
    }
    endWord(&scratch, &ids)
    if properties.contains(.punctuation) {
      scratch.append(scalar: scalar)
      endWord(&scratch, &ids)
    }
  }
}
