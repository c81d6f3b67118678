import Units

/// What a facility is asked for, in ICARE's form for it.
public enum FacilityRequest: Codable, Hashable, Sendable {
  /// GENERICAPI. Dates are days.
  case generic(
    filters: [String], exposureSeconds: Double, exposures: Int, maximumAirmass: Double,
    minimumMoonDegrees: Double, priority: Int)
  /// TAROTAPI. A lower priority number is more urgent, -5...5. Exposures are whole seconds: ICARE's code
  /// counts the length of a series with `int()` of the text and fails on `120.0`.
  case tarot(
    filters: [String], exposureSeconds: Double, exposures: Int, maximumAirmass: Double, priority: Int,
    atBestAirmass: Bool)
  /// TRTAPI: one of SRO, GAO, SBO, CTO.
  case trt(
    station: String, filters: [String], exposureSeconds: Double, exposures: Int, maximumAirmass: Double)
  case slack(filters: [String], exposureSeconds: Double, exposures: Int)
  /// COLIBRIAPI: one filter. Dates are moments.
  case colibri(
    filter: String, exposureSeconds: Double, exposures: Int, maximumAirmass: Double,
    minimumMoonDegrees: Double, priority: Int, isTargetOfOpportunity: Bool)

  /// The name of ICARE's class for it.
  public var api: String {
    switch self {
    case .generic: "GENERICAPI"
    case .tarot: "TAROTAPI"
    case .trt: "TRTAPI"
    case .slack: "SLACKAPI"
    case .colibri: "COLIBRIAPI"
    }
  }

  /// Whether ICARE hears of its progress only when somebody has it ask the facility.
  public var needsRetrieval: Bool { self.api == "TAROTAPI" || self.api == "TRTAPI" }

  public var filters: [String] {
    switch self {
    case .generic(let f, _, _, _, _, _), .tarot(let f, _, _, _, _, _), .trt(_, let f, _, _, _),
      .slack(let f, _, _):
      f
    case .colibri(let f, _, _, _, _, _, _): [f]
    }
  }

  func payload(start: NaiveUTC, end: NaiveUTC) -> JSONNode {
    let days: JSONNode = ["start_date": .string(start.day), "end_date": .string(end.day)]
    switch self {
    case .generic(let filters, let seconds, let count, let airmass, let moon, let priority):
      let own: JSONNode = [
        "observation_choices": .texts(filters), "exposure_time": Self.plain(seconds),
        "exposure_counts": .integer(count), "maximum_airmass": .number(airmass),
        "minimum_lunar_distance": .number(moon), "priority": .integer(priority),
      ]
      return own.merging(days)
    case .tarot(let filters, let seconds, let count, let airmass, let priority, let best):
      return [
        "filters": .texts(filters), "exposure_time": .integer(Self.whole(seconds)),
        "exposure_counts": .integer(count), "airmass": .number(airmass), "priority": .integer(priority),
        "observation_preference": .string(best ? "Optimal Airmass" : "Earliest possible"),
        "start_date": .string(start.spaced), "end_date": .string(end.spaced),
      ]
    case .trt(let station, let filters, let seconds, let count, let airmass):
      return [
        "station_name": .string(station), "observation_choices": .texts(filters),
        "exposure_time": Self.plain(seconds), "exposure_counts": .integer(count),
        "maximum_airmass": .number(airmass), "start_date": .string(start.day),
        // ICARE makes midnight at the beginning of this day of it: the same day would leave no time at all.
        "end_date": .string(end.dayAfter),
      ]
    case .slack(let filters, let seconds, let count):
      let own: JSONNode = [
        "observation_choices": .texts(filters), "exposure_time": Self.plain(seconds),
        "exposure_counts": .integer(count),
      ]
      return own.merging(days)
    case .colibri(let filter, let seconds, let count, let airmass, let moon, let priority, let urgent):
      return [
        "observation_choice": .string(filter), "exposure_time": Self.plain(seconds),
        "exposure_counts": .integer(count), "maximum_airmass": .number(airmass),
        "minimum_lunar_distance": .number(moon), "priority": .integer(priority), "too": .bool(urgent),
        "start_date": .string(start.text), "end_date": .string(end.text),
      ]
    }
  }

