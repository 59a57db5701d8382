internal import CLMDB

/// Figures about an open database.
package struct EnvironmentInfo: Sendable, Equatable {
  /// Addresses reserved; the file cannot become greater.
  package let mapSizeInBytes: Int
  package let pageSizeInBytes: Int
  /// The file up to its last used page, free pages inside included. The file itself may be shorter
  /// by pages that were taken and freed in one transaction.
  package let usedBytes: Int
  /// The number of the last commit.
  package let lastTransaction: Int
  /// Places for readers that have been in use at one time; not all need to be now.
  package let readerPlacesUsed: Int
  package let readerPlaces: Int
}

extension Environment {
  package func info() throws(LMDBError) -> EnvironmentInfo {
    try enter()
    defer { leave() }
    var info = unsafe MDB_envinfo()
    unsafe mdb_env_info(handle, &info)
    return unsafe EnvironmentInfo(
      mapSizeInBytes: info.me_mapsize, pageSizeInBytes: pageSizeInBytes,
      usedBytes: (info.me_last_pgno + 1) * pageSizeInBytes, lastTransaction: info.me_last_txnid,
      readerPlacesUsed: Int(info.me_numreaders), readerPlaces: Int(info.me_maxreaders))
  }

  /// The file up to its last used page, in bytes.
  package func usedBytes() throws(LMDBError) -> Int { try info().usedBytes }

  /// Frees the places (and so the pages) of readers whose process died; how many there were.
  ///
  /// `open` does it once; a server should do it every minute.
  package func removeDeadReaders() throws(LMDBError) -> Int {
    try enter()
    defer { leave() }
    var dead: Int32 = 0
    let code = unsafe mdb_reader_check(handle, &dead)
    guard code == 0 else { throw error(code, "check readers") }
    return Int(dead)
  }
}
