import CKernels
import Testing

@testable import LMDB

@Suite struct SealTests {
  let scratch = Scratch()

  @Test("CRC32C gives the check value of RFC 3720, by instruction and by table")
  func checkValue() {
    let digits = Array("123456789".utf8)
    #expect(unsafe pawl_crc32c(0, digits, 9) == 0xE306_9283)
    #expect(unsafe pawl_crc32c_portable(0, digits, 9) == 0xE306_9283)
    #expect(unsafe pawl_crc32c(0, [UInt8](repeating: 0, count: 32), 32) == 0x8A91_36AA)
    #expect(unsafe pawl_crc32c(0, [UInt8](repeating: 0xFF, count: 32), 32) == 0x62A8_AB43)
  }

  @Test("the fast checksum equals its twin for every length, start and seed, also in two parts")
  func twins() {
    let bytes = [UInt8].pattern(8192, seed: 3)
    for count in Array(0...300) + Array(1500...1700) + [3071, 3072, 3073, 4700, 8000] {
      for start in [0, 1, 7] {
        unsafe bytes.withUnsafeBytes { buffer in
          let base = unsafe buffer.baseAddress?.advanced(by: start)
          let seed = UInt32(truncatingIfNeeded: count &* 2_654_435_761)
          let fast = unsafe pawl_crc32c(seed, base, count)
          #expect(unsafe fast == pawl_crc32c_portable(seed, base, count), "\(count) at \(start)")
          let half = count / 3
          let first = unsafe pawl_crc32c(seed, base, half)
          let both = unsafe pawl_crc32c(first, base?.advanced(by: half), count - half)
          #expect(both == fast, "\(count) in two parts")
        }
      }
    }
  }

  /// Writes values of these lengths, damages the closed file, and reads each again.
  private func afterDamage(
    in scratch: Scratch = Scratch(), lengths: [Int], _ damage: (DataFile, inout [UInt8]) -> Void
  ) throws -> [Result<[UInt8]?, LMDBError>] {
    do {
      let environment = try scratch.open()
      let table = try environment.makeTable()
      var writer = try environment.beginWrite()
      for (number, length) in lengths.enumerated() {
        let value = [UInt8].pattern(length, seed: UInt64(number) + 1)
        try table.put(value, at: Key(UInt32(number)), in: &writer)
      }
      try writer.commit()
    }
    let file = try DataFile(scratch.path)
    var bytes = file.bytes
    damage(file, &bytes)
    try file.write(bytes)
    let environment = try scratch.open(.readOnly)
    let table = try environment.table(named: "things")
    return lengths.indices.map { number in
      Result { () throws(LMDBError) in try environment.read(Key(UInt32(number)), of: table) }
    }
  }

  private func damaged(_ number: Int) -> LMDBError {
    .damaged(table: "things", key: "0x0000000\(number)")
  }

  @Test("one flipped bit in a value is reported with its table and key; the others are read")
  func flippedBits() throws {
    // In a leaf, in overflow pages, in overflow pages large enough to be remembered.
    let lengths = [200, 3000, 100_000]
    for place in [0.0, 0.5, 0.999] {
      for victim in lengths.indices {
        let results = try afterDamage(lengths: lengths) { file, bytes in
          let value = [UInt8].pattern(lengths[victim], seed: UInt64(victim) + 1)
          for start in file.offsets(of: value) {
            bytes[start + Int(Double(value.count) * place)] ^= 1 << 5
          }
        }
        for (number, result) in results.enumerated() {
          let value = [UInt8].pattern(lengths[number], seed: UInt64(number) + 1)
          #expect(result == (number == victim ? .failure(damaged(number)) : .success(value)))
        }
      }
    }
  }

  @Test("a flipped bit in the checksum itself is reported")
  func flippedChecksum() throws {
    let results = try afterDamage(lengths: [100]) { file, bytes in
      for start in file.offsets(of: .pattern(100, seed: 1)) { bytes[start + 100] ^= 1 }
    }
    #expect(results == [.failure(damaged(0))])
  }

