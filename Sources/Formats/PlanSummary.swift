import Units

/// The plan in the terminal: what decides, who does what, who does not and why. ASCII, 100 columns.
public enum PlanSummary {
  static let width = 100

  public static func render(_ network: NetworkPlanDocument) -> String {
    var lines = head(network)
    let active = network.plans.filter { !$0.rows.isEmpty }
    lines.append("")
    if active.isEmpty {
      lines.append(
        network.status == .stop ? "STOP: observe nothing." : "Nothing to observe; see the reasons below.")
    } else {
      lines += table(active)
    }
    lines += coverage(network, active)
    lines += limited(active)
    lines += omitted(network)
    lines += remarks(network)
    return lines.map { $0 + "\n" }.joined()
  }

  private static func head(_ network: NetworkPlanDocument) -> [String] {
    let event = network.event
    var first = "\(event.id)"
    if let alert = event.alert { first += "  \(alert)" }
    if let t0 = event.t0 {
      let age = network.made.instant.seconds(since: t0.instant)
      first +=
        "  \(t0.instant.iso8601().replacing("T", with: " ").replacing("Z", with: "")) UTC, \(duration(age))"
      first += age < 0 ? " ahead" : " ago"
    }
    first += "  STATUS=\(network.status.rawValue)"
    let map = network.map
    var sky = "90 % in \(map.area90Deg2.significant()) deg2, 50 % in \(map.area50Deg2.significant()) deg2"
    let peak = Direction<ICRS>(ra: .degrees(map.peak.raDeg), dec: .degrees(map.peak.decDeg))
    sky += ", peak \(peak.ra.hoursMinutesSeconds.prefix(8)) \(peak.dec.degreesMinutesSeconds.prefix(9))"
    if !map.instruments.isEmpty { sky += ", \(map.instruments.joined(separator: "+"))" }
    var lines = labelled("event", first) + labelled("map", sky)
    lines += labelled("distance", distance(map))
    if !event.classification.isEmpty {
      let classes = event.classification.map { "\($0.name) \(($0.probability * 100).fixed(0)) %" }
      lines += labelled("class", classes.joined(separator: ", "))
    }
    lines += labelled(
      "window",
      "\(minutes(network.window.start)) to \(minutes(network.window.end)) UTC"
        + " (\(duration(network.window.window.duration.seconds)))")
    lines += labelled("plan", network.planID)
    return lines
  }

  private static func distance(_ map: NetworkPlanDocument.Map) -> String {
    guard let mean = map.distanceMeanMpc else { return "none in the map" }
    return "\(mean.significant())" + (map.distanceStdMpc.map { " +- \($0.significant())" } ?? "") + " Mpc"
  }

  private static func table(_ plans: [PlanDocument]) -> [String] {
    let nameWidth = min(30, max(9, plans.map { ASCIIText.plain($0.telescope.name).count }.max() ?? 9))
    let head =
      "telescope".padded(right: nameWidth) + "  tiles   exp h  prob %  added %  first UTC         dark UTC"
    return [head]
      + plans.map { plan in
        let name = ASCIIText.plain(plan.telescope.name)
        let cells = [
          String(name.prefix(nameWidth)).padded(right: nameWidth),
          String(plan.totals.tiles).padded(left: 5),
          (plan.totals.exptimeS / 3600).fixed(2).padded(left: 6),
          plan.totals.prob.percentText().padded(left: 6),
          plan.totals.added.percentText().padded(left: 7),
          plan.rows.map(\.startUTC).min().map(minutes) ?? "-",
          dark(plan.darkWindows),
        ]
        return cells.joined(separator: "  ")
      }
  }

  private static func dark(_ windows: [UTCWindow]) -> String {
    guard let first = windows.first else { return "-" }
    let text = "\(first.start.instant.clockMinutes)-\(first.end.instant.clockMinutes)"
    return windows.count == 1 ? text : text + " +\(windows.count - 1)"
  }

  private static func coverage(_ network: NetworkPlanDocument, _ active: [PlanDocument]) -> [String] {
    let n = network.network
    var text = "\((n.probability * 100).fixed(2)) % of the probability in \(n.areaDeg2.significant()) deg2"
    text +=
      ", \(n.assignments) tiles, \(active.count) of \(network.plans.count + network.omissions.count) telescopes"
    text += "; in reach \((n.reachable * 100).fixed(2)) %"
    if let bound = n.upperBound {
      text += "; no plan can exceed \((bound * 100).fixed(2)) %"
      if let gap = n.gap { text += " (gap \((gap * 100).fixed(2)) %)" }
    }
    var lines = [""] + labelled("network", text)
    if let detection = n.detection {
      lines += labelled(
        "detection",
        "\((detection * 100).fixed(2)) % to find a source like \(n.source ?? "the one asked for")"
          + (n.sourceTerms.map { " (\($0))" } ?? "")
          + (n.detectionBound.map { "; no plan can exceed \(($0 * 100).fixed(2)) %" } ?? "")
          + (n.detectionGap.map { " (gap \(($0 * 100).fixed(2)) %)" } ?? ""))
    }
    return lines
  }

