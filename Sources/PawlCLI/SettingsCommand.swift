internal import ArgumentParser
internal import Pawl

struct SettingsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "settings", abstract: "Show or change what a store is set to.",
    discussion: """
      Without a key all settings are listed; with a key alone, its value is printed. "default" as value \
      takes back what was set.

      \(Setting.allCases.map { "\($0.rawValue): \($0.purpose)" }.joined(separator: "\n"))

      Example:
        pawl settings demo.pawl
        pawl settings demo.pawl recall 0.95
        pawl settings demo.pawl recall default
      """)

  @OptionGroup var target: StoreArgument
  @Argument(
    help: "Its name.", transform: { try SettingsCommand.setting(named: $0) })
  var key: Setting?
  @Argument(help: "The new value, or default.")
  var value: String?
  @OptionGroup var output: OutputOptions

  func run() throws {
    if let key, let value {
      try Store(path: target.store).set(key, to: value == "default" ? nil : value)
    }
    let store = try Store(path: target.store, access: .reading)
    let shown = try (key.map { [$0] } ?? Setting.allCases).map {
      (setting: $0, value: try store.value(of: $0))
    }
    if output.json {
      let reports = shown.map { SettingReport($0.setting, $0.value) }
      return Output.line(try JSONOutput.line(["settings": reports]))
    }
    if let key, value == nil { return Output.line(shown[0].value ?? key.usualValue) }
    var table = TextTable(header: ["setting", "value", "", "what it is"])
    for (setting, value) in shown {
      table.add([
        setting.rawValue, value ?? setting.usualValue, value == nil ? "default" : "set",
        setting.purpose,
      ])
    }
    for line in table.lines { Output.line(line) }
  }

  private static func setting(named name: String) throws -> Setting {
    guard let setting = Setting(rawValue: name) else {
      let names = Setting.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("There is no setting \"\(name)\"; there is: \(names).")
    }
    return setting
  }
}

/// The JSON of a setting.
private struct SettingReport: Encodable {
  let key: String
  let value: String
  let isDefault: Bool
  let purpose: String

  init(_ setting: Setting, _ value: String?) {
    key = setting.rawValue
    self.value = value ?? setting.usualValue
    isDefault = value == nil
    purpose = setting.purpose
  }
}
