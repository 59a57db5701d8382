internal import Encoding
internal import LMDB

extension StoreCheck {
  /// Every adapter is what its key says, and those that versions name are there.
  mutating func checkAdapters(_ snapshot: borrowing Snapshot) {
    guard var walk = walk("adapters", snapshot) else { return }
    var widths: [String: Int] = [:]
    while advance(&walk, "adapters") {
      let digest = walk.key.text
      guard let value = value(walk, "adapters") else {
        widths[digest] = 0
        continue
      }
      let adapter = StoredAdapter.adapter(value)
      let found = StoredAdapter.digest(unsafe value.withUnsafeBufferPointer { unsafe Array($0) })
      if adapter == nil || found != digest {
        report(
          .versionAdapter, "query adapter \(digest)",
          adapter == nil ? "it is not as long as it says" : "its digest is \(found)")
      }
      widths[digest] = adapter?.width ?? 0
    }
    if incomplete.contains("adapters") { return }
    for (key, version) in records.versions.sorted(by: { $0.key < $1.key }) {
      guard !version.isCollected, let digest = version.adapter else { continue }
      guard let width = widths[digest] else {
        report(.versionAdapter, "version \(key)", "its query adapter \(digest) is missing")
        continue
      }
      if width > 0, let space = records.spaces[version.space], space.width != width {
        report(
          .versionAdapter, "version \(key)",
          "its query adapter has \(width) dimensions, its space \(space.width)")
      }
    }
  }

  /// Hashes are whole and ascend, each version's apart.
  mutating func checkUsedQueries(_ snapshot: borrowing Snapshot) {
    guard var walk = walk("used", snapshot) else { return }
    while advance(&walk, "used") {
      let name = walk.key.text
      let object = "the used queries of \(name)"
      if records.versions[name] == nil, areWhole("versions", "version") {
        report(.usedQueries, object, "there is no such version")
      }
      guard let value = value(walk, "used") else { continue }
      if UsedQueries(value)?.isAscending != true {
        report(.usedQueries, object, "they are no ascending hashes of 16 bytes")
      }
    }
  }
}
