/// Notices that a far side answers again after it was down.
///
/// In an outage every delivery backs off by itself, by chance: afterwards the least urgent could be the first to
/// go. Those that failed since the last success are therefore let go together, by urgency. One or two failures
/// between successes are no outage: what fails keeps its back-off, or something that always fails would be tried
/// after every success.
struct OutageWatch {
  /// So many calls in a row must have failed.
  static let least = 3
  private var failures = 0
  private var failed: Set<DeliveryKey> = []

  /// - Returns: what is to go at once.
  mutating func note(_ key: DeliveryKey, _ result: CallResult) -> Set<DeliveryKey> {
    switch result {
    case .sent(.unsent(_, after: nil)), .sent(.ambiguous):
      failures += 1
      failed.insert(key)
      return []
    // A far side that says when to come again is no longer down, nor does it do what it should.
    case .sent(.unsent), .sent(.halted), .asked(.absent), .asked(.unknown): return []
    case .sent(.confirmed), .sent(.refused), .asked(.present):
      defer { (failures, failed) = (0, []) }
      return failures >= Self.least ? failed.subtracting([key]) : []
    }
  }
}
