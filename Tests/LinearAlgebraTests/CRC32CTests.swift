import CKernels
import Testing

@Suite struct CRC32CTests {
  private func checksum(_ bytes: [UInt8], seed: UInt32 = 0) -> UInt32 {
    unsafe pawl_crc32c(seed, bytes, bytes.count)
  }

  @Test("the published values come out")
  func published() {
    // RFC 3720, appendix B.4, and the check value of every catalogue of checksums.
    #expect(checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(checksum((0..<32).map { UInt8($0) }) == 0x46DD_794E)
    #expect(checksum((0..<32).map { UInt8(31 - $0) }) == 0x113F_DB5C)
    #expect(checksum([]) == 0)
  }

  @Test("the processor's instruction and the tables agree for all lengths over three lanes")
  func twins() {
    let bytes = (0..<4_000).map { UInt8(truncatingIfNeeded: $0 * $0 >> 3 ^ $0) }
    for count in Array(0...200) + Array(1_500...1_600) + [3_071, 3_072, 3_073, 4_000] {
      let expected = unsafe pawl_crc32c_portable(17, bytes, count)
      #expect(unsafe pawl_crc32c(17, bytes, count) == expected, "\(count) bytes")
    }
  }

  @Test("the checksum of a whole is that of its parts, one seeding the next")
  func parts() {
    let bytes = (0..<2_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    for cut in [0, 1, 7, 512, 1_535, 1_536, 1_999, 2_000] {
      let first = checksum(Array(bytes[..<cut]))
      #expect(checksum(Array(bytes[cut...]), seed: first) == checksum(bytes), "cut at \(cut)")
    }
  }
}
