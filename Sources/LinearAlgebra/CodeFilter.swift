internal import CKernels

/// One implementation of the integer filter of batch search (`filter.h` says what it does).
///
/// All of them keep every code that can matter, so the choice changes only speed.
@safe package struct CodeFilter: @unchecked Sendable {
  // Sendable: the table is a constant of the program.
  let table: UnsafePointer<pawl_filter>

  /// Vectors of more dimensions are not filtered.
  package static let maximumWidth = Int(PAWL_FILTER_WIDEST)

  /// The filter that goes with those kernels on this processor.
  package init(for kernels: Kernels) { unsafe table = pawl_filter_for(kernels.table) }

  /// The filter of that name: `portable`, `avx2`, `avx512` or `avx512vnni`; nil where there is none or
  /// the processor cannot run it.
  package init?(named name: String) {
    guard let table = unsafe pawl_filter_named(name) else { return nil }
    unsafe self.table = table
  }

  package var name: String { unsafe String(cString: table.pointee.name) }

  /// The greatest integer of a query.
  package var limit: Int { unsafe Int(table.pointee.limit) }

  /// Queries that are compared with a code at once.
  package var tileSize: Int { unsafe table.pointee.rows }
}
