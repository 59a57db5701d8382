/// The kinds of damage that `check` finds: a promise, and the stable `kind` in its JSON.
public enum CheckProblemKind: String, Sendable, Codable, CaseIterable {
  // The file and its pages
  /// data.mdb is truncated, or no database any more.
  case file
  /// The process that read the pages crashed, or came to a stand.
  case crash
  /// Meta pages or the list of free pages contradict each other.
  case pages
  /// The pages of a table: unreadable, out of order, more or fewer keys than they should hold.
  case tree
  case tableMissing = "table-missing"
  /// A value, its key or its table is not what was written.
  case checksum
  /// A key, or a value of fixed length, has another form.
  case form

  // Records
  case recordMissing = "record-missing"
  case recordUnreadable = "record-unreadable"
  case textSize = "text-size"
  /// A setting has a value that it cannot have.
  case settings
  case dictionary
  /// A stored evaluation set lacks a piece, or is not what its record says.
  case evaluationSet = "evaluation-set"

  // Passages
  /// A row that is not below the next new one.
  case rowNumber = "row-number"
  case rowUnreadable = "row-unreadable"
  case rowID = "row-id"
  case rowWithoutID = "row-without-id"
  case idWithoutRow = "id-without-row"
  case idOfAnotherRow = "id-of-another-row"
  case dictionaryUnknown = "dictionary-unknown"
  case textUnreadable = "text-unreadable"
  case textEntryMissing = "text-entry-missing"
  case textEntryWrong = "text-entry-wrong"
  case updateWithoutRow = "update-without-row"
  case updateOfAnotherID = "update-of-another-id"
  case updateTwice = "update-twice"
  case updateFinished = "update-finished"

  // Codes
  case indexCount = "index-count"
  case indexAhead = "index-ahead"
  case indexUnnamed = "index-unnamed"
  case blockUnreadable = "block-unreadable"
  case blockKind = "block-kind"
  case blockMissing = "block-missing"
  case blockExtra = "block-extra"
  case codeMissing = "code-missing"
  case codeExtra = "code-extra"
  case codeOrder = "code-order"
  case scale
  case codeNotFinite = "code-not-finite"
  /// Two rows of one text have different codes.
  case codeDiffers = "code-differs"

  // Lists of a clustered index
  /// How an index is clustered, as its record says it, cannot be.
  case clustering
  case centroids
  /// What the directory says of a list is not so, or it says nothing.
  case directory
  /// A row's place is not where its code is.
  case place
  /// A code is in another list than the one that is nearest to it.
  case nearestList = "nearest-list"
  /// 1-bit codes are not those of the vectors beside them.
  case bits
  case calibration

  // Versions
  case spaceDigest = "space-digest"
  case spaceFiles = "space-files"
  case versionName = "version-name"
  case versionSpace = "version-space"
  case versionIndex = "version-index"
  case versionParent = "version-parent"
  case versionState = "version-state"
  /// A query adapter is missing, or is not what its key says.
  case versionAdapter = "version-adapter"
  /// Hashes of used queries that are no hashes, or of no version.
  case usedQueries = "used-queries"
  case pointer
  case history

  // Checkpoints
  case checkpointFile = "checkpoint-file"
  case checkpointDigest = "checkpoint-digest"
}
