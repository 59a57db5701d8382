internal import ArgumentParser
internal import Pawl

/// How much work a search does, as commands take it.
struct EffortOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The share of the passages that exact search finds, on average (default: as set, else 0.98).",
      valueName: "r"))
  var recall: Double?
  @Option(
    parsing: .unconditional, help: ArgumentHelp("Look into so many lists.", valueName: "n"))
  var probes: Int?
  @Flag(help: "Compare every passage, as --recall 1 does.")
  var exact = false

  func validate() throws {
    if let recall, !(recall > 0 && recall <= 1) {
      throw ValidationError("--recall takes a share above 0 and up to 1, as 0.95.")
    }
    if let probes, probes < 1 { throw ValidationError("--probes must be at least 1.") }
    if [recall != nil, probes != nil, exact].count(where: \.self) > 1 {
      throw ValidationError("--recall, --probes and --exact exclude each other: give one of them.")
    }
  }

  var isGiven: Bool { effort != .usual }

  var effort: SearchEffort {
    if exact { return .exact }
    if let recall { return .recall(recall) }
    return probes.map { .probes($0) } ?? .usual
  }
}
