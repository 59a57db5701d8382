internal import Pawl

/// A store's figures for people.
struct StatisticsText {
  let store: String
  let figures: StoreStatistics

  var lines: [String] {
    [head] + texts + figures.versions.flatMap(lines(for:)) + index + [""] + tables.lines
      + ["", file]
  }

  private var head: String {
    "\(store): \(Figures.count(figures.passageCount, "passage")), "
      + "format \(figures.formatVersion), made \(figures.created)"
  }

  private var texts: [String] {
    guard let rows = figures.tables.first(where: { $0.name == "rows" }), rows.entryCount > 0
    else { return [] }
    if figures.textSizeInBytes == 0 {
      return ["texts: none, only vectors; ids in \(Figures.bytes(rows.sizeInBytes))"]
    }
    return [
      "texts: \(Figures.bytes(figures.textSizeInBytes)) stored with their ids in "
        + Self.size(rows.sizeInBytes, of: figures.textSizeInBytes)
    ]
  }

  private func lines(for version: StoreStatistics.Version) -> [String] {
    [line(for: version)] + (version.clustering.map { Self.lines(of: $0).map { "  " + $0 } } ?? [])
  }

  private static func lines(of clustering: ClusteringStatistics) -> [String] {
    let fresh = Figures.fixed(100 * clustering.freshShare, 1)
    let lists =
      "\(Figures.count(clustering.listCount, "list")), imbalance "
      + "\(Figures.fixed(clustering.imbalance, 2)), \(Figures.grouped(clustering.freshCount)) codes "
      + "(\(fresh) %) not merged into them yet; clustered \(clustering.created), when there were "
      + "\(Figures.grouped(clustering.trainedCount)) codes "
      + "(now \(Figures.fixed(clustering.staleness, 2)) × as many)"
    return [lists]
      + (clustering.calibration.map { CalibrationText($0).curve(k: 10) } ?? [
        "recall is not measured, so searches compare every passage; pawl calibrate measures it"
      ])
      + (clustering.isCalibrationOutgrown
        ? ["much has come since recall was measured; pawl calibrate measures it anew"] : [])
  }

  private var index: [String] {
    if figures.indexBytesPerVector == 0 { return [] }
    return [
      "index: \(Figures.bytes(figures.indexSizeInBytes)) of pages, "
        + "\(Figures.fixed(figures.indexBytesPerVector, 1)) bytes a vector"
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
