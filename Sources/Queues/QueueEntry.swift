import Units

/// One line of the record of a queue: who said what about which pointings, when and by which way.
public struct QueueEntry: Hashable, Sendable {
  public enum Subject: Hashable, Sendable {
    case pointing(Int64)
    /// All pointings of a plan for one telescope.
    case share(plan: String, telescope: String)
  }

  /// How an answer came.
  public enum Way: String, CaseIterable, Codable, Hashable, Sendable {
    case service, api, link, slack, icare, file
  }

  /// In the order of recording, from 1.
  public let number: Int64
  /// Of the answer; the same answer twice has the same.
  public let key: String
  public let subject: Subject
  public let state: QueueState
  public let reason: String?
  /// A role, a token's label, a robot: never a personal name.
  public let actor: String
  public let way: Way
  public let at: Instant

  public init(
    number: Int64, key: String, subject: Subject, state: QueueState, reason: String? = nil, actor: String,
    way: Way, at: Instant
  ) {
    self.number = number
    self.key = key
    self.subject = subject
    self.state = state
    self.reason = reason
    self.actor = actor
    self.way = way
    self.at = at
  }
}

/// Where a pointing stands, and what made it so.
public struct Standing: Hashable, Sendable {
  public let state: QueueState
  public let reason: String?
  public let since: Instant

  public init(state: QueueState, reason: String?, since: Instant) {
    self.state = state
    self.reason = reason
    self.since = since
  }
}

/// What the record of a queue amounts to.
public enum QueueRecord {
  /// The places a record speaks of: the pointing and its share.
  public struct Place: Hashable, Sendable {
    public let id: Int64
    public let plan: String
    public let telescope: String
    public init(id: Int64, plan: String, telescope: String) {
      self.id = id
      self.plan = plan
      self.telescope = telescope
    }
  }

  /// Folds a record into the standing of each pointing; those it never speaks of are left out.
  ///
  /// Entries count in the order of their numbers, whatever order they come in, each key once. What the
  /// transitions do not allow changes nothing: an entry on a share holds for those of its pointings that
  /// can follow. O(entries x pointings of a share).
  public static func standings(of places: [Place], under entries: [QueueEntry]) -> [Int64: Standing] {
    var shares: [QueueEntry.Subject: [Int64]] = [:]
    for place in places {
      shares[.share(plan: place.plan, telescope: place.telescope), default: []].append(place.id)
      shares[.pointing(place.id)] = [place.id]
    }
    var result: [Int64: Standing] = [:]
    var seen: Set<String> = []
    for entry in entries.sorted(by: { $0.number < $1.number }) where seen.insert(entry.key).inserted {
      for id in shares[entry.subject] ?? [] {
        let isFollowing = result[id].map { $0.state.verdict(on: entry.state) == .changes }
        guard isFollowing ?? (entry.state == .sent) else { continue }
        result[id] = Standing(state: entry.state, reason: entry.reason, since: entry.at)
      }
    }
    return result
  }
}
