internal import CKernels

/// One implementation of the search for the nearest of many codes (`nearest.h` says what it does).
///
/// All of them find the same code, so the choice changes only speed.
@safe package struct NearestCode: @unchecked Sendable {
  // Sendable: the table is a constant of the program.
  private let table: UnsafePointer<pawl_nearest>

  /// Vectors of more dimensions are not compared: their sums could leave 32 bits.
  package static let maximumWidth = Int(PAWL_FILTER_WIDEST)

  /// The implementation that goes with those kernels on this processor.
  package init(for kernels: Kernels) { unsafe table = pawl_nearest_for(kernels.table) }

  /// The implementation of that name: `portable`, `avx2` or `avx512vnni`; nil where there is none or the
  /// processor cannot run it.
  package init?(named name: String) {
    guard let table = unsafe pawl_nearest_named(name) else { return nil }
    unsafe self.table = table
  }

  package var name: String { unsafe String(cString: table.pointee.name) }

  /// places[i] ← the place of the code with the greatest inner product with row i, of equal ones the
  /// lowest; scores[i] ← that product divided by the row's scale.
  ///
  /// - Parameters:
  ///   - codes: at least one, whole tiles: `count` is `capacity`.
  ///   - scores, places: at least rows.count elements, overwritten.
  /// - Complexity: rows.count · codes.count · D multiplications of bytes.
  package func find(
    _ rows: borrowing Int8Rows, among codes: PackedCodes, scores: inout MutableSpan<Float>,
    places: inout MutableSpan<UInt32>
  ) {
    let count = rows.count
    precondition(codes.width == rows.width, "codes of \(codes.width), rows of \(rows.width)")
    precondition(codes.count > 0 && codes.count == codes.capacity, "places without a code")
    precondition(scores.count >= count && places.count >= count, "no room for \(count) answers")
    var view = unsafe codes.view()
    let bytes = rows.bytes.span
    unsafe bytes.withUnsafeBufferPointer { x in
      unsafe scores.withUnsafeMutableBufferPointer { scores in
        unsafe places.withUnsafeMutableBufferPointer { places in
          // Sound: `Int8Rows` has whole tiles of rows, each as wide as a packed code.
          unsafe table.pointee.run(
            &view, count, x.baseAddress, scores.baseAddress, places.baseAddress)
        }
      }
    }
  }
}