  /// One line a bound that was met, with all telescopes that share it.
  private static func limited(_ active: [PlanDocument]) -> [String] {
    var bounds: [(words: String, names: [String])] = []
    for plan in active {
      guard let words = plan.limitedBy else { continue }
      if let i = bounds.firstIndex(where: { $0.words == words }) {
        bounds[i].names.append(plan.telescope.name)
      } else {
        bounds.append((words, [plan.telescope.name]))
      }
    }
    return bounds.flatMap {
      labelled("limited", "\($0.names.joined(separator: ", ")): \($0.words)")
    }
  }

  /// One line a reason, with all telescopes that share it.
  private static func omitted(_ network: NetworkPlanDocument) -> [String] {
    var reasons: [(reason: String, names: [String])] = []
    for omission in network.omissions {
      if let i = reasons.firstIndex(where: { $0.reason == omission.reason }) {
        reasons[i].names.append(omission.telescope)
      } else {
        reasons.append((omission.reason, [omission.telescope]))
      }
    }
    for plan in network.plans where plan.rows.isEmpty && network.status != .stop {
      reasons.append((plan.notes.first ?? "no tile fits", [plan.telescope.name]))
    }
    return reasons.flatMap { labelled("left out", "\($0.names.joined(separator: ", ")): \($0.reason)") }
  }

  private static func remarks(_ network: NetworkPlanDocument) -> [String] {
    let assumed = network.plans.filter { !$0.assumptions.isEmpty }
    let count = assumed.reduce(0) { $0 + $1.assumptions.count }
    var lines: [String] = []
    if count > 0 {
      lines += labelled(
        "assumed",
        "\(count) value\(count == 1 ? "" : "s") of \(assumed.count) telescope\(assumed.count == 1 ? "" : "s")"
          + " taken from the class table; each plan names its own")
    }
    for finding in network.map.findings where finding.severity == "warning" {
      lines += labelled("warning", "map: \(finding.message)")
    }
    return lines
  }

  private static func labelled(_ label: String, _ text: String) -> [String] {
    let column = 10
    let words = ASCIIText.wrapped(text, prefix: "", width: width - column)
    return words.enumerated().map { i, line in
      (i == 0 ? label : "").padded(right: column) + (line.hasPrefix("  ") ? String(line.dropFirst(2)) : line)
    }
  }

  private static func minutes(_ t: UTCTime) -> String { t.instant.dateAndMinutes }

  private static func duration(_ seconds: Double) -> String {
    let s = abs(seconds)
    if s < 3600 { return "\((s / 60).fixed(0)) min" }
    return s < 172_800 ? "\((s / 3600).fixed(1)) h" : "\((s / 86_400).fixed(1)) d"
  }
}

/// The same for machines: `grandma.plan-summary/1`.
public struct PlanSummaryDocument: Codable, Hashable, Sendable {
  public static let schemaID = "grandma.plan-summary/1"

  public struct Telescope: Codable, Hashable, Sendable {
    public var name: String
    public var slug: String
    public var tiles: Int
    public var exposures: Int
    public var exptimeS: Double
    public var prob: Double
    public var added: Double
    public var firstStartUTC: UTCTime?
    public var lastEndUTC: UTCTime?
    public var darkWindows: [UTCWindow]
    public var assumptions: Int
    /// The bound of its allocation that kept it from more; absent where none did.
    @Omittable public var limitedBy: String?
    enum CodingKeys: String, CodingKey {
      case name, slug, tiles, exposures
      case exptimeS = "exptime_s"
      case prob, added
      case firstStartUTC = "first_start_utc"
      case lastEndUTC = "last_end_utc"
      case darkWindows = "dark_windows"
      case assumptions
      case limitedBy = "limited_by"
    }
  }

  public var schema = Self.schemaID
  public var planID: String
  public var status: PlanDocument.Status
  public var made: UTCTime
  public var window: UTCWindow
  public var event: PlanDocument.Event
  public var map: NetworkPlanDocument.Map
  public var network: NetworkPlanDocument.Network
  public var telescopes: [Telescope]
  public var omissions: [NetworkPlanDocument.Omission]

  enum CodingKeys: String, CodingKey {
    case schema
    case planID = "plan_id"
    case status, made, window, event, map, network, telescopes, omissions
  }

  public init(_ network: NetworkPlanDocument) {
    planID = network.planID
    status = network.status
    made = network.made
    window = network.window
    event = network.event
    map = network.map
    self.network = network.network
    omissions = network.omissions
    telescopes = network.plans.map { plan in
      Telescope(
        name: plan.telescope.name, slug: plan.telescope.slug, tiles: plan.totals.tiles,
        exposures: plan.totals.exposures, exptimeS: plan.totals.exptimeS, prob: plan.totals.prob,
        added: plan.totals.added, firstStartUTC: plan.rows.map(\.startUTC).min(),
        lastEndUTC: plan.rows.map(\.endUTC).max(), darkWindows: plan.darkWindows,
        assumptions: plan.assumptions.count, limitedBy: plan.limitedBy)
    }
  }

  public func json() -> String { jsonText(of: self) }
}