  private static func whole(_ seconds: Double) -> Int {
    seconds.isFinite ? Int(min(max(seconds, -1), 1e6).rounded()) : 0
  }

  /// `120` rather than `120.0`: facilities write it into texts.
  private static func plain(_ seconds: Double) -> JSONNode {
    seconds == Double(whole(seconds)) ? .integer(whole(seconds)) : .number(seconds)
  }

  /// Filters by station.
  private static let trtFilters: [String: [String]] = [
    "SRO": ["B", "V", "R", "I"], "GAO": ["B", "V", "R", "I"], "SBO": ["B", "V", "Rc", "Ic"],
    "CTO": ["B", "V", "R", "I", "g", "r", "i", "z"],
  ]
  private static let colibriFilters = ["U", "g", "r", "i", "z", "B", "V", "R", "I"]

  /// What the facility's own code would refuse after ICARE has kept a row for it.
  var complaints: [String] {
    var found: [String] = []
    func check(_ seconds: Double, _ count: Int, allowsDefault: Bool = false) {
      if !(seconds > 0) && !(allowsDefault && seconds == -1) { found.append("the exposure must be positive") }
      if count < 1 { found.append("there must be an exposure") }
    }
    func known(_ names: [String], to site: String) {
      for filter in filters where !names.contains(filter) {
        found.append("\(site) has no filter \(filter); it has \(names.joined(separator: ", "))")
      }
    }
    switch self {
    case .generic(_, let seconds, let count, _, _, let priority):
      check(seconds, count)
      if !(1...5).contains(priority) { found.append("the priority must be within 1...5") }
    case .tarot(_, let seconds, let count, _, let priority, _):
      check(seconds, count, allowsDefault: true)
      if !(-5...5).contains(priority) { found.append("TAROT's priority must be within -5...5") }
      known(["NoFilter", "g", "r", "i"], to: "TAROT")
    case .trt(let station, _, let seconds, let count, _):
      check(seconds, count)
      if let names = Self.trtFilters[station] {
        known(names, to: "TRT's station \(station)")
      } else {
        found.append("TRT has no station \(station)")
      }
    case .slack(_, let seconds, let count):
      check(seconds, count)
      if seconds >= 7200 { found.append("the exposure must be shorter than two hours") }
    case .colibri(_, let seconds, let count, _, _, let priority, _):
      check(seconds, count)
      if !(1...5).contains(priority) { found.append("the priority must be within 1...5") }
      known(Self.colibriFilters, to: "COLIBRI")
    }
    if filters.isEmpty { found.append("there must be a filter") }
    return found
  }

  /// TAROT's interface in ICARE moves a start that is too near by up to some minutes.
  func accepts(_ there: JSONNode?, for name: String, wanted: JSONNode) -> Bool {
    guard case .tarot = self, name == "start_date", let moved = there?.text.flatMap({ NaiveUTC($0) }),
      let asked = wanted.text.flatMap({ NaiveUTC($0) })
    else { return false }
    return asked <= moved
  }
}

/// Kind `followup`: observe a source.
public struct FollowupPush: Codable, Hashable, Sendable {
  public var source: SourceTarget
  public var allocation: AllocationKey
  public var request: FacilityRequest
  public var start: NaiveUTC
  public var end: NaiveUTC
  /// Names of the groups that see the source and the request.
  public var groups: [String]

  public init(
    source: SourceTarget, allocation: AllocationKey, request: FacilityRequest, window: TimeWindow,
    groups: [String]
  ) {
    self.source = source
    self.allocation = allocation
    self.request = request
    start = NaiveUTC(window.start)
    end = NaiveUTC(window.end)
    self.groups = groups
  }

  func payload(key: String) -> JSONNode {
    request.payload(start: start, end: end).merging([IcareKeys.followup: .string(key)])
  }
}

