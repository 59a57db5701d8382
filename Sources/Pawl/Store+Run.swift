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
  /// - Complexity: memory for 1,024 queries and a million hits.
  public func writeRun(
    of queries: QueryFile, to path: String, k: Int, _ effort: SearchEffort = .usual,
    version: String? = nil,
    progress: @escaping ProgressHandler = { _ in true }
  ) throws -> BatchSummary? {
    try requireOutput(path, apartFrom: queries.files)
    try requireCodes(version: version)
    var search = try BatchSearch(self, effort, version: version)
    if case .texts = queries { try search.loadEncoder() }
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

  /// Makes sure that a result is not written into this store or over one of its inputs.
  ///
  /// - Throws: `StoreError.outputOverInput`.
  public func requireOutput(_ output: String, apartFrom inputs: [String]) throws {
    let folder = StorePlace.parent(of: output)
    for inside in [path, path + "/checkpoints"] where Files.areSame(folder, inside) {
      throw StoreError.outputOverInput(path: output, input: "the store")
    }
    for input in inputs where Files.areSame(output, input) {
      throw StoreError.outputOverInput(path: output, input: input)
    }
  }
}
