package import Encoding

/// A query adapter as a safetensors file in a model's folder: `left` (Uᵀ) and `right` (Vᵀ), r × D, and `bias`, D.
package enum QueryAdapterFile {
  private static let name = "query_adapter.safetensors"
  private static let highestRank = 4_096

  package static func write(_ adapter: QueryAdapter, to folder: String) throws {
    let (r, D) = (adapter.rank, adapter.width)
    var writer = try SafeTensorsWriter(
      path: "\(folder)/\(name)",
      entries: [
        SafeTensorsWriter.Entry(name: "left", shape: [r, D]),
        SafeTensorsWriter.Entry(name: "right", shape: [r, D]),
        SafeTensorsWriter.Entry(name: "bias", shape: [D]),
      ])
    let values = adapter.values.span
    for range in [0..<r * D, r * D..<2 * r * D, 2 * r * D..<(2 * r + 1) * D] {
      try writer.append(values.extracting(range))
    }
    try writer.commit()
  }

  /// - Parameter width: D of the model.
  /// - Returns: nil where the folder has none.
  /// - Throws: `EncodingError` for a file that does not fit the model.
  package static func read(inModel folder: String, width D: Int) throws -> QueryAdapter? {
    let path = "\(folder)/\(name)"
    guard MappedFile.exists(path) else { return nil }
    let file = try SafeTensors(path: path)
    let rank = file["left"]?.shape.first ?? 0
    guard (1...highestRank).contains(rank) else {
      throw EncodingError.malformed(
        path: path, problem: "the tensor \"left\" is not r × \(D), r from 1 to \(highestRank)")
    }
    var values: [Float] = []
    for (name, shape) in [("left", [rank, D]), ("right", [rank, D]), ("bias", [D])] {
      let tensor = try file.floats(name, shape: shape)
      for index in tensor.span.indices { values.append(tensor.span[index]) }
    }
    return QueryAdapter(width: D, rank: rank, values: values)
  }
}
