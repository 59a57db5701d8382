internal import LinearAlgebra

/// Random choices that depend on a key alone, number by number: a run that goes on after a stop makes them again.
package struct RandomNumbers {
  private let key: UInt64
  private var block: [UInt32] = []
  private var used = 0
  private var blockNumber: UInt64 = 0

  /// - Parameter key: names the stream.
  package init(key: UInt64) { self.key = key }

  /// The next number of 32 bits.
  package mutating func next() -> UInt32 {
    if used == block.count {
      block = Kernels.random(256, key: RandomKey.mix(key, blockNumber))
      blockNumber += 1
      used = 0
    }
    used += 1
    return block[used - 1]
  }

  /// An even choice of 0 … count − 1.
  ///
  /// Source: Lemire 2019, algorithm 5.
  package mutating func below(_ count: Int) -> Int {
    precondition(count > 0 && count <= Int(UInt32.max), "a choice of \(count)")
    let limit = UInt64(count)
    let threshold = (UInt64(UInt32.max) + 1 - limit) % limit
    while true {
      let product = UInt64(next()) * limit
      if product & 0xffff_ffff >= threshold { return Int(product >> 32) }
    }
  }

  /// 0 … count − 1 in a random order.
  ///
  /// Source: Durstenfeld 1964.
  package mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    for place in stride(from: count - 1, to: 0, by: -1) { order.swapAt(place, below(place + 1)) }
    return order
  }
}
