internal import CKernels

/// One implementation of the vector loops, chosen once for a process.
///
/// All implementations give the same bits (`CKernels.h` says why), so the choice changes only speed.
@safe package struct Kernels: @unchecked Sendable {
  // Sendable: the tables are constants of the program.
  let table: UnsafePointer<pawl_kernels>
  /// Those of products of 12 bits, which have a twin more.
  let int12: UnsafePointer<pawl_int12>

  /// The fastest kernels that this processor runs.
  package static var best: Kernels { unsafe Kernels(table: pawl_kernels_best()) }

  /// The kernels of that name: `portable`, `avx2` or `avx512`.
  ///
  /// - Throws: `KernelError.unavailable` where there are none or the processor cannot run them.
  package init(named name: String) throws(KernelError) {
    guard let table = unsafe pawl_kernels_named(name) else {
      throw KernelError.unavailable(name: name)
    }
    unsafe self.init(table: table)
  }

  /// The kernels that `PAWL_KERNEL` names, else the fastest, compared with the portable ones on a
  /// small block first: a miscompiled or misdetected kernel must not write a single embedding.
  package init(environment: [String: String]) throws(KernelError) {
    let kernels =
      if let name = environment["PAWL_KERNEL"] { try Kernels(named: name) } else { Kernels.best }
    guard kernels.agreesWithPortable() else { throw KernelError.wrong(name: kernels.name) }
    self = kernels
  }

  private init(table: UnsafePointer<pawl_kernels>) {
    unsafe self.init(table: table, int12: pawl_int12_for(table))
  }

  /// These, with the products of 12 bits of that name: `portable`, `avx2`, `avx512` or `avx512vnni`; nil
  /// where there are none or the processor cannot run them.
  package func withInt12(named name: String) -> Kernels? {
    guard let int12 = unsafe pawl_int12_named(name) else { return nil }
    return unsafe Kernels(table: table, int12: int12)
  }

  private init(table: UnsafePointer<pawl_kernels>, int12: UnsafePointer<pawl_int12>) {
    unsafe self.table = table
    unsafe self.int12 = int12
  }

  package var name: String { unsafe String(cString: table.pointee.name) }
}

package enum KernelError: Error, Equatable, CustomStringConvertible {
  case unavailable(name: String)
  case wrong(name: String)

  package var description: String {
    switch self {
    case .unavailable(let name):
      "PAWL_KERNEL=\(name): this processor has no such kernels. "
        + "Unset it, or take portable, avx2 or avx512."
    case .wrong(let name):
      "the \(name) kernels do not agree with the portable ones on this processor. "
        + "Run with PAWL_KERNEL=portable and report it."
    }
  }
}
