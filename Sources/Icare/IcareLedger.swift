import Units

/// What came of the pushes since the start, for `vesper icare status`.
public struct IcareStatus: Hashable, Sendable {
  public struct Note: Hashable, Sendable {
    public let at: Instant
    /// The delivery it is about.
    public let key: String
    public let text: String
  }

  /// Deliveries confirmed, by kind.
  public var confirmed: [String: Int] = [:]
  /// Read back and equal.
  public var equal = 0
  /// Read back and not equal: what differs, by delivery.
  public var differences: [String: [String]] = [:]
  /// Requests without a plan that were found and removed.
  public var orphansRemoved = 0
  /// Leftovers that only an ICARE administrator can remove, by id of the request.
  public var leftovers: [Int: Note] = [:]
  /// Why nothing can leave; nil while all is well.
  public var halted: String?
  /// The last thing worth telling, oldest first.
  public var notes: [Note] = []
}

/// Keeps the status; bounded, so that a bad week does not fill the memory.
final class IcareLedger: Sendable {
  private static let limit = 1000
  private let status = Guarded(IcareStatus())
  /// Leftovers that people who look at the event can read of.
  private let onEvents = Guarded(Set<Int>())

  var snapshot: IcareStatus { status.withLock { $0 } }

  func confirm(_ kind: String) { status.withLock { $0.confirmed[kind, default: 0] += 1 } }
  func halt(_ reason: String?) { status.withLock { $0.halted = reason } }

  /// - Parameter found: empty when all is equal.
  func compared(_ key: String, _ found: [String], at now: Instant) {
    status.withLock {
      guard !found.isEmpty else {
        $0.equal += 1
        $0.differences[key] = nil
        return
      }
      if $0.differences.count < Self.limit { $0.differences[key] = found }
    }
  }

  func removedOrphan(_ id: Int, key: String, at now: Instant) {
    status.withLock {
      $0.orphansRemoved += 1
      $0.leftovers[id] = nil
    }
    note("removed request \(id), which had no plan", key: key, at: now)
  }

  /// - Returns: whether it was not known before.
  func left(_ id: Int, _ text: String, key: String, at now: Instant) -> Bool {
    status.withLock {
      guard $0.leftovers[id] == nil, $0.leftovers.count < Self.limit else { return false }
      $0.leftovers[id] = IcareStatus.Note(at: now, key: key, text: text)
      return true
    }
  }

  func isTold(_ id: Int) -> Bool { onEvents.withLock { $0.contains(id) } }
  func told(_ id: Int) { onEvents.withLock { _ = $0.insert(id) } }

  func note(_ text: String, key: String, at now: Instant) {
    status.withLock {
      $0.notes.append(IcareStatus.Note(at: now, key: key, text: text))
      if $0.notes.count > Self.limit { $0.notes.removeFirst() }
    }
  }
}
