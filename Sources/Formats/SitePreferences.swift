import Units

/// What one site wants otherwise than the others. The same value serves all formats: see
/// `PlanDocument.adapted(to:)` for what changes the rows, and `PlanFormat` for what changes the writing.
public struct SitePreferences: Hashable, Sendable {
  /// How formats that know one kind of coordinate a file write it. The text and the tables hold both,
  /// NINA reads only sexagesimal.
  public enum Coordinates: String, Hashable, Sendable, CaseIterable {
    case sexagesimal
    /// ACP: hours and degrees; RTS2: degrees and degrees. So each program reads a bare number.
    case decimal
  }

  /// From the plan's filter name to the site's. Names that are not in it stay.
  public let filterNames: [String: String]
  /// The longest single exposure of the camera or the mount.
  public let exposureCap: Duration?
  public var coordinates: Coordinates
  /// nil: what each format's readers expect. CSV (RFC 4180) and RTS2 (a shell script) never change.
  public var lineEnd: PlanText.LineEnd?
  /// Shown beside UTC where a format has room for it. Never in the place of UTC.
  public var localTime: LocalTime?
  /// The camera of an RTS2 site that scripts are for: `[A-Za-z0-9_]{1,32}`.
  public let rts2Camera: String
  /// Whether ACP plans end with `#QUITAT` and turn the rotator with `#POSANG`. Off: sites differ in
  /// version and equipment.
  public var usesACPQuitAt: Bool
  public var usesACPPositionAngle: Bool

  public static let standard = SitePreferences()

  private init() {
    filterNames = [:]
    exposureCap = nil
    coordinates = .sexagesimal
    lineEnd = nil
    localTime = nil
    rts2Camera = "C0"
    usesACPQuitAt = false
    usesACPPositionAngle = false
  }

  /// - Throws: `malformed` for an empty filter name or one with control characters, a cap outside
  ///   0.1 s...1 d, or a camera name that a script cannot hold.
  public init(
    filterNames: [String: String] = [:], exposureCap: Duration? = nil,
    coordinates: Coordinates = .sexagesimal, lineEnd: PlanText.LineEnd? = nil, localTime: LocalTime? = nil,
    rts2Camera: String = "C0", usesACPQuitAt: Bool = false, usesACPPositionAngle: Bool = false
  ) throws(FormatError) {
    for (from, to) in filterNames {
      let isPlain = to.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
      guard isPlain, to.contains(where: { $0 != " " }), to.utf8.count <= 64 else {
        throw .malformed(path: "filter_names.\(from)", reason: "a filter name of 1 to 64 printable bytes")
      }
    }
    if let cap = exposureCap, !(cap.seconds >= 0.1 && cap.seconds <= 86_400) {
      throw .malformed(path: "exposure_cap_s", reason: "\(cap.seconds) is not within 0.1...86400")
    }
    let isName = rts2Camera.utf8.allSatisfy { ShellText.isWord($0) }
    guard isName, (1...32).contains(rts2Camera.utf8.count) else {
      throw .malformed(path: "rts2_camera", reason: "a name of 1 to 32 letters, digits and _")
    }
    self.filterNames = filterNames
    self.exposureCap = exposureCap
    self.coordinates = coordinates
    self.lineEnd = lineEnd
    self.localTime = localTime
    self.rts2Camera = rts2Camera
    self.usesACPQuitAt = usesACPQuitAt
    self.usesACPPositionAngle = usesACPPositionAngle
  }
}

/// Local time as data: offsets from UTC and when each begins, taken from a zone's rules by the caller.
public struct LocalTime: Hashable, Sendable {
  public struct Change: Hashable, Sendable {
    public let start: Instant
    public let minutesEast: Int
    public init(start: Instant, minutesEast: Int) {
      self.start = start
      self.minutesEast = minutesEast
    }
  }
  /// Such as `Europe/Paris`.
  public let zone: String
  /// Before the first change.
  public let minutesEast: Int
  public let changes: [Change]

