internal import Glibc

/// Numbers as C prints them, to the last digit.
enum Decimals {
  /// With so many digits behind the point, like `%.*f`: rounded from the exact value.
  static func text(_ value: Double, _ digits: Int32) -> String {
    // The longest double has 309 digits before the point.
    var buffer = [CChar](repeating: 0, count: 340)
    let capacity = buffer.count
    let length = unsafe withVaList([min(digits, 17), value]) { arguments in
      unsafe buffer.withUnsafeMutableBufferPointer {
        unsafe vsnprintf($0.baseAddress, capacity, "%.*f", arguments)
      }
    }
    // Sound: at most 331 characters were written, all of them ASCII.
    return String(
      decoding: buffer.prefix(Int(max(length, 0))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
