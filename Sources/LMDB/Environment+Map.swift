internal import CLMDB
internal import Glibc
internal import Synchronization

extension Environment {
  /// Doubles the memory map, after waiting for the transactions of this process to end.
  ///
  /// For `.mapFull`, which happens only where the system refused to reserve enough addresses: let the
  /// transaction go, grow, begin again. A thread that holds a snapshot itself waits in vain.
  ///
  /// - Throws: `.transactionsRunning` after `limit`; `.mapFull` where there are no addresses left.
  package func grow(waitingAtMost limit: Duration = writerPatience) throws(LMDBError) {
    try resize(waitingAtMost: limit)
  }

  /// Makes the map greater: double, or as much as another process's commits need.
  func resize(waitingAtMost limit: Duration) throws(LMDBError) {
    try requireOwner()
    let old = state.withLock { state in
      state.resizers += 1
      return state.mapSizeInBytes
    }
    defer { state.withLock { $0.resizers -= 1 } }
    var patience = Patience(limit)
    while true {
      enum Answer {
        case done
        case running(Int)
        case closed
        case failed(Int32)
      }
      let answer: Answer = state.withLock { state in
        if state.isClosed { return .closed }
        // Another thread was faster.
        if state.mapSizeInBytes > old { return .done }
        if state.running > 0 { return .running(state.running) }
        let code = enlarge(&state)
        return code == 0 ? .done : .failed(code)
      }
      switch answer {
      case .done: return
      case .closed: throw .closed(path: path)
      case .failed(let code): throw error(code, "grow the map")
      case .running(let count):
        guard patience.waitABit() else { throw .transactionsRunning(path: path, count: count) }
      }
    }
  }

  /// Moves the map to a greater one; 0 or the error. No transaction may be running.
  private func enlarge(_ state: inout State) -> Int32 {
    let old = state.mapSizeInBytes
    var more = old
    // LMDB gives up the old map before it asks for the new one, so ask before.
    while !Self.areAddressesFree(more) {
      more /= 2
      guard more >= 1 << 20 else { return MDB_MAP_FULL }
    }
    let code = unsafe mdb_env_set_mapsize(handle, old + more / pageSizeInBytes * pageSizeInBytes)
    guard code == 0 else {
      state.isMapLost = true
      return code
    }
    var info = unsafe MDB_envinfo()
    unsafe mdb_env_info(handle, &info)
    state.mapSizeInBytes = unsafe info.me_mapsize
    return 0
  }

  private static func areAddressesFree(_ bytes: Int) -> Bool {
    let probe = unsafe mmap(
      nil, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard unsafe probe != MAP_FAILED else { return false }
    unsafe munmap(probe, bytes)
    return true
  }
}