  /// - Throws: `malformed` for an offset beyond a day or changes out of order.
  public init(zone: String, minutesEast: Int, changes: [Change] = []) throws(FormatError) {
    let range = -1439...1439
    guard range.contains(minutesEast), changes.allSatisfy({ range.contains($0.minutesEast) }) else {
      throw .malformed(path: "local_time", reason: "an offset of a day or more")
    }
    guard zip(changes, changes.dropFirst()).allSatisfy({ $0.start < $1.start }) else {
      throw .malformed(path: "local_time.changes", reason: "not in the order of time")
    }
    self.zone = zone
    self.minutesEast = minutesEast
    self.changes = changes
  }

  /// `2026-11-21T04:11:00+01:00`, with the milliseconds cut: for people, beside the exact UTC.
  public func text(_ time: UTCTime) -> String {
    let offset = changes.last { $0.start <= time.instant }?.minutesEast ?? minutesEast
    let reading = time.instant.advanced(bySeconds: Double(offset) * 60).iso8601().dropLast()
    let minutes = abs(offset)
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    return "\(reading)\(offset < 0 ? "-" : "+")\(two(minutes / 60)):\(two(minutes % 60))"
  }
}

extension PlanDocument {
  /// The plan as a site's programs should see it: its filter names, and no exposure above its cap.
  ///
  /// A row keeps its time: more readouts leave less of it to the open shutter. The result is sealed
  /// anew and notes the digest it came from, so every file of a site holds the same rows and digest.
  /// Preferences that change nothing return the document itself. Under STOP no row is left, even if
  /// the document held some.
  public func adapted(to preferences: SitePreferences) -> PlanDocument {
    var copy = self
    if status == .stop { copy.rows = [] }
    for i in copy.rows.indices {
      if let name = copy.rows[i].filter.flatMap({ preferences.filterNames[$0] }) {
        copy.rows[i].filter = name
      }
      if let cap = preferences.exposureCap { copy.rows[i].split(cap.seconds, readout: timing.readoutS) }
    }
    if !copy.rows.isEmpty {
      copy.instrument.filters = instrument.filters.map { preferences.filterNames[$0] ?? $0 }
    }
    guard copy != self else { return self }
    copy.totals.tiles = copy.rows.count
    // Sums of numbers from outside: stop at what an Int holds.
    copy.totals.exposures = copy.rows.reduce(0) { $0.addingReportingOverflow($1.nexp).partialValue }
    copy.totals.exptimeS = copy.rows.reduce(0) { $0 + $1.exptimeS * Double($1.nexp) }.rounded(decimals: 3)
    if copy.rows.isEmpty { (copy.totals.prob, copy.totals.added) = (0, 0) }
    var changes: [String] = []
    if copy.rows.map(\.filter) != rows.map(\.filter) { changes.append("filter names of the site") }
    if let cap = preferences.exposureCap, copy.rows.map(\.nexp) != rows.map(\.nexp) {
      changes.append("exposures of at most \(cap.seconds.trimmed(3)) s")
    }
    let source = sha256 ?? digest()
    if !changes.isEmpty {
      copy.notes.append("adapted (\(changes.joined(separator: ", "))) from the plan with sha256 \(source)")
    }
    return copy.sealed()
  }
}

extension PlanDocument.Row {
  /// Into equal exposures of at most `cap` seconds that fill the same time with their readouts: as many
  /// as needed, or one fewer of exactly `cap` when the readouts would eat more than that loses.
  fileprivate mutating func split(_ cap: Double, readout: Double) {
    let gap = readout.isFinite ? max(0, readout) : 0
    // Documents hold milliseconds; a cap of 0.3 s may come as a hair more.
    let cap = (cap * 1000 + 1e-6).rounded(.down) / 1000
    guard exptimeS > cap, nexp >= 1 else { return }
    let span = Double(nexp) * exptimeS + Double(nexp - 1) * gap
    let count = ((span + gap) / (cap + gap)).rounded(.up)
    guard count < 1e6 else { return }
    let even = (((span + gap) / count - gap) * 1000 + 1e-6).rounded(.down) / 1000
    let isBetter = even * count >= cap * (count - 1)
    nexp = Int(isBetter ? count : count - 1)
    exptimeS = isBetter ? min(even, cap) : cap
  }
}
