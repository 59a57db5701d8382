internal import IVF
internal import LMDB
internal import LinearAlgebra
internal import Synchronization

/// What is made once of an index and then used by many transactions.
final class IndexCache: Sendable {
  private let chosenKernels = Mutex<Kernels?>(nil)
  private let quantizers = Mutex<[UInt32: IndexQuantizer]>([:])
  /// Of the snapshot that was asked of last, by the names that were asked for.
  private let served = Mutex<(snapshot: Int, versions: [String?: Served])>((0, [:]))
  /// Searchers that nobody uses at the moment; one for each thread that searches.
  private let searchers = Mutex<[ListSearcher]>([])

  /// Searchers that are kept for the next query.
  private static let mostSearchers = 16
  /// Quantizers in memory, a few megabytes each: what is deleted leaves the indexes of all versions.
  private static let mostQuantizers = 16
  private static let mostServed = 8

  func kernels() throws(KernelError) -> Kernels {
    let known = chosenKernels.withLock { $0 }
    if let known { return known }
    let kernels = try Kernels(environment: Process.environment)
    chosenKernels.withLock { $0 = kernels }
    return kernels
  }

  // An index keeps its centroids, and its number is never used again once its record is committed.
  func knownQuantizer(of id: UInt32) -> IndexQuantizer? { quantizers.withLock { $0[id] } }

  func keep(_ quantizer: IndexQuantizer, of id: UInt32) -> IndexQuantizer {
    quantizers.withLock { quantizers in
      if quantizers.count >= Self.mostQuantizers { quantizers.removeAll() }
      quantizers[id] = quantizer
    }
    return quantizer
  }

  /// What the version of that name, or the active one, was in the snapshot of that number.
  func served(_ name: String?, snapshot: Int) -> Served? {
    served.withLock { $0.snapshot == snapshot ? $0.versions[name] : nil }
  }

  func keep(_ version: Served, _ name: String?, snapshot: Int) {
    served.withLock { served in
      // Two that are compared ask in turn.
      if served.snapshot != snapshot || served.versions.count >= Self.mostServed {
        served = (snapshot, [:])
      }
      served.versions[name] = version
    }
  }

  /// A searcher of that index, taken from those at rest, or a new one.
  func take(_ index: ClusteredIndex) throws -> ListSearcher {
    let atRest = searchers.withLock { searchers -> ListSearcher? in
      guard let place = searchers.lastIndex(where: { $0.index.isSame(as: index) }) else {
        return nil
      }
      return searchers.remove(at: place)
    }
    return try atRest ?? ListSearcher(index, kernels: kernels())
  }

  func giveBack(_ searcher: ListSearcher) {
    searchers.withLock { searchers in
      if searchers.count >= Self.mostSearchers { searchers.removeFirst() }
      searchers.append(searcher)
    }
  }
}

/// A version with all that answers its queries, as one snapshot has it.
struct Served: Sendable {
  let version: VersionRecord
  let space: SpaceRecord
  let index: IndexRecord
  let calibration: Calibration?
  let settings: SettingsRecord

  var indexID: UInt32 { version.index }
}

extension Store {
  /// The version of that name, or the active one.
  ///
  /// - Complexity: once a snapshot five records are read; then nothing is.
  func served(_ name: String?, in snapshot: borrowing Snapshot) throws -> Served {
    if let known = cache.served(name, snapshot: snapshot.number) { return known }
    let version = try version(name, in: snapshot)
    let served = Served(
      version: version, space: try space(version.space, in: snapshot),
      index: try index(version.index, in: snapshot),
      calibration: try calibration(of: version, in: snapshot),
      settings: try settingsRecord(in: snapshot))
    cache.keep(served, name, snapshot: snapshot.number)
    return served
  }

  func kernels() throws -> Kernels { try cache.kernels() }

  /// What assigns codes to the lists of an index.
  func quantizer<T: Transaction & ~Copyable>(
    of id: UInt32, _ record: IndexRecord, _ clustering: ClusteringRecord, width: Int,
    in transaction: borrowing T
  ) throws -> IndexQuantizer {
    if let known = cache.knownQuantizer(of: id) { return known }
    guard let value = try tables.centroids.value(of: Key(id), in: transaction) else {
      throw damaged("index \(id)", "its centroids are missing")
    }
    do {
      let centroids = try CoarseQuantizer(value, listCount: clustering.listCount, width: width)
      return cache.keep(
        IndexQuantizer(
          centroids, codec: record.codec, seed: clustering.seed, kernels: try kernels()), of: id)
    } catch let error as CentroidError {
      throw damaged("index \(id)", "\(error)")
    }
  }
}
