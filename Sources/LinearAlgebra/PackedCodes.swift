internal import CKernels

/// Codes as the filter reads them: integers, 16 codes side by side, with bounds of what was rounded.
///
/// Threads may read it together while none changes it.
package final class PackedCodes: @unchecked Sendable {
  // Sendable: as said above, which is up to the callers; a reader gets a constant view.
  /// How the codes are stored that are packed here.
  package enum Kind: Sendable { case int8, float16, float32 }

  package let width: Int
  /// Codes that fit.
  package let capacity: Int
  package private(set) var count = 0

  private let steps: Int
  private var bytes: AlignedBuffer<UInt8>
  private var scales: AlignedBuffer<Float>
  private var norms: AlignedBuffer<Float>
  private var residuals: AlignedBuffer<Float>
  private var numbers: AlignedBuffer<UInt32>

  /// Codes of one tile.
  private static var tileSize: Int { Int(PAWL_FILTER_LANES * PAWL_FILTER_PANELS) }

  /// - Parameter capacity: rounded up to whole tiles.
  package init(width: Int, capacity: Int) {
    precondition(
      width <= CodeFilter.maximumWidth, "a filter of \(width) dimensions")
    let places = (max(capacity, 1) + Self.tileSize - 1) / Self.tileSize * Self.tileSize
    self.width = width
    self.capacity = places
    steps = (width + 3) / 4
    bytes = AlignedBuffer(repeating: 0, count: places * steps * 4)
    scales = AlignedBuffer(repeating: 0, count: places)
    norms = AlignedBuffer(repeating: -.infinity, count: places)
    residuals = AlignedBuffer(repeating: 0, count: places)
    numbers = AlignedBuffer(repeating: 0, count: places)
  }

  package func removeAll() { count = 0 }

  /// Packs `rows` codes, numbered from `number` on.
  ///
  /// - Parameters:
  ///   - codes: rows × D elements of the kind, little-endian, at any address.
  ///   - scales: for int8, rows floats at any address.
  /// - Complexity: about D / 2 cycles a code of int8, 5 · D one of floats.
  package func append(
    _ kind: Kind, codes: RawSpan, scales codeScales: RawSpan, rows: Int, number: UInt32
  ) {
    let size: Int =
      switch kind {
      case .int8: 1
      case .float16: 2
      case .float32: 4
      }
    precondition(count + rows <= capacity, "\(count + rows) codes where \(capacity) fit")
    precondition(codes.byteCount >= rows * width * size, "\(codes.byteCount) bytes of codes")
    precondition(kind != .int8 || codeScales.byteCount >= rows * 4, "too few scales")
    let first = count
    count += rows
    unsafe codes.withUnsafeBytes { codes in
      unsafe codeScales.withUnsafeBytes { codeScales in
        // Sound: the counts were checked, and `view` names this object's own buffers.
        var view = unsafe view()
        unsafe pawl_filter_pack(
          kind.number, width, rows, codes.baseAddress, codeScales.baseAddress, number, &view, first)
        unsafe pawl_filter_pack_nothing(first + rows, view.panels * Int(PAWL_FILTER_LANES), &view)
      }
    }
  }

  /// The codes, whole tiles, for as long as this lives and is not changed.
  func view() -> pawl_filter_codes {
    let tiles = (count + Self.tileSize - 1) / Self.tileSize
    return unsafe pawl_filter_codes(
      panels: tiles * Int(PAWL_FILTER_PANELS), steps: steps, bytes: bytes.address,
      scales: scales.address, norms: norms.address, residuals: residuals.address,
      numbers: numbers.address)
  }
}

extension PackedCodes.Kind {
  fileprivate var number: pawl_code_kind {
    switch self {
    case .int8: PAWL_CODE_INT8
    case .float16: PAWL_CODE_FLOAT16
    case .float32: PAWL_CODE_FLOAT32
    }
  }
}
