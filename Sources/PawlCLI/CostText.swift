internal import Pawl

/// What a search took, in words.
struct CostText {
  let cost: SearchCost
  /// Passages that it searched among.
  let searchedCount: Int
  var queryCount = 1

  var line: String {
    let all = searchedCount == 1 ? "1 passage" : "all \(Figures.count(searchedCount, "passage"))"
    switch cost.exactness {
    case nil: return throughLists
    case .asked: return "\(all) compared"
    case .noLists: return "\(all) compared, since the index has no lists"
    case .promise(let recall, let k):
      return "\(all) compared, since nothing less promises a recall of \(recall) for the best "
        + Figures.grouped(k)
    }
  }

  /// For one query.
  var shortLine: String {
    let passages = "\(Figures.count(cost.scannedCount, "passage")) compared"
    return cost.isExact ? passages : passages + " in \(Figures.count(cost.probeCount, "list"))"
  }

  private var throughLists: String {
    let scanned = Figures.grouped((cost.scannedCount + queryCount / 2) / max(1, queryCount))
    let line = "\(scanned) of \(Figures.count(searchedCount, "passage")) compared, in "
    if queryCount == 1 {
      return line
        + "\(Figures.grouped(cost.probeCount)) of \(Figures.count(cost.listCount, "list"))"
    }
    let probes = Double(cost.probeCount) / Double(max(1, queryCount))
    return "on average " + line
      + "\(Figures.fixed(probes, 1)) of \(Figures.count(cost.listCount, "list"))"
  }
}

extension BatchSummary {
  /// For each query, on average.
  var meanProbes: Double { Double(cost.probeCount) / Double(max(1, queryCount)) }
  var meanScanned: Double { Double(cost.scannedCount) / Double(max(1, queryCount)) }

  var costText: CostText {
    CostText(cost: cost, searchedCount: searchedCount, queryCount: queryCount)
  }
}
