/// The commands of the shell, as they are written.
enum ShellCommandName: String, CaseIterable {
  case help = ".help"
  case k = ".k"
  case exact = ".exact"
  case recall = ".recall"
  case probes = ".probes"
  case version = ".version"
  case compare = ".compare"
  case explain = ".explain"
  case get = ".get"
  case json = ".json"
  case timing = ".timing"
  case quit = ".quit"

  /// The command and what it takes.
  var usage: String {
    switch self {
    case .help, .quit: rawValue
    case .k: ".k N"
    case .exact, .json, .timing: "\(rawValue) on|off"
    case .recall: ".recall R"
    case .probes: ".probes N"
    case .version: ".version [vN|active]"
    case .compare: ".compare vN|off"
    case .explain: ".explain [RANK]"
    case .get: ".get PID"
    }
  }

  var example: String {
    switch self {
    case .help, .quit: rawValue
    case .k: ".k 5"
    case .exact, .json, .timing: "\(rawValue) on"
    case .recall: ".recall 0.98"
    case .probes: ".probes 16"
    case .version: ".version v1"
    case .compare: ".compare v2"
    case .explain: ".explain 1"
    case .get: ".get p001"
    }
  }

  /// What it does, for `.help`.
  var purpose: String {
    switch self {
    case .help: "show this table"
    case .k: "answer with N passages"
    case .exact: "compare every passage, or only the likeliest lists"
    case .recall: "the share of exact answers that a search must find"
    case .probes: "how many lists a search looks into"
    case .version: "answer with this version; without a name: list them"
    case .compare: "answer by two versions, side by side"
    case .explain: "how the last answer, or one of its hits, came about"
    case .get: "print a stored passage"
    case .json: "print answers as JSON, one a line"
    case .timing: "print the time of each step below an answer"
    case .quit: "leave; so does Ctrl-D"
    }
  }

  /// The command of that name, or the one that is nearest to it.
  static func nearest(to name: String) -> ShellCommandName? {
    if name.count > 1, let whole = allCases.first(where: { $0.rawValue.hasPrefix(name) }) {
      return whole
    }
    return NearestWord.nearest(to: name, among: allCases.map(\.rawValue), common: 1)
      .flatMap(ShellCommandName.init(rawValue:))
  }
}
