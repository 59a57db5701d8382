/// The values that were asked for last, by name; what was let go is made anew when somebody asks again.
struct RecentValues<Value> {
  private let capacity: Int
  /// The latest is the last.
  private var values: [(name: String, value: Value)] = []

  /// - Parameter capacity: values that are kept.
  init(capacity: Int) { self.capacity = capacity }

  /// - Complexity: O(capacity).
  mutating func value(named name: String) -> Value? {
    guard let place = values.firstIndex(where: { $0.name == name }) else { return nil }
    values.append(values.remove(at: place))
    return values.last?.value
  }

  mutating func keep(_ value: Value, named name: String) {
    values.removeAll { $0.name == name }
    if values.count >= capacity { values.removeFirst() }
    values.append((name, value))
  }
}
