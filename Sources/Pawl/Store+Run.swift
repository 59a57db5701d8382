internal import Corpus
internal import IVF

extension Store {
  /// Searches with all queries of a file and writes the results as a TREC run, which appears whole or
  /// not at all.
  ///
  /// - Parameters:
  ///   - k: hits of each query at most.
  ///   - version: nil: the active one, the same for all queries.
  ///   - progress: answering false stops; nothing is written then.
  /// - Returns: nil where it was stopped.
  /// - Complexity: memory for 4,096 queries and a million hits.
  public func writeRun(
    of queries: QueryFile, to path: String, k: Int, version: String? = nil,
    progress: @escaping ProgressHandler = { _ in true }
  ) throws -> BatchSummary? {
    var search = try BatchSearch(self, version: version)
    var source = try QuerySource.open(queries, width: search.width)
    var run = try RunWriter(path: path)
    let batchSize = search.batchSize(k: k)
    var done = 0
    while let batch = try source.next(atMost: batchSize) {
      let (before, total) = (done, source.count)
      let answers = try search.run(batch, k: k) {
        _ = progress(Progress(stage: .searching, done: before + $0, total: total))
      }
      for (id, hits) in zip(batch.ids, answers) {
        try run.append(query: id, hits: hits)
      }
      done += batch.ids.count
      if !progress(Progress(stage: .searching, done: done, total: total)) { return nil }
    }
    try run.commit()
    return search.summary
  }
}