/// Kind `cancel`: withdraw a follow-up request.
public struct CancelPush: Codable, Hashable, Sendable {
  /// Key of the follow-up's delivery.
  public var followup: String
  public var source: String
  public var allocation: AllocationKey

  public init(followup: String, source: String, allocation: AllocationKey) {
    self.followup = followup
    self.source = source
    self.allocation = allocation
  }
}

/// Kind `executed`: observations that were made.
public struct ExecutedPush: Codable, Hashable, Sendable {
  public struct Row: Codable, Hashable, Sendable {
    /// Stable and unique for the instrument, see `id(of:)`.
    public var observationID: Int
    /// Of the instrument there; nil: the one at `position`, or a new one.
    public var field: Int?
    /// Where the field is to look.
    public var position: SourceTarget?
    public var start: NaiveUTC
    public var filter: String
    public var exposureSeconds: Int
    /// ICARE loses the whole upload without it.
    public var limitingMagnitude: Double
    public var seeingArcsec: Double?
    public var target: String?

    public init(
      observationID: Int, field: Int? = nil, at position: Direction<ICRS>? = nil, start: Instant,
      filter: String, exposure: Duration, limit: Magnitude, seeing: Angle? = nil, target: String? = nil
    ) {
      self.observationID = observationID
      self.field = field
      self.position = position.map { SourceTarget(id: "", position: $0) }
      self.start = NaiveUTC(start)
      self.filter = filter
      exposureSeconds = Int(min(max(exposure.seconds, 0), 1e6).rounded())
      limitingMagnitude = limit.value
      seeingArcsec = seeing.map(\.arcseconds)
      self.target = target
    }

    /// A whole number from any text: 31 bits of its SHA-256, since ICARE's column holds 32 with a sign.
    public static func id(of text: String) -> Int {
      SHA256.digest(of: Array(text.utf8)).prefix(4).reduce(0) { $0 << 8 | Int($1) } & 0x7fff_ffff
    }
  }

  /// Names in ICARE; the instrument's own telescope if none is given.
  public var telescope: String?
  public var instrument: String
  public var rows: [Row]

  public init(telescope: String? = nil, instrument: String, rows: [Row]) {
    self.telescope = telescope
    self.instrument = instrument
    self.rows = rows
  }

  /// - Parameter fields: numbers of the rows' fields in their order; nil: ICARE makes fields of the positions.
  func body(telescope: String, fields: [Int]?) -> JSONNode {
    let place: JSONNode =
      if let fields {
        ["field_id": .integers(fields)]
      } else {
        [
          "RA": .numbers(rows.map { $0.position?.rightAscensionDegrees ?? 0 }),
          "Dec": .numbers(rows.map { $0.position?.declinationDegrees ?? 0 }),
        ]
      }
    let data: JSONNode = [
      "observation_id": .integers(rows.map(\.observationID)),
      "obstime": .texts(rows.map(\.start.text)), "filter": .texts(rows.map(\.filter)),
      "exposure_time": .integers(rows.map(\.exposureSeconds)),
      "limmag": .numbers(rows.map(\.limitingMagnitude)),
      "seeing": .array(rows.map { $0.seeingArcsec.map(JSONNode.number) ?? .null }),
      "processed_fraction": .numbers(rows.map { _ in 1 }),
      "target_name": .array(rows.map { $0.target.map(JSONNode.string) ?? .null }),
    ]
    return [
      "telescopeName": .string(telescope), "instrumentName": .string(instrument),
      "observationData": data.merging(place),
    ]
  }

  /// What would make the server lose the rows without a word.
  var complaints: [String] {
    var found: [String] = []
    if rows.isEmpty { found.append("there is no observation") }
    if Set(rows.map(\.observationID)).count < rows.count { found.append("an observation id is repeated") }
    for row in rows where !row.limitingMagnitude.isFinite {
      found.append("observation \(row.observationID) has no limiting magnitude")
    }
    for row in rows where row.field == nil && row.position == nil {
      found.append("observation \(row.observationID) has no place")
    }
    return found
  }
}
