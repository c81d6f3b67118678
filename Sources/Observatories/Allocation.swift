import Units

extension Telescope {
  /// How much of a telescope's time is GRANDMA's, and on what terms. Every bound is optional; all hold.
  public struct Allocation: Sendable, Hashable {
    /// Open-shutter hours a night, from local noon to noon.
    public var hoursPerNight: Double?
    /// From 1 February or 1 August (UTC) on, the semesters of most observatories.
    public var hoursPerSemester: Double?
    public var hoursPerEvent: Double?
    public var fieldsPerNight: Int?
    public var fieldsPerEvent: Int?
    /// The most exposures that one request to it may hold; longer series are sent as several.
    public var exposuresPerRequest: Int?
    /// At most so many requests in so many days.
    public var requests: RequestBudget?
    /// Dates between which the time may be used; nil is no bound.
    public var window: TimeWindow?
    /// Ids of telescopes that use up the same hours and fields.
    public var sharedWith: [String] = []
    /// How fields are chosen where the allocation says so.
    public var tiling: TilingRule?
    /// Where the terms come from.
    public var source: String?
    public init() {}
  }

  public struct RequestBudget: Sendable, Hashable {
    public var most: Int
    public var days: Int
    public init(most: Int, days: Int) {
      self.most = most
      self.days = days
    }
  }

  /// Terms for the fields of one event, such as those of GRANDMA's automatic requests to TAROT.
  public struct TilingRule: Sendable, Hashable {
    /// Fields are added until they hold so much probability.
    public var probability: Fraction?
    /// So many of the fields of a night are the most probable ones, ...
    public var mostProbable: Int?
    /// ... and so many those at good airmass.
    public var bestAirmass: Int?
    public var maxAirmass: Double?
    /// The fields of a night, at most `Allocation.fieldsPerNight`, go to so many of the sites that share the
    /// allocation.
    public var sites: Int?
    /// So many of the fields of a night at one site at most, as long as others can use theirs: what they leave
    /// is then anybody's.
    public var fieldsPerSite: Int?
    public var exposureCount: Int?
    public var exposure: Duration?
    public init() {}
  }
}

extension Telescope.Usage.Level {
  /// What the level allows, as GRANDMA's scale is read: VF 3 h a day, F one request a day, O one a month,
  /// R one a quarter, VR one a semester; nil where it sets no number.
  public var budget: (hoursPerNight: Double?, requests: Telescope.RequestBudget?)? {
    switch self {
    case .veryFrequent: (3, nil)
    case .frequent: (nil, .init(most: 1, days: 1))
    case .occasional: (nil, .init(most: 1, days: 30))
    case .rare: (nil, .init(most: 1, days: 91))
    case .veryRare: (nil, .init(most: 1, days: 182))
    case .notOperational, .special: nil
    }
  }
}

extension Telescope {
  /// What a source states as terms: those of `allocation`, with the hours a night of `usage`.
  ///
  /// Not among them: the number of fields of a tiling rule, which binds those who go by the rule, and what the
  /// usage level says of how often a telescope is asked as a rule.
  public var statedTerms: Allocation {
    var terms = allocation ?? Allocation()
    terms.hoursPerNight = terms.hoursPerNight ?? usage?.hoursPerNight
    if terms.tiling != nil { terms.fieldsPerNight = nil }
    return terms
  }

  /// All terms: those of `allocation`, and where it is silent those of the usage level.
  public var terms: Allocation {
    var terms = allocation ?? Allocation()
    let level = usage?.level.budget
    // Stated hours tell more than a level does, in either direction.
    terms.hoursPerNight = terms.hoursPerNight ?? usage?.hoursPerNight ?? level?.hoursPerNight
    if terms.requests == nil, usage?.hoursPerNight == nil, allocation?.hoursPerNight == nil {
      terms.requests = level?.requests
    }
    return terms
  }
}

/// What has been used of an allocation, all telescopes that share it together.
public struct AllocationUse: Sendable, Hashable {
  public var hoursTonight = 0.0
  public var hoursThisSemester = 0.0
  public var hoursForEvent = 0.0
  public var fieldsTonight = 0
  public var fieldsForEvent = 0
  /// When requests were made, in any order; those after `now` are not counted.
  public var requests: [Instant] = []
  /// What the telescope's own manager says is left, hours; nil is not known.
  public var quotaLeftHours: Double?
  public init() {}
  public static let none = AllocationUse()
}

