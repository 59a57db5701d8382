import Testing

@testable import LinearAlgebra

@Suite struct AlignedBufferTests {
  @Test("memory of any size starts at a multiple of 64 and holds what it was filled with")
  func alignment() {
    for count in [0, 1, 3, 16, 17, 1_000] {
      let buffer = AlignedBuffer<Float>(repeating: 2.5, count: count)
      #expect(buffer.count == count)
      #expect((0..<count).allSatisfy { buffer.span[$0] == 2.5 })
      let address = unsafe buffer.span.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
      #expect(address % 64 == 0)
    }
  }

  @Test("what is written through a view or a subscript is read through the span")
  func writing() {
    var buffer = AlignedBuffer<Int32>(repeating: 0, count: 6)
    buffer[1] = 10
    var view = buffer.mutableSpan
    view[2] = 20
    var part = view.part(3..<5)
    part[0] = 30
    part[1] = 40
    #expect((0..<6).map { buffer.span[$0] } == [0, 10, 20, 30, 40, 0])
    #expect(buffer[4] == 40)
  }

  @Test("an element outside is a trap, not a read")
  func bounds() async {
    await #expect(processExitsWith: .failure) {
      let buffer = AlignedBuffer<Float>(repeating: 0, count: 4)
      _ = buffer[4]
    }
  }
}
