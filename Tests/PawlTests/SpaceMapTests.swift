import Encoding
import Foundation
import LinearAlgebra
import Testing

@testable import Pawl

/// Rotations between two spaces against scipy (tools/goldens/procrustes), and where there is none to learn.
@Suite struct SpaceMapTests {
  private struct Golden: Decodable {
    let name: String
    let width: Int
    let from: [Float]
    let to: [Float]
    let rotation: [Double]
  }

  private static func goldens() throws -> [Golden] {
    let path = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Goldens/procrustes.json")
    return try JSONDecoder().decode([Golden].self, from: Data(contentsOf: path))
  }

  /// The greatest distance of two numbers at one place.
  private static func distance(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  /// R·Rᵀ.
  private static func squared(_ matrix: [Double], _ n: Int) -> [Double] {
    (0..<n * n).map { place in
      (0..<n).reduce(0) { $0 + matrix[place / n * n + $1] * matrix[place % n * n + $1] }
    }
  }

  private static func identity(_ n: Int) -> [Double] {
    (0..<n * n).map { $0 / n == $0 % n ? 1 : 0 }
  }

  @Test("a rotation is scipy's")
  func rotations() throws {
    let goldens = try Self.goldens()
    #expect(goldens.count == 5)
    for golden in goldens {
      let map = try #require(
        SpaceMap(from: golden.from, to: golden.to, width: golden.width), "\(golden.name)")
      #expect(Self.distance(map.rotation, golden.rotation) < 1e-9, "\(golden.name)")
    }
  }

  @Test("the map of a version's queries is the rotation")
  func adapter() throws {
    let golden = try #require(try Self.goldens().first)
    let map = try #require(SpaceMap(from: golden.from, to: golden.to, width: golden.width))
    let D = golden.width
    var moved = golden.from
    map.adapter.apply(to: &moved, kernels: .best)
    for row in 0..<moved.count / D {
      let turned = (0..<D).map { column in
        (0..<D).reduce(0) { $0 + Double(golden.from[row * D + $1]) * map.rotation[$1 * D + column] }
      }
      #expect(Self.distance(turned, moved[row * D..<(row + 1) * D].map { Double($0) }) < 1e-6)
    }
  }

  @Test("the polar factor of 384 numbers square is orthogonal, and what is left is symmetric")
  func large() throws {
    let n = 384
    var random = SplitMix64(seed: 2)
    // Singular values from 1 to 10⁻⁶.
    let matrix = (0..<n * n).map { place in
      Double.random(in: -1...1, using: &random) * pow(10, -6 * Double(place % n) / Double(n))
    }
    let factor = try #require(polarFactor(of: matrix, count: n))
    #expect(Self.distance(Self.squared(factor, n), Self.identity(n)) < 1e-12)
    // M = P·R with P = M·Rᵀ symmetric (Higham 2008, theorem 8.1).
    let left = (0..<n * n).map { place in
      (0..<n).reduce(0) { $0 + matrix[place / n * n + $1] * factor[place % n * n + $1] }
    }
    let transposed = (0..<n * n).map { left[$0 % n * n + $0 / n] }
    #expect(Self.distance(left, transposed) < 1e-10)
    #expect((0..<n).allSatisfy { left[$0 * n + $0] > 0 })
  }

  @Test("what a matrix takes to nothing its polar factor does, and no number has none")
  func degenerate() throws {
    let factor = try #require(polarFactor(of: [3, 0, 0, 0, 0, -2, 0, 0, 0], count: 3))
    #expect(Self.distance(factor, [1, 0, 0, 0, 0, -1, 0, 0, 0]) < 1e-15)
    #expect(polarFactor(of: [0, 0, 0, 0], count: 2) == [0, 0, 0, 0])
    #expect(polarFactor(of: [], count: 0) == [])
    #expect(polarFactor(of: [.nan], count: 1) == nil)
    #expect(SpaceMap(from: [1, .infinity], to: [1, 1], width: 2) == nil)
  }

  @Test("few passages turn only where they lie")
  func few() throws {
    let D = 16
    var vectors = [Float](repeating: 0, count: 2 * D)
    var targets = vectors
    (vectors[0], vectors[D + 1]) = (1, 1)
    // The plane of the first two is turned by a right angle.
    (targets[1], targets[D]) = (1, -1)
    let map = try #require(SpaceMap(from: vectors, to: targets, width: D))
    var expected = Self.identity(D)
    (expected[0], expected[1], expected[D], expected[D + 1]) = (0, 1, -1, 0)
    // Nothing says what becomes of the others, for the trace is 0: they are left out.
    for axis in 2..<D { expected[axis * D + axis] = 0 }
    #expect(Self.distance(map.rotation, expected) < 1e-12)
    // A little that they have in common keeps the others where they are.
    (targets[0], targets[1]) = (0.8, 0.6)
    (targets[D], targets[D + 1]) = (-0.6, 0.8)
    let still = try #require(SpaceMap(from: vectors, to: targets, width: D))
    for axis in 2..<D { #expect(abs(still.rotation[axis * D + axis] - 1) < 1e-12) }
    #expect(Self.distance(Self.squared(still.rotation, D), Self.identity(D)) < 1e-12)
  }
}