/// What is left, and which bound leaves no more.
public struct AllocationRemainder: Sendable, Hashable {
  /// Open-shutter time; nil: without bound.
  public let time: Duration?
  public let timeLimit: Limit?
  /// nil: without bound.
  public let fields: Int?
  public let fieldLimit: Limit?

  /// A bound, for the sentence that says what limited a plan.
  public enum Limit: Sendable, Hashable {
    case hoursPerNight(Double, used: Double)
    case hoursPerSemester(Double, used: Double)
    case hoursPerEvent(Double, used: Double)
    case quota(Double)
    case fieldsPerNight(Int, used: Int)
    case fieldsPerEvent(Int, used: Int)
    case requests(Telescope.RequestBudget, next: Instant)
    case notYet(Instant)
    case over(Instant)
  }

  /// Nothing more can be asked, and why; nil while something can.
  public var exhausted: Limit? {
    if let timeLimit, let time, time <= .zero { return timeLimit }
    if let fieldLimit, let fields, fields <= 0 { return fieldLimit }
    return nil
  }
}

extension AllocationRemainder.Limit: CustomStringConvertible {
  public var description: String {
    func hours(_ h: Double) -> String { Text.number((h * 100).rounded() / 100) + " h" }
    func day(_ t: Instant) -> String { String(t.iso8601().prefix(10)) }
    switch self {
    case .hoursPerNight(let most, let used): return "\(hours(used)) of \(hours(most)) used tonight"
    case .hoursPerSemester(let most, let used): return "\(hours(used)) of \(hours(most)) used this semester"
    case .hoursPerEvent(let most, let used): return "\(hours(used)) of \(hours(most)) used for this event"
    case .quota(let left): return "its own manager has a quota of \(hours(max(0, left))) left"
    case .fieldsPerNight(let most, let used): return "\(used) of \(most) fields used tonight"
    case .fieldsPerEvent(let most, let used): return "\(used) of \(most) fields used for this event"
    case .requests(let budget, let next):
      let often = budget.most == 1 ? "one request" : "\(budget.most) requests"
      return
        "\(often) in \(budget.days == 1 ? "a day" : "\(budget.days) days"); the next from \(day(next)) on"
    case .notYet(let start): return "its allocation starts on \(day(start))"
    case .over(let end): return "its allocation ended on \(day(end))"
    }
  }
}

extension Telescope.Allocation {
  /// What a request made `now` may still use.
  public func remainder(after use: AllocationUse, now: Instant) -> AllocationRemainder {
    typealias Limit = AllocationRemainder.Limit
    if let blocked = blocked(use, now) {
      return AllocationRemainder(time: .zero, timeLimit: blocked, fields: 0, fieldLimit: blocked)
    }
    var hours: [(left: Double, limit: Limit)] = []
    if let most = hoursPerNight {
      hours.append((most - use.hoursTonight, .hoursPerNight(most, used: use.hoursTonight)))
    }
    if let most = hoursPerSemester {
      hours.append((most - use.hoursThisSemester, .hoursPerSemester(most, used: use.hoursThisSemester)))
    }
    if let most = hoursPerEvent {
      hours.append((most - use.hoursForEvent, .hoursPerEvent(most, used: use.hoursForEvent)))
    }
    if let left = use.quotaLeftHours { hours.append((left, .quota(left))) }
    var fields: [(left: Int, limit: Limit)] = []
    if let most = fieldsPerNight {
      fields.append((most - use.fieldsTonight, .fieldsPerNight(most, used: use.fieldsTonight)))
    }
    if let most = fieldsPerEvent {
      fields.append((most - use.fieldsForEvent, .fieldsPerEvent(most, used: use.fieldsForEvent)))
    }
    let time = hours.min { $0.left < $1.left }
    let count = fields.min { $0.left < $1.left }
    return AllocationRemainder(
      time: time.map { .hours(max(0, $0.left)) }, timeLimit: time?.limit,
      fields: count.map { max(0, $0.left) }, fieldLimit: count?.limit)
  }

  private func blocked(_ use: AllocationUse, _ now: Instant) -> AllocationRemainder.Limit? {
    if let window {
      if now < window.start { return .notYet(window.start) }
      if now >= window.end { return .over(window.end) }
    }
    guard let requests, requests.most > 0 else { return nil }
    let span = Duration.hours(24 * Double(requests.days))
    let counted = use.requests.filter { $0 <= now && $0 > now - span }.sorted(by: >)
    guard counted.count >= requests.most else { return nil }
    return .requests(requests, next: counted[requests.most - 1] + span)
  }
}
