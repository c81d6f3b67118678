import Units

extension Telescope {
  /// How much may be asked of it. Levels are GRANDMA's, from several hours a day to once a semester.
  public struct Usage: Sendable, Hashable {
    public enum Level: String, Sendable, Hashable, CaseIterable {
      case veryFrequent = "VF"
      case frequent = "F"
      case occasional = "O"
      case rare = "R"
      case veryRare = "VR"
      case notOperational = "nOP"
      case special

      /// What the level means, in words.
      public var meaning: String {
        switch self {
        case .veryFrequent: return "very frequent: about 3 h a day"
        case .frequent: return "frequent: about daily"
        case .occasional: return "occasional: about once a month"
        case .rare: return "rare: less than once in 3 months"
        case .veryRare: return "very rare: less than once in 6 months"
        case .notOperational: return "not operational"
        case .special: return "special: through its principal investigator or a chair"
        }
      }
    }
    public var level: Level
    /// The budget in words, as the source states it.
    public var budget: String?
    /// Hours a night, where a source states them.
    public var hoursPerNight: Double?
    public init(level: Level, budget: String? = nil, hoursPerNight: Double? = nil) {
      self.level = level
      self.budget = budget
      self.hoursPerNight = hoursPerNight
    }
  }

  /// A rule that keeps it from some work: `no SVOM bursts`, `only fainter than 21.5`.
  public struct Exclusion: Sendable, Hashable {
    /// The rule in words.
    public var rule: String
    public var source: String?
    /// The part a machine can check; nil leaves the rule to people.
    public var condition: Condition?
    public init(rule: String, source: String? = nil, condition: Condition? = nil) {
      self.rule = rule
      self.source = source
      self.condition = condition
    }

    /// When the rule forbids a request.
    public enum Condition: Sendable, Hashable {
      /// The event came from one of these missions or instruments, such as `SVOM`.
      case streams([String])
      /// The source is expected to be brighter than this.
      case brighterThan(Magnitude)
      /// The request is made outside a daily UTC span; `from` may be later than `to` (over midnight).
      case requestedOutside(from: Duration, to: Duration)
      /// Nobody has given the consent, the notice or the detection the rule asks for.
      case unless(Permission)
    }

    public enum Permission: String, Sendable, Hashable, CaseIterable {
      /// The chair, the coordinator or the principal investigator agreed.
      case approved
      /// The night was agreed on beforehand.
      case planned
      /// The counterpart has been detected by somebody.
      case detected
    }
  }

  /// What is known of one request to one telescope; nil is not known.
  public struct Circumstances: Sendable, Hashable {
    public var stream: String?
    public var expectedMagnitude: Magnitude?
    public var requested: Instant?
    public var permissions: Set<Exclusion.Permission>
    public init(
      stream: String? = nil, expectedMagnitude: Magnitude? = nil, requested: Instant? = nil,
      permissions: Set<Exclusion.Permission> = []
    ) {
      self.stream = stream
      self.expectedMagnitude = expectedMagnitude
      self.requested = requested
      self.permissions = permissions
    }
  }

  /// Whether a rule forbids a request.
  public enum Verdict: Sendable, Hashable { case allowed, forbidden, forPeople }
}

extension Telescope.Exclusion {
  /// `.forPeople` when the rule is words only or what it needs is not known.
  public func verdict(for request: Telescope.Circumstances) -> Telescope.Verdict {
    switch condition {
    case nil: return .forPeople
    case .streams(let streams):
      guard let stream = request.stream else { return .forPeople }
      return streams.contains { $0.lowercased() == stream.lowercased() } ? .forbidden : .allowed
    case .brighterThan(let limit):
      guard let magnitude = request.expectedMagnitude else { return .forPeople }
      return magnitude < limit ? .forbidden : .allowed
    case .requestedOutside(let from, let to):
      guard let utc = request.requested?.utc else { return .forPeople }
      let now = Duration.seconds(utc.hour * 3600 + utc.minute * 60 + utc.second)
      let inside = from <= to ? from <= now && now < to : now >= from || now < to
      return inside ? .allowed : .forbidden
    case .unless(let permission):
      return request.permissions.contains(permission) ? .allowed : .forbidden
    }
  }
}

extension Telescope {
  /// The rules that forbid a request, in the order of the file.
  public func exclusions(forbidding request: Circumstances) -> [Exclusion] {
    exclusions.filter { $0.verdict(for: request) == .forbidden }
  }
}

/// What the known values of a telescope allow to ask of it.
public enum Usability: Sendable, Hashable {
  /// Fields of a sky map, and single positions.
  case tiling
  /// Single positions only: its field of view is not known.
  case pointSource
  /// Nothing, and why.
  case unusable(String)
}

extension Telescope {
  /// What its known values allow, whether or not it works today (`outOfService`).
  public var usability: Usability {
    if aperture == nil { return .unusable("its aperture is not known") }
    return field == nil ? .pointSource : .tiling
  }

  /// Why nothing should be asked of it unless somebody names it; nil when it may be asked.
  ///
  /// A telescope whose status is unknown may be asked: its team knows better than a table.
  public var outOfService: String? {
    guard status == .notOperational || usage?.level == .notOperational else { return nil }
    return statusNote ?? (status == .notOperational ? "not operational" : "marked nOP")
  }

  /// Where the value at a key path comes from: the nearest entry at or above it.
  public func source(of key: String) -> String? {
    var path = Substring(key)
    while true {
      if let marks = provenance[String(path)] { return marks }
      guard let dot = path.lastIndex(of: ".") else { return nil }
      path = path[..<dot]
    }
  }
}
