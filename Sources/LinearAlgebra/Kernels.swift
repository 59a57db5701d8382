internal import CKernels

/// One implementation of the vector loops, chosen once for a process.
///
/// All implementations give the same bits (`CKernels.h` says why), so the choice changes only speed.
@safe package struct Kernels: @unchecked Sendable {
  // Sendable: the table is a constant of the program.
  let table: UnsafePointer<pawl_kernels>

  /// The fastest kernels that this processor runs.
  package static var best: Kernels { unsafe Kernels(table: pawl_kernels_best()) }

  /// The kernels of that name: `portable`, `avx2` or `avx512`.
  ///
  /// - Throws: `KernelError.unavailable` where there are none or the processor cannot run them.
  package init(named name: String) throws(KernelError) {
    guard let table = unsafe pawl_kernels_named(name) else {
      throw KernelError.unavailable(name: name)
    }
    unsafe self.table = table
  }

  /// The kernels that `PAWL_KERNEL` names, else the fastest, compared with the portable ones on a
  /// small block first: a miscompiled or misdetected kernel must not write a single embedding.
  package init(environment: [String: String]) throws(KernelError) {
    let kernels =
      if let name = environment["PAWL_KERNEL"] { try Kernels(named: name) } else { Kernels.best }
    guard kernels.agreesWithPortable() else { throw KernelError.wrong(name: kernels.name) }
    self = kernels
  }

  private init(table: UnsafePointer<pawl_kernels>) { unsafe self.table = table }

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