  @Test("a damaged length is reported before it leads out of the page or the file")
  func flippedLengths() throws {
    // A node is: length low 2 bytes, high 2, flags 2, key length 2, key, data.
    for (byte, bit) in [(0, 5), (1, 4), (1, 7), (2, 0), (2, 7), (3, 6)] {
      for length in [200, 100_000] {
        let results = try afterDamage(lengths: [length]) { file, bytes in
          // The header of the node with the key 0x00000000 and flags 0 or 1 (value in overflow pages).
          for flags in UInt8(0)...1 {
            let tail: [UInt8] = [flags, 0, 4, 0, 0, 0, 0, 0]
            let stored = length + 4
            let head = [stored, stored >> 8, stored >> 16, stored >> 24]
            let node = head.map { UInt8(truncatingIfNeeded: $0) } + tail
            for start in file.offsets(of: node) { bytes[start + byte] ^= 1 << UInt8(bit) }
          }
        }
        #expect(results == [.failure(damaged(0))], "byte \(byte), bit \(bit), length \(length)")
      }
    }
  }

  @Test("two values that changed places are both reported")
  func swapped() throws {
    let results = try afterDamage(lengths: [100, 100]) { file, bytes in
      let values = [[UInt8].pattern(100, seed: 1), .pattern(100, seed: 2)]
      for (first, second) in zip(file.offsets(of: values[0]), file.offsets(of: values[1])) {
        // With their checksums.
        for index in 0..<104 { bytes.swapAt(first + index, second + index) }
      }
    }
    #expect(results == [.failure(damaged(0)), .failure(damaged(1))])
  }

  @Test("a walk names each damaged value and goes on")
  func walk() throws {
    let lengths = [50, 5000, 50, 5000]
    _ = try afterDamage(in: scratch, lengths: lengths) { file, bytes in
      for victim in [1, 2] {
        for start in file.offsets(of: .pattern(lengths[victim], seed: UInt64(victim) + 1)) {
          bytes[start] ^= 1
        }
      }
    }
    let environment = try scratch.open(.readOnly)
    let table = try environment.table(named: "things")
    let snapshot = try environment.snapshot()
    var found: [LMDBError] = []
    var cursor = try table.cursor(in: snapshot)
    while try cursor.next() {
      do throws(LMDBError) { _ = try cursor.recheckedValue } catch { found.append(error) }
    }
    #expect(found == [damaged(1), damaged(2)])
  }

  @Test("a large value is found right once, and again only when it may have changed")
  func remembered() throws {
    let checked = CheckedValues()
    let seal = Seal(tableName: "t")
    let environment = try scratch.open()
    var stored = [UInt8](repeating: 1, count: 4096 * 2 - 16)
    let key: [UInt8] = [1]
    let context = try environment.snapshot().context
    unsafe key.withUnsafeBytes { key in
      // As an overflow page lies: a header of 16 bytes, then the value.
      let page = UnsafeMutableRawBufferPointer.allocate(byteCount: 8192, alignment: 4096)
      defer { unsafe page.deallocate() }
      unsafe page.storeBytes(of: 4, toByteOffset: 10, as: UInt16.self)
      unsafe page.storeBytes(of: 2, toByteOffset: 12, as: UInt32.self)
      let value = unsafe UnsafeMutableRawBufferPointer(rebasing: page[16...])
      unsafe value.copyBytes(from: stored)
      unsafe seal.close(value, key: key)
      func isRight(_ key: UnsafeRawBufferPointer, _ seal: Seal = seal) -> Bool {
        let result = Result { () throws(LMDBError) in
          unsafe try seal.open(UnsafeRawBufferPointer(value), key: key, checked: checked, context)
            .count
        }
        return result == .success(value.count - 4)
      }
      #expect(unsafe isRight(key))
      // A change behind its back is not noticed where it was found right before …
      unsafe value[100] ^= 1
      #expect(unsafe isRight(key))
      // … but in no other place, and never is a rewritten value condemned for the earlier one.
      #expect(unsafe !isRight(key, Seal(tableName: "u")))
      stored[0] = 9
      unsafe value.copyBytes(from: stored)
      unsafe seal.close(value, key: key)
      #expect(unsafe isRight(key))
    }
  }

  @Test("a key is shown as text where it is text, else in hexadecimal")
  func keysInMessages() {
    func shown(_ key: [UInt8]) -> String { unsafe key.withUnsafeBytes { unsafe Seal.describe($0) } }
    #expect(shown(Array("active".utf8)) == "active")
    #expect(shown([0, 0, 1, 255]) == "0x000001ff")
  }
}
