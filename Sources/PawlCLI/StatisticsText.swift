internal import Pawl

/// A store's figures for people.
struct StatisticsText {
  let store: String
  let figures: StoreStatistics

  var lines: [String] {
    [head] + texts + figures.versions.map(line(for:)) + [""] + tables.lines + ["", file]
  }

  private var head: String {
    "\(store): \(Figures.count(figures.passageCount, "passage")), "
      + "format \(figures.formatVersion), made \(figures.created)"
  }

  private var texts: [String] {
    guard let rows = figures.tables.first(where: { $0.name == "rows" }), rows.entryCount > 0
    else { return [] }
    return [
      "texts: \(Figures.bytes(figures.textSizeInBytes)) stored with their ids in "
        + Self.size(rows.sizeInBytes, of: figures.textSizeInBytes)
    ]
  }

  private func line(for version: StoreStatistics.Version) -> String {
    let name = "\(version.isActive ? "active" : "version") \(version.name)"
    var line = "\(name): \(Figures.grouped(version.embeddedCount)) embedded, "
    line += "\(Figures.grouped(version.pendingCount)) pending"
    if version.embeddedCount == 0 { return line }
    return line + "; as float32 \(Figures.bytes(version.floatSizeInBytes)), "
      + "as \(version.codec) " + Self.size(version.codeSizeInBytes, of: version.floatSizeInBytes)
  }

  private var tables: TextTable {
    var table = TextTable(header: ["table", "entries", "bytes"], right: [1, 2])
    for entry in figures.tables where entry.entryCount > 0 {
      table.add([entry.name, Figures.grouped(entry.entryCount), Figures.bytes(entry.sizeInBytes)])
    }
    return table
  }

  private var file: String {
    "data.mdb: \(Figures.bytes(figures.fileSizeInBytes)), "
      + "\(Figures.bytes(figures.usedBytes)) up to the last used page, "
      + "\(Figures.bytes(figures.freeBytes)) of that free for the next writes; "
      + "map \(Figures.bytes(figures.mapSizeInBytes)) of addresses"
  }

  private static func size(_ part: Int, of whole: Int) -> String {
    "\(Figures.bytes(part)) (\(Figures.fixed(100 * Double(part) / Double(max(1, whole)), 1)) %)"
  }
}
