import Units

/// Who is on shift over one campaign: the plan people agreed on, week by week, with what deviates from it.
public struct Roster: Hashable, Sendable {
  /// As people say it, one line.
  public let campaign: String
  /// Part of the keys in ICARE: lower-case letters, digits and `-`. Changing it makes all shifts new.
  public let key: String
  public let table: SlotTable
  /// The first day of the first week.
  public let firstWeek: UTCDay
  /// 1...106.
  public let weekCount: Int
  public var rules: Rules
  /// By user name, sorted.
  public var members: [Member]
  /// By name, sorted.
  public var teams: [Team]
  /// By start, at most one per week of the campaign.
  public var weeks: [Week]
  /// By shift, at most one each.
  public var overrides: [Override]
  public var absences: [Absence]

  public struct Rules: Hashable, Sendable {
    /// Fewer on a shift is a finding.
    public var peoplePerShift: Int
    /// The most users ICARE lets join, coordinator included; nil for no limit.
    public var capacity: Int?
    /// Least time between the end of one shift and the start of the next of the same person.
    public var rest: Duration
    /// Whether the week's coordinator is made an administrator of its shifts in ICARE.
    public var coordinatorIsAdmin: Bool

    public init(
      peoplePerShift: Int = 1, capacity: Int? = nil, rest: Duration = .hours(11),
      coordinatorIsAdmin: Bool = true
    ) {
      self.peoplePerShift = peoplePerShift
      self.capacity = capacity
      self.rest = rest
      self.coordinatorIsAdmin = coordinatorIsAdmin
    }
  }

  public struct Member: Hashable, Sendable {
    public let user: Username
    /// A name of the IANA time-zone database, for display and the generator.
    public var zone: String?
    /// Slot names they would rather have; empty for no wish.
    public var prefers: [String]
    public var coordinates: Bool
    /// What they can carry relative to a full member, above 0.
    public var share: Fraction
    public var weeksAtMost: Int?

    public init(
      _ user: Username, zone: String? = nil, prefers: [String] = [], coordinates: Bool = false,
      share: Fraction = .one, weeksAtMost: Int? = nil
    ) {
      self.user = user
      self.zone = zone
      self.prefers = prefers
      self.coordinates = coordinates
      self.share = share
      self.weeksAtMost = weeksAtMost
    }
  }

  public struct Team: Hashable, Sendable {
    public let name: String
    public var members: [Username]
    public init(name: String, members: [Username]) {
      self.name = name
      self.members = members
    }
  }

  /// Who fills a slot of a week.
  public enum Assignee: Hashable, Sendable {
    case member(Username)
    /// All members of a team.
    case team(String)
  }

  public struct Week: Hashable, Sendable {
    public let start: UTCDay
    public var coordinator: Username?
    /// One list per slot of the table, in its order: the same people for seven days.
    public var slots: [[Assignee]]
    public init(start: UTCDay, coordinator: Username?, slots: [[Assignee]]) {
      self.start = start
      self.coordinator = coordinator
      self.slots = slots
    }
  }

  /// Who does one shift instead of those the week names.
  public struct Override: Hashable, Sendable {
    public let shift: ShiftID
    public var members: [Username]
    /// One line; no personal matters.
    public var why: String
    public init(shift: ShiftID, members: [Username], why: String) {
      self.shift = shift
      self.members = members
      self.why = why
    }
  }

  /// When somebody cannot. Why is nobody's business and is not kept.
  public struct Absence: Hashable, Sendable {
    public let user: Username
    public let window: TimeWindow
    public init(user: Username, window: TimeWindow) {
      self.user = user
      self.window = window
    }
  }

  /// - Parameter key: `Roster.key(from:)` of the campaign when nil.
  public init(
    campaign: String, key: String? = nil, table: SlotTable = .grandma, firstWeek: UTCDay, weekCount: Int,
    rules: Rules = Rules(), members: [Member] = [], teams: [Team] = [], weeks: [Week] = [],
    overrides: [Override] = [], absences: [Absence] = []
  ) {
    self.campaign = campaign
    self.key = key ?? Self.key(from: campaign)
    self.table = table
    self.firstWeek = firstWeek
    self.weekCount = min(max(weekCount, 1), Self.mostWeeks)
    self.rules = rules
    self.members = members.sorted { $0.user < $1.user }
    self.teams = teams.sorted { $0.name < $1.name }
    self.weeks = weeks.sorted { $0.start < $1.start }
    self.overrides = overrides.sorted { $0.shift < $1.shift }
    self.absences = absences
  }

  public static let mostWeeks = 106

  /// Lower-case letters and digits of `text`, anything else as one `-`; `roster` when nothing is left.
  public static func key(from text: String) -> String {
    let words = text.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
    return words.isEmpty ? "roster" : String(words.joined(separator: "-").prefix(40))
  }

  public func member(_ user: Username) -> Member? { members.first { $0.user == user } }
  public func team(_ name: String) -> Team? { teams.first { $0.name == name } }
  public func week(_ start: UTCDay) -> Week? { weeks.first { $0.start == start } }
  public var weekStarts: [UTCDay] { (0..<weekCount).map { firstWeek.advanced(by: 7 * $0) } }
  public var window: TimeWindow {
    TimeWindow(firstWeek.at(table.time), firstWeek.advanced(by: 7 * weekCount).at(table.time))
  }
}
