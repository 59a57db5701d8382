package import Encoding

/// A query adapter as a safetensors file: `left` and `right`, r × D, and `bias`, D.
package enum QueryAdapterFile {
  package static func write(_ adapter: QueryAdapter, to path: String) throws {
    let (r, D) = (adapter.rank, adapter.width)
    var writer = try SafeTensorsWriter(
      path: path,
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
}
