internal import ArgumentParser
internal import FoundationEssentials
internal import Glibc
internal import Pawl

/// What most commands share.
struct StoreArgument: ParsableArguments {
  @Argument(help: ArgumentHelp("The store's directory.", valueName: "store"))
  var store: String

  func validate() throws {
    if store.isEmpty { throw ValidationError("The store needs a name.") }
  }
}

struct OutputOptions: ParsableArguments {
  @Flag(help: "Print JSON.")
  var json = false
}

enum JSONOutput {
  /// One line of JSON with stable keys.
  static func line(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}

enum DefaultModel {
  /// The model directory to use: as given, else $PAWL_MODEL, else the one that tools/setup gets.
  static func path(_ given: String?) throws -> String {
    if let given { return given }
    if let variable = unsafe getenv("PAWL_MODEL"), unsafe variable.pointee != 0 {
      return unsafe String(cString: variable)
    }
    let place = "models/all-MiniLM-L6-v2"
    guard unsafe access(place + "/config.json", R_OK) == 0 else {
      throw StoreError.noModel(tried: ["$PAWL_MODEL", place])
    }
    return place
  }
}
