internal import IVF
internal import LMDB
internal import LinearAlgebra

// How an index is clustered: its record, centroids, directory and calibration.
extension StoreCheck {
  /// Looks at what the record says; what could not be is not looked into further.
  mutating func checkClustering(of index: CheckedIndex) {
    guard let clustering = index.record.clustering else { return }
    if let fault = clustering.fault(below: index.record.nextRow) {
      report(.clustering, index.name, fault)
    } else if let width = index.width {
      index.lists = CheckedLists(clustering, index.record, width: width, rowCount: rows.count)
    }
  }

  mutating func checkCentroids(
    _ value: Span<UInt8>?, _ index: CheckedIndex, _ kernels: Kernels
  ) {
    guard let lists = index.lists else {
      return reportNotClustered(Key(index.id).bytes, "centroids", index)
    }
    lists.hasCentroids = true
    guard let value else { return }
    do throws(CentroidError) {
      let centroids = try CoarseQuantizer(
        value, listCount: lists.clustering.listCount, width: lists.sample.width)
      let quantizer = IndexQuantizer(
        centroids, codec: index.record.codec, seed: lists.clustering.seed, kernels: kernels)
      lists.quantizer = (quantizer, kernels)
    } catch {
      report(.centroids, StoreObject.name(of: Key(index.id).bytes, in: "centroids"), "\(error)")
    }
  }

  mutating func checkDirectory(
    _ key: Span<UInt8>, _ value: Span<UInt8>?, _ index: CheckedIndex
  ) {
    guard let lists = index.lists else { return reportNotClustered(key, "directory", index) }
    let number = key.bigEndianUInt32(at: 4) ?? .max
    let object = StoreObject.name(of: key, in: "directory")
    let first = Int(number) * ClusteredIndex.directorySize
    let size = min(ClusteredIndex.directorySize, lists.counts.count - first)
    if size <= 0 {
      return report(.directory, object, "there are only \(lists.counts.count) lists")
    }
    lists.directorySeen.insert(number)
    guard let value else { return }
    guard value.count == 4 * size else {
      return report(
        .directory, object, "it has \(value.count) bytes, not 4 for each of \(size) lists")
    }
    for offset in 0..<size {
      lists.counts[first + offset] = value.littleEndianUInt32(at: 4 * offset).map { Int($0) }
    }
  }

  mutating func checkCalibration(
    _ key: Span<UInt8>, _ value: Span<UInt8>?, _ index: CheckedIndex
  ) {
    guard index.lists != nil else { return reportNotClustered(key, "calibration", index) }
    let object = StoreObject.name(of: key, in: "calibration")
    if let digest = key.bigEndianUInt64(at: 4), areWhole("versions", "version"),
      !records.versions.values.contains(where: {
        $0.index == index.id && $0.queryDigest == digest && !$0.isCollected
      })
    {
      report(.calibration, object, "no version asks its index so")
    }
    guard let value, let calibration = decode(Calibration.self, value, object) else { return }
    if let fault = calibration.fault { report(.calibration, object, fault) }
  }

  /// What should have been met by now: centroids, and all of the directory.
  mutating func finishClustering(_ index: CheckedIndex, _ lists: CheckedLists) {
    if !lists.hasCentroids, !incomplete.contains("centroids") {
      report(
        .centroids, StoreObject.name(of: Key(index.id).bytes, in: "centroids"), "they are missing")
    }
    if incomplete.contains("directory") { return }
    let valueCount =
      (lists.counts.count + ClusteredIndex.directorySize - 1) / ClusteredIndex.directorySize
    for number in 0..<UInt32(valueCount) where !lists.directorySeen.contains(number) {
      report(
        .directory, StoreObject.directory(number, ofIndex: index.id),
        "it is missing, so that an absent list would be an empty one")
    }
  }
}

extension Calibration {
  /// What no measuring says; nil where all can be.
  fileprivate var fault: String? {
    if !Self.ascends(curves.map { Double($0.k) }) || curves.contains(where: { $0.k < 1 }) {
      return "its curves are of k \(curves.map(\.k))"
    }
    for curve in curves {
      let points = curve.points
      if !Self.ascends(points.map { Double($0.margin) }) || !Self.ascends(points.map(\.promised)) {
        return "the curve of k \(curve.k) does not ascend"
      }
      if points.contains(where: { !$0.isPossible }) {
        return "the curve of k \(curve.k) has a share that is none"
      }
    }
    return nil
  }

  private static func ascends(_ numbers: [Double]) -> Bool {
    zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 }
  }
}

extension Calibration.Point {
  fileprivate var isPossible: Bool {
    margin.isFinite && (0...1).contains(recall) && (0...1).contains(promised) && meanProbes >= 0
      && meanScanned >= 0
  }
}
