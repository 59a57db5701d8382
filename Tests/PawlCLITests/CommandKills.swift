import Foundation
import Testing

/// What tests need that kill a command at moments spread over its whole run.
extension CommandRunner {
  /// Seconds that the command takes when nobody kills it.
  func duration(_ arguments: [String]) throws -> Double {
    let start = ContinuousClock.now
    let result = try run(arguments)
    #expect(result.status == 0, "\(result.error)")
    return (ContinuousClock.now - start) / .seconds(1)
  }

  /// Moments, in seconds, from the start of the command to a little after its usual end: one at random in
  /// each of `count` stretches.
  func moments(_ count: Int, of arguments: [String]) throws -> [Double] {
    let seconds = try duration(arguments)
    return (0..<count).map { seconds * 1.1 * (Double($0) + .random(in: 0..<1)) / Double(count) }
  }

  /// - Returns: whether it was killed before its end, which has to be a good one.
  func kill(_ arguments: [String], after seconds: Double) throws -> Bool {
    let process = process(arguments)
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    usleep(UInt32(seconds * 1_000_000))
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    let isKilled = process.terminationReason == .uncaughtSignal
    #expect(isKilled || process.terminationStatus == 0, "\(arguments)")
    return isKilled
  }

  /// A fresh copy of a store.
  func copy(_ source: String, to name: String) throws {
    try? FileManager.default.removeItem(atPath: path(name))
    try FileManager.default.copyItem(atPath: path(source), toPath: path(name))
  }

  /// Bytes of a store's database.
  func size(_ store: String) throws -> Int {
    let facts = try FileManager.default.attributesOfItem(atPath: path(store + "/data.mdb"))
    return try #require(facts[.size] as? Int)
  }
}
