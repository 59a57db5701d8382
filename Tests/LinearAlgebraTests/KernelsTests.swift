import Testing

@testable import LinearAlgebra

@Suite struct KernelsTests {
  @Test("PAWL_KERNEL chooses the kernels, and without it the fastest are taken")
  func choice() throws {
    #expect(try Kernels(environment: ["PAWL_KERNEL": "portable"]).name == "portable")
    #expect(try Kernels(environment: [:]).name == (Kernels.twins.last ?? .portable).name)
    for twin in Kernels.twins {
      #expect(try Kernels(environment: ["PAWL_KERNEL": twin.name]).name == twin.name)
    }
  }

  @Test(
    "kernels that do not exist are refused by name", arguments: ["", "AVX2", "neon", "avx512 "])
  func unknown(name: String) {
    let error = #expect(throws: KernelError.self) {
      try Kernels(environment: ["PAWL_KERNEL": name])
    }
    #expect(
      error?.description
        == "PAWL_KERNEL=\(name): this processor has no such kernels. "
        + "Unset it, or take portable, avx2 or avx512.")
  }

  @Test("kernels that give other bits say what to do")
  func wrong() {
    #expect(
      "\(KernelError.wrong(name: "avx2"))"
        == "the avx2 kernels do not agree with the portable ones on this processor. "
        + "Run with PAWL_KERNEL=portable and report it.")
  }

  @Test("all kernels of this processor agree on the block that each process checks")
  func selfTest() {
    for kernels in Kernels.twins + [.portable] { #expect(kernels.agreesWithPortable()) }
  }

  @Test("a buffer that is too short is a trap, not a read behind its end")
  func shortBuffer() async {
    await #expect(processExitsWith: .failure) {
      var x: [Float] = [1, 2]
      var view = x.mutableSpan
      Kernels.best.gelu(&view, count: 3)
    }
  }

  @Test("a token id outside the vocabulary is a trap, not a read behind the table")
  func strangeID() async {
    await #expect(processExitsWith: .failure) {
      let (words, positions): ([Float], [Float]) = ([1, 2], [0])
      let ids: [Int32] = [2]
      var hidden: [Float] = [0]
      var view = hidden.mutableSpan
      Kernels.best.embed(
        ids: ids.span, words: words.span, positions: positions.span, width: 1, into: &view)
    }
  }
}
