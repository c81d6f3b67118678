import Units

/// What makes a shift in ICARE ours: `winter-2026/2026-11-27/3`, written at the end of its description, because
/// ICARE has no unique key and takes the same shift twice without a word.
public struct ShiftKey: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The key of the campaign.
  public let campaign: String
  public let shift: ShiftID

  public init(campaign: String, shift: ShiftID) {
    self.campaign = campaign
    self.shift = shift
  }

  /// Nil unless it is `campaign/YYYY-MM-DD/slot`.
  public init?(_ text: some StringProtocol) {
    guard let slash = text.firstIndex(of: "/"), let shift = ShiftID(text[text.index(after: slash)...]) else {
      return nil
    }
    let campaign = String(text[..<slash])
    guard Roster.key(from: campaign) == campaign else { return nil }
    self.init(campaign: campaign, shift: shift)
  }

  private static let opening = "[vesper:shift="

  /// As it stands in descriptions.
  public var marker: String { "\(Self.opening)\(self)]" }

  /// The last whole marker in a description, whatever people wrote around it.
  public static func find(in description: String) -> ShiftKey? {
    var found: ShiftKey?
    var rest = Array(description.utf8)[...]
    let opening = Array(Self.opening.utf8)
    while rest.count > opening.count {
      if rest.starts(with: opening), let end = rest.firstIndex(of: UInt8(ascii: "]")) {
        found =
          ShiftKey(String(decoding: rest[(rest.startIndex + opening.count)..<end], as: UTF8.self)) ?? found
      }
      rest = rest.dropFirst()
    }
    return found
  }

  public static func < (a: Self, b: Self) -> Bool {
    a.shift != b.shift ? a.shift < b.shift : a.campaign < b.campaign
  }
  public var description: String { "\(campaign)/\(shift)" }
}

extension ShiftKey: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let key = ShiftKey(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a shift key")
    }
    self = key
  }
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// What a shift in ICARE says besides who is on it.
public struct ShiftText: Hashable, Sendable, Codable {
  public var name: String
  public var description: String
  /// `required_users_number`, which is the most ICARE lets join; nil for no limit.
  public var capacity: Int?

  public init(name: String, description: String, capacity: Int?) {
    self.name = name
    self.description = description
    self.capacity = capacity
  }
}

/// Start and end, to the nanosecond of TAI, so that it can be stored exactly.
public struct ShiftSpan: Hashable, Sendable, Codable {
  let startTAI: Int64
  let endTAI: Int64
  public init(start: Instant, end: Instant) {
    startTAI = start.tai
    endTAI = end.tai
  }
  init(_ window: TimeWindow) { self.init(start: window.start, end: window.end) }
  public var start: Instant { Instant(tai: startTAI) }
  public var end: Instant { Instant(tai: endTAI) }
}

/// A shift of ICARE's as `GET /shifts/:id` shows it.
public struct IcareShift: Hashable, Sendable {
  public struct Person: Hashable, Sendable {
    public let user: Username
    public let isAdmin: Bool
    public let needsReplacement: Bool
    public init(_ user: Username, isAdmin: Bool = false, needsReplacement: Bool = false) {
      self.user = user
      self.isAdmin = isAdmin
      self.needsReplacement = needsReplacement
    }
  }
  public struct Comment: Hashable, Sendable {
    /// Nil when the name cannot stand in a roster.
    public let author: Username?
    public let text: String
    public init(author: Username?, text: String) {
      self.author = author
      self.text = text
    }
  }

  public let id: Int
  /// ICARE does not check that the end comes after the start.
  public let times: ShiftSpan
  public let text: ShiftText
  public let people: [Person]
  /// Users whose names no roster can hold (addresses, spaces): reported, never touched.
  public let strangers: [String]
  public let comments: [Comment]

  public init(
    id: Int, times: ShiftSpan, text: ShiftText, people: [Person], strangers: [String] = [],
    comments: [Comment] = []
  ) {
    self.id = id
    self.times = times
    self.text = text
    self.people = people
    self.strangers = strangers
    self.comments = comments
  }

  public func person(_ user: Username) -> Person? { people.first { $0.user == user } }
}

/// All shifts of the roster's group, as read at one time.
public struct IcareReading: Hashable, Sendable {
  public var shifts: [IcareShift]
  /// Shifts that start before this were not asked for; nil when all were.
  public var from: Instant?
  public init(shifts: [IcareShift], from: Instant? = nil) {
    self.shifts = shifts
    self.from = from
  }
}
