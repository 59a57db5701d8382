internal import Encoding
internal import IVF
internal import LMDB
internal import LinearAlgebra

/// How a query becomes a vector, and what it is compared with.
public struct QueryExplanation: Sendable, Equatable, Encodable {
  /// The version that answers.
  public let version: String
  public let isActive: Bool
  /// Where the version came from, in words.
  public let origin: String
  /// Digest of the encoder's files.
  public let checkpoint: String
  /// Digest of all that decides the vector of a passage.
  public let space: String
  public let numericPath: String
  /// The implementation of the vector loops.
  public let kernels: String
  /// D.
  public let width: Int
  public let index: UInt32
  /// 0 where every search is exact.
  public let listCount: Int
  public let codec: String
  /// Bytes of a code with its scale and row number.
  public let codeSizeInBytes: Int
  /// What is put before the query, and before every passage.
  public let queryPrefix: String
  public let passagePrefix: String
  /// The query's tokens, prefix, [CLS] and [SEP] included, cut at the limit: what the encoder sees.
  public let tokens: [String]
  /// Tokens of the whole query.
  public let tokenCount: Int
  public let tokenLimit: Int
}

/// A passage as the encoder and the disk see it.
public struct PassageExplanation: Sendable, Equatable, Encodable {
  public let row: UInt32
  /// Bytes of its record.
  public let storedSizeInBytes: Int
  public let textSizeInBytes: Int
  /// Tokens of the whole text, prefix, [CLS] and [SEP] included.
  public let tokenCount: Int
  public let tokenLimit: Int
  /// Whether the text is no longer what was found.
  public let hasChanged: Bool
}

extension Store {
  /// How a version answers a query.
  ///
  /// - Parameter version: nil: the active one.
  public func explain(_ query: String, version name: String? = nil) throws -> QueryExplanation {
    let snapshot = try environment.snapshot()
    let version = try version(name, in: snapshot)
    let space = try space(version.space, in: snapshot)
    let index = try index(version.index, in: snapshot)
    let encoder = try queryEncoder(of: version, space, in: snapshot).encoder
    let ids = encoder.tokens(of: version.queryPrefix + query)
    let seen = encoder.seenTokens(of: version.queryPrefix + query)
    return QueryExplanation(
      version: version.name, isActive: try activeVersion(in: snapshot) == version.name,
      origin: version.origin, checkpoint: version.checkpoint ?? "none", space: version.space,
      numericPath: space.numericPath?.rawValue ?? "none", kernels: encoder.kernels.name,
      width: space.width,
      index: version.index, listCount: index.clustering?.listCount ?? 0,
      codec: index.codec.rawValue,
      codeSizeInBytes: index.codec.listedSizeInBytes(width: space.width),
      queryPrefix: version.queryPrefix, passagePrefix: space.passagePrefix,
      tokens: seen.map { encoder.tokenizer.token(of: $0) ?? "#\($0)" }, tokenCount: ids.count,
      tokenLimit: encoder.maxLength)
  }

  /// What a hit's passage is for a version, and where it lies.
  ///
  /// - Throws: `StoreError.noPassage` where it has been deleted since.
  public func explain(
    _ hit: Hit, version name: String? = nil
  ) throws -> PassageExplanation {
    guard let passage = try passages([hit.id]).first else {
      throw StoreError.noPassage(path: path, id: hit.id)
    }
    let snapshot = try environment.snapshot()
    let space = try space(version(name, in: snapshot).space, in: snapshot)
    let encoder = try encoder(for: space)
    return PassageExplanation(
      row: passage.row, storedSizeInBytes: passage.storedSizeInBytes,
      textSizeInBytes: passage.text.utf8.count,
      tokenCount: encoder.tokens(of: space.passagePrefix + passage.text).count,
      tokenLimit: encoder.maxLength, hasChanged: passage.text != hit.text)
  }

  /// Loads the encoder of a version, so that its first query does not wait for that.
  ///
  /// - Parameter version: nil: the active one.
  public func loadEncoder(version name: String? = nil) throws {
    let snapshot = try environment.snapshot()
    let version = try version(name, in: snapshot)
    _ = try queryEncoder(of: version, space(version.space, in: snapshot), in: snapshot)
  }

  /// Ids of passages that begin so, in the order of their bytes.
  ///
  /// - Complexity: O(limit · log passages).
  public func passageIDs(startingWith prefix: String, limit: Int) throws -> [String] {
    guard prefix.utf8.count <= Key.maximumLength else { return [] }
    let snapshot = try environment.snapshot()
    let start = Key(prefix)
    var ids: [String] = []
    var cursor = try tables.ids.cursor(in: snapshot)
    var isAtKey = try cursor.seek(atOrAfter: start)
    while isAtKey, ids.count < limit, cursor.key.starts(with: start) {
      ids.append(Self.text(cursor.key))
      isAtKey = try cursor.next()
    }
    return ids
  }

  private static func text(_ bytes: Span<UInt8>) -> String {
    unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
  }
}

extension TextEncoder {
  /// All tokens of a text, [CLS] and [SEP] included.
  fileprivate func tokens(of text: String) -> [Int32] { tokens(of: text, maximumLength: .max) }

  /// As many of them as the transformer gets.
  fileprivate func seenTokens(of text: String) -> [Int32] {
    tokens(of: text, maximumLength: maxLength)
  }

  private func tokens(of text: String, maximumLength: Int) -> [Int32] {
    var ids: [Int32] = []
    var scratch = TokenizerScratch()
    tokenizer.encode(text, maximumLength: maximumLength, into: &ids, scratch: &scratch)
    return ids
  }
}
