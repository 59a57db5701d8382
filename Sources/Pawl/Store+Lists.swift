package import IVF
internal import LMDB
internal import LinearAlgebra

/// How much work a search does.
public enum SearchEffort: Sendable, Equatable {
  /// The recall that the store is set to: .98, unless somebody changed it.
  case usual
  /// As much as it takes for this share of the passages that exact search finds.
  case recall(Double)
  /// So many lists.
  case probes(Int)
  /// Every code is compared.
  case exact
}

extension Store {
  /// The best k rows for a query of the active version, and those that tie with the last, from a
  /// snapshot of its own.
  ///
  /// - Parameter query: D floats.
  /// - Throws: `StoreError.notClustered`.
  package func nearestRows(
    to query: Span<Float>, k: Int, _ probing: Probing, work: inout ListWork
  ) throws -> [TopK.Candidate] {
    let snapshot = try environment.snapshot()
    let served = try servedByLists(in: snapshot)
    let searcher = try searcher(of: served.indexID, served.index, width: query.count)
    defer { cache.giveBack(searcher) }
    return try searcher.search(query, k: k, probing, work: &work, in: snapshot)
  }

  private func servedByLists(in snapshot: borrowing Snapshot) throws -> Served {
    let served = try served(nil, in: snapshot)
    if served.index.clustering != nil { return served }
    throw StoreError.notClustered(path: path, version: served.version.name)
  }

  /// The same for each of Q queries, Q × D floats, from one snapshot, on this thread.
  package func nearestRows(
    toAll queries: Span<Float>, width: Int, k: Int, _ probing: Probing, work: inout ListWork
  ) throws -> [[TopK.Candidate]] {
    let snapshot = try environment.snapshot()
    let served = try servedByLists(in: snapshot)
    let searcher = try searcher(of: served.indexID, served.index, width: width)
    defer { cache.giveBack(searcher) }
    return try searcher.search(all: queries, k: k, probing, work: &work, in: snapshot)
  }

  /// As the other `nearestRows`, with an effort as users name it.
  package func nearestRows(
    to query: Span<Float>, k: Int, _ effort: SearchEffort, work: inout ListWork
  ) throws -> [TopK.Candidate] {
    let snapshot = try environment.snapshot()
    var cost = SearchCost()
    defer {
      work.probeCount += cost.probeCount
      work.scannedCount += cost.scannedCount
    }
    return try search(served(nil, in: snapshot), query, k, effort, cost: &cost, in: snapshot)
  }

  /// The candidates of one query, with all effort that was asked for.
  func search(
    _ served: Served, _ query: Span<Float>, _ k: Int, _ effort: SearchEffort,
    cost: inout SearchCost, in snapshot: borrowing Snapshot
  ) throws -> [TopK.Candidate] {
    let (id, index) = (served.indexID, served.index)
    cost.listCount = index.clustering?.listCount ?? 0
    do {
      switch served.route(effort, k: k) {
      case .lists(let probing, let k):
        let searcher = try searcher(of: id, index, width: query.count)
        defer { cache.giveBack(searcher) }
        var work = ListWork()
        defer { cost.add(work) }
        return try searcher.search(query, k: k, probing, work: &work, in: snapshot)
      case .exact(let reason):
        cost.exactness = reason
        cost.scannedCount += index.count
        return try FlatScan(blocks: IndexCodes.blocks(self, id, index, width: query.count)).search(
          query: query, k: k, kernels: kernels(), in: snapshot)
      }
    } catch { throw named(error, index: id) }
  }

  /// How well a version's queries are answered through the lists of its index; nil where that was not measured.
  func calibration<T: Transaction & ~Copyable>(
    of version: VersionRecord, in transaction: borrowing T
  ) throws -> Calibration? {
    try tables.calibration.record(
      Calibration.self, at: Calibration.key(version.index, version.queryDigest), in: transaction)
  }

  /// Where all codes of an index lie, for as long as the snapshot is open.
  ///
  /// - Throws: damage of the index, one that lacks a block among it.
  func storedCodes(
    ofIndex id: UInt32, _ record: IndexRecord, width: Int, in snapshot: borrowing Snapshot
  ) throws -> StoredCodes {
    do {
      return try StoredCodes(IndexCodes.blocks(self, id, record, width: width), in: snapshot)
    } catch { throw named(error, index: id) }
  }

  /// A searcher of a clustered index, to be given back to the cache.
  func searcher(of id: UInt32, in snapshot: borrowing Snapshot) throws -> ListSearcher {
    let record = try index(id, in: snapshot)
    let width = try space(record.space, in: snapshot).width
    return try searcher(of: id, record, width: width)
  }

  func searcher(of id: UInt32, _ record: IndexRecord, width: Int) throws -> ListSearcher {
    guard let clustering = record.clustering else {
      throw damaged("index \(id)", "it has no lists to search")
    }
    return try cache.take(
      ClusteredIndex(
        blocks: IndexCodes.blocks(self, id, record, width: width),
        lists: InvertedLists(table: tables.lists), directory: tables.directory,
        centroids: tables.centroids, listCount: clustering.listCount, seed: clustering.seed))
  }
}
