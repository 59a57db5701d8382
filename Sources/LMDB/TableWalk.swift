/// What is wrong with the tree of a table's pages, whatever the values in it.
package enum TreeFault: Error, Equatable, Sendable, CustomStringConvertible {
  /// LMDB itself could not go on.
  case unreadable(LMDBError)
  /// A key that is not greater than the one before it: pages changed places, or a key changed.
  case outOfOrder(key: String)
  /// A key that a walk meets and a search does not: a page above it is damaged.
  case unreachable(key: String)
  /// The table says that it has another number of keys.
  case entryCount(found: Int, expected: Int)

  package var description: String {
    switch self {
    case .unreadable(let error): "its pages cannot be read: \(error)"
    case .outOfOrder(let key): "key \(key) is out of order"
    case .unreachable(let key): "key \(key) is there, but a search does not find it"
    case .entryCount(let found, let expected):
      "it has \(found) keys, and says that it has \(expected)"
    }
  }
}

/// A walk through a whole table that trusts nothing: keys must ascend, searches must find them, and
/// there must be as many as the table says. A page that leads back to itself ends it, too.
///
///     var walk = try TableWalk(table, in: snapshot)
///     while try walk.next() { use(walk.key, try walk.value) }
///
/// - Complexity: one pass; two searches a page of keys.
package struct TableWalk: ~Copyable, ~Escapable {
  private var cursor: Cursor
  private var finder: Cursor
  /// The key before the one it stands at.
  private var previous: [UInt8] = []
  private let expected: Int
  /// The pages that keys and values lie on, as they call themselves; one range a key page, one a value
  /// that has pages of its own.
  package private(set) var pages: [Range<Int>] = []
  package private(set) var count = 0

  @_lifetime(borrow transaction)
  package init<T: Transaction & ~Copyable>(
    _ table: Table, in transaction: borrowing T
  ) throws(TreeFault) {
    let first = try Self.begin(table, in: transaction)
    let second = try Self.begin(table, in: transaction)
    do throws(LMDBError) { expected = try table.count(in: transaction) } catch {
      throw .unreadable(error)
    }
    cursor = first
    finder = second
  }

  @_lifetime(borrow transaction)
  private static func begin<T: Transaction & ~Copyable>(
    _ table: Table, in transaction: borrowing T
  ) throws(TreeFault) -> Cursor {
    do throws(LMDBError) { return try table.cursor(in: transaction) } catch {
      throw .unreadable(error)
    }
  }

  /// To the next key; false at the end.
  ///
  /// - Throws: what is wrong with the tree, after which the walk is over.
  @_lifetime(self: copy self)
  package mutating func next() throws(TreeFault) -> Bool {
    let page = cursor.isAtKey ? cursor.page : -1
    if cursor.isAtKey { previous.replace(with: cursor.key) }
    guard try move() else {
      if count > 0 { try requireFound(Key(previous.span)) }
      if count != expected { throw .entryCount(found: count, expected: expected) }
      return false
    }
    count += 1
    if count > expected { throw .entryCount(found: count, expected: expected) }
    if count > 1, !previous.span.isLess(than: cursor.key) {
      throw .outOfOrder(key: cursor.key.described)
    }
    if let own = cursor.pagesOfValue { pages.append(own) }
    if cursor.page != page {
      if let number = cursor.pageNumber { pages.append(number..<number + 1) }
      // Between these two keys lies a separator in the pages above.
      if count > 1 { try requireFound(Key(previous.span)) }
      try requireFound(Key(cursor.key))
    }
    return true
  }

  /// The key it stands at, until it moves.
  package var key: Span<UInt8> {
    @_lifetime(borrow self)
    get { cursor.key }
  }

  /// The value it stands at, read through.
  ///
  /// - Throws: `.damaged`; the walk can go on.
  package var value: Span<UInt8> {
    @_lifetime(borrow self)
    get throws(LMDBError) { try cursor.recheckedValue }
  }

  @_lifetime(self: copy self)
  private mutating func move() throws(TreeFault) -> Bool {
    do throws(LMDBError) { return try cursor.next() } catch { throw .unreadable(error) }
  }

  @_lifetime(self: copy self)
  private mutating func requireFound(_ key: Key) throws(TreeFault) {
    let isFound: Bool
    do throws(LMDBError) { isFound = try finder.seek(key) } catch { throw .unreadable(error) }
    if !isFound { throw .unreachable(key: key.bytes.described) }
  }
}

extension Cursor {
  /// What the page that the key lies on calls itself; nil where pages can lie anywhere.
  fileprivate var pageNumber: Int? {
    guard context.environment.hasAlignedPages, let key = unsafe keyBytes.baseAddress else {
      return nil
    }
    let start = unsafe key - Int(bitPattern: key) % context.environment.pageSizeInBytes
    // Sound: the key was read from this page; a page begins with its number.
    return Int(truncatingIfNeeded: unsafe start.load(as: UInt64.self))
  }

  /// The pages of a value that is too long for the key's page; nil for others.
  fileprivate var pagesOfValue: Range<Int>? {
    let headerLength = 16
    let size = context.environment.pageSizeInBytes
    guard context.environment.hasAlignedPages, let value = unsafe stored.baseAddress,
      Int(bitPattern: value) / size != page, Int(bitPattern: value) % size == headerLength
    else { return nil }
    // Sound: LMDB has read this header to find the value behind it.
    let number = Int(truncatingIfNeeded: unsafe (value - headerLength).load(as: UInt64.self))
    let count = unsafe (headerLength + stored.count + size - 1) / size
    let (end, overflow) = number.addingReportingOverflow(count)
    return number >= 0 && !overflow ? number..<end : nil
  }
}

extension [UInt8] {
  fileprivate mutating func replace(with bytes: Span<UInt8>) {
    removeAll(keepingCapacity: true)
    for index in bytes.indices { append(bytes[index]) }
  }
}

extension Span where Element == UInt8 {
  /// As LMDB orders keys: byte by byte, a prefix before what it begins.
  fileprivate func isLess(than other: Span<UInt8>) -> Bool {
    for index in 0..<Swift.min(count, other.count) where self[index] != other[index] {
      return self[index] < other[index]
    }
    return count < other.count
  }

  /// The key as text where it is printable ASCII, else in hexadecimal.
  package var described: String {
    unsafe withUnsafeBytes { unsafe Seal.describe($0) }
  }
}
