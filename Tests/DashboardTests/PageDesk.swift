import Units

@testable import Dashboard

/// A desk that shows what it is given.
struct PageDesk: Desk {
  var healthView: HealthView
  var lines: [EventLine]
  var sheet: EventSheet
  var network: [TelescopeLine]
  var telescopeSheet: TelescopeSheet
  var noticeLines: [NoticeLine]
  var files: [String: FileView] = [:]
  /// Answers every question with it, if set.
  var failure: DeskError?

  /// Since when it logs a line a second, for looking at pages that change.
  var busySince: ContinuousClock.Instant?
  private var lateLines: Int64 { busySince.map { (ContinuousClock.now - $0).components.seconds } ?? 0 }

  func health() async -> HealthView {
    guard busySince != nil else { return healthView }
    let part = HealthView.Part("busy", .good, "\(lateLines) lines")
    return HealthView(version: "1.0", nowUTC: healthView.nowUTC, isLeading: true, parts: [part])
  }
  func metrics() async -> [Metric] { [] }
  func identity(ofToken token: String) async throws(DeskError) -> Identity? { nil }
  func events(limit: Int, before: String?) async throws(DeskError) -> [EventLine] {
    try fail()
    let start = before.flatMap { id in lines.firstIndex { $0.id == id }.map { $0 + 1 } } ?? 0
    return Array(lines.dropFirst(start).prefix(limit))
  }
  func event(_ id: String) async throws(DeskError) -> EventSheet {
    try fail()
    if id == sheet.event.id { return sheet }
    guard let line = lines.first(where: { $0.id == id }) else { throw .notFound("no event is called \(id)") }
    return EventSheet(
      event: line, card: [], revisions: [], plans: line.plan.map { [$0] } ?? [], history: [])
  }
  func plans(of event: String) async throws(DeskError) -> [PlanLine] { try await self.event(event).plans }
  func planFile(event: String, plan: String, path: String) async throws(DeskError) -> FileView {
    guard let file = files[path] else { throw .notFound("no file \(path)") }
    return file
  }
  func telescopes() async throws(DeskError) -> [TelescopeLine] { network }
  func telescope(_ slug: String) async throws(DeskError) -> TelescopeSheet {
    guard slug == telescopeSheet.telescope.slug else { throw .notFound("no telescope is called \(slug)") }
    return telescopeSheet
  }
  func notices(limit: Int, state: String?) async throws(DeskError) -> [NoticeLine] { noticeLines }
  func notice(_ id: Int64) async throws(DeskError) -> FileView { throw .notFound("no notice \(id)") }
  func submit(
    notice bytes: [UInt8], name: String?, by identity: Identity
  ) async throws(DeskError) -> NoticeLine { throw .unavailable("not here") }
  func replay(notice id: Int64, by identity: Identity) async throws(DeskError) -> NoticeLine {
    throw .unavailable("not here")
  }
  func changes(after sequence: Int64, limit: Int) async throws(DeskError) -> [ChangeLine] {
    guard busySince != nil, lateLines > sequence else { return [] }
    return [
      ChangeLine(
        sequence: lateLines, timeUTC: healthView.nowUTC, actor: "vesper", kind: "note", event: nil,
        text: "late")
    ]
  }
  func lastChange() async throws(DeskError) -> Int64 { lateLines }
  func waitForChange() async {
    // A sleep that is cut short by cancellation is what is wanted here.
    try? await Task.sleep(for: .seconds(1))
  }

  private func fail() throws(DeskError) { if let failure { throw failure } }
}

extension PageDesk {
  /// The night of S230518h as a shift would see it, with a drill, a retraction and a neutrino beside it.
  static var night: PageDesk {
    let plan = PlanLine(
      id: "S230518h-r2-0123abcd", state: "live", madeUTC: "2023-05-18T14:00:00Z", probability: 0.8634,
      areaDeg2: 4435, telescopes: 11, assignments: 912,
      changes: ["3 tiles of TAROT/TCA are new", "2 tiles of KAO were dropped"])
    var old = plan
    (old.id, old.state, old.madeUTC, old.changes) = (
      "S230518h-r1-77b0d511", "superseded", "2023-05-18T13:20:00Z", []
    )
    let event = EventLine(
      id: "S230518h", kind: "gravitational_wave", status: "active", isMock: false,
      timeUTC: "2023-05-18T12:59:08.167Z", revision: 2, decision: "GO", clause: "GRANDMA O4: R6",
      area90Deg2: 666.2, distanceMpc: 276.4, plan: plan, updatedUTC: "2023-05-18T14:00:00Z")
    return PageDesk(
      healthView: health, lines: [event] + others, sheet: sheet(event, [plan, old]), network: network,
      telescopeSheet: queue(60),
      noticeLines: [
        NoticeLine(
          id: 41, source: "gcn.notices.einstein_probe.wxt.alert", receivedUTC: "2023-05-18T13:41:00Z",
          sizeBytes: 5120, sha256: String(repeating: "ab", count: 32), state: "quarantined", attempts: 2,
          reason: "no position: the field ra is missing", event: nil)
      ])
  }

  private static let health = HealthView(
    version: "1.0", nowUTC: "2023-05-18T14:12:30Z", isLeading: true,
    parts: [
      .init("store", .good, "412 events, 18231 MB free"), .init("notices", .good, "0 waiting"),
      .init("quarantine", .warning, "1 notice could not be read"),
      .init("outbox", .failed, "4 owed, 2 need a person, held: slack"),
      .init("kafka", .good, "connected, 0 behind, 0 gaps"), .init("heartbeat", .good, "3 s ago"),
    ])

  private static func sheet(_ event: EventLine, _ plans: [PlanLine]) -> EventSheet {
    let card: [EventSheet.CardLine] = [
      .init(kind: "outcome", label: "S230518h", text: "GO", verdict: nil),
      .init(kind: "reason", label: "policy", text: "GRANDMA O4 (1f0c22aa), clause: R6", verdict: nil),
      .init(kind: "fact", label: "event", text: "NSBH, gravitationalWave, initial", verdict: nil),
      .init(kind: "fact", label: "distance", text: "276.4 +/- 79.0 Mpc", verdict: nil),
      .init(kind: "fact", label: "area", text: "90 % in 666.2 deg2, 50 % in 180.0 deg2", verdict: nil),
      .init(kind: "fact", label: "FAR", text: "1 per 98 years", verdict: nil),
      .init(kind: "order", label: "valid", text: "24 h after the event", verdict: nil),
      .init(kind: "rule", label: "GRANDMA O4", text: "neutrinos", verdict: "does_not_apply"),
      .init(
        kind: "clause", label: "kind of event", text: "gravitational wave; wanted: neutrino",
        verdict: "not_so"),
      .init(kind: "rule", label: "GRANDMA O4", text: "golden", verdict: "does_not_apply"),
      .init(kind: "clause", label: "class", text: "NSBH; wanted: BNS or NSBH", verdict: "pass"),
      .init(kind: "clause", label: "distance", text: "276 Mpc; wanted: below 200 Mpc", verdict: "fail"),
      .init(kind: "rule", label: "GRANDMA O4", text: "seen in X-rays", verdict: "unknown"),
      .init(kind: "clause", label: "X-ray counterpart", text: "not known; wanted: yes", verdict: "unknown"),
      .init(kind: "rule", label: "GRANDMA O4", text: "R6", verdict: "applies"),
      .init(kind: "clause", label: "90 % area", text: "666 deg²; wanted: below 1000 deg²", verdict: "pass"),
      .init(
        kind: "clause", label: "50 % area", text: "180 deg²; wanted: below 100 deg²", verdict: "not_needed"),
    ]
    return EventSheet(
      event: event, card: card,
      revisions: [
        .init(number: 1, stage: "preliminary", createdUTC: "2023-05-18T13:01:00Z", status: "active"),
        .init(number: 2, stage: "initial", createdUTC: "2023-05-18T13:58:00Z", status: "active"),
      ], plans: plans,
      history: (1...12).map {
        ChangeLine(
          sequence: Int64($0), timeUTC: "2023-05-18T13:\($0 + 10):00Z", actor: "vesper", kind: "delivery",
          event: event.id, text: "plan sent to telescope \($0)")
      },
      announcement: "New GW alert: S230518h, NSBH, A90: 666.2 deg2, A50: 180.0 deg2, "
        + "Distance: 276.4 +/- 79.0 Mpc, GRANDMA Score: 2, GO-GRANDMA. @channel",
      shares: [
        .init(
          slug: "TAROT-TCA", name: "TAROT/TCA", assignments: 120, startUTC: "2023-05-18T20:01:00Z",
          endUTC: "2023-05-19T03:10:00Z"),
        .init(slug: "KAO", name: "KAO", assignments: 1),
      ])
  }

  private static var others: [EventLine] {
    let drill = PlanLine(
      id: "MS230518k-r1-aa", state: "live", madeUTC: "2023-05-18T12:00:00Z", probability: 0.41,
      areaDeg2: 1200, telescopes: 9, assignments: 210)
    var gone = drill
    (gone.id, gone.state) = ("S230517u-r1-bb", "withdrawn")
    func line(
      _ id: String, _ kind: String, _ status: String, mock: Bool = false, _ decision: String?,
      _ plan: PlanLine? = nil, time: String? = "2023-05-18T11:40:12Z", area: Double? = nil,
      distance: Double? = nil
    ) -> EventLine {
      EventLine(
        id: id, kind: kind, status: status, isMock: mock, timeUTC: time, revision: 1, decision: decision,
        clause: nil, area90Deg2: area, distanceMpc: distance, plan: plan, updatedUTC: "2023-05-18T12:01:00Z")
    }
    return [
      line(
        "MS230518k", "gravitational_wave", "active", mock: true, "GO", drill, area: 1830.4, distance: 141.2),
      line("S230517u", "gravitational_wave", "retracted", "GO", gone, area: 812.9, distance: 39.1),
      line("IC230517A", "neutrino", "awaiting_reinstatement", "WATCH", area: 1.07),
      line("GRB230516B", "burst", "active", "LIMITED", area: 0.0021),
      line("GRB230515A", "burst", "active", "NO", time: nil),
      line("EP230515a", "x_ray_transient", "active", nil),
    ]
  }

  private static let network: [TelescopeLine] = [
    TelescopeLine(
      id: "TAROT/TCA", slug: "TAROT-TCA", name: "TAROT Calern", latitudeDeg: 43.752, longitudeDeg: 6.923,
      elevationM: 1270, apertureM: 0.25, fieldDeg2: 3.46, usable: "tiling", note: nil, status: "GO",
      nextUTC: "2023-05-18T14:10:00Z"),
    TelescopeLine(
      id: "KAO", slug: "KAO", name: "Kottamia Astronomical Observatory", latitudeDeg: 29.93,
      longitudeDeg: 31.83, elevationM: 470, apertureM: 1.88, fieldDeg2: 0.018, usable: "point_source",
      note: nil, status: "WAIT", nextUTC: "2023-05-18T19:00:00Z"),
    TelescopeLine(
      id: "ASTEP", slug: "ASTEP", name: "ASTEP at Dome C", latitudeDeg: -75.1, longitudeDeg: -123.33,
      elevationM: nil, apertureM: nil, fieldDeg2: nil, usable: "nothing",
      note: "out of service until October",
      status: "STOP"),
  ]

  static func queue(_ count: Int) -> TelescopeSheet {
    let start = Instant(iso8601: "2023-05-18T14:10:00Z")!
    return TelescopeSheet(
      telescope: network[0], status: "GO", message: "\(count) pointings, the first at 14:10 UTC",
      assignments: (0..<count).map { i in
        let begin = start.advanced(bySeconds: Double(i) * 190)
        return .init(
          event: i % 7 == 6 ? "GRB230516B" : "S230518h", plan: "S230518h-r2-0123abcd",
          tile: "\(1200 + i * 37)",
          state: i == 0 ? "started" : "planned", startUTC: begin.iso8601(.milliseconds),
          endUTC: begin.advanced(bySeconds: 180).iso8601(.milliseconds),
          raDeg: (221.3382 + Double(i) * 1.8617).truncatingRemainder(dividingBy: 360),
          decDeg: 23.8094 - Double(i) * 0.9133, filter: i % 3 == 0 ? nil : "R", exposureS: 60)
      }, nightStartUTC: "2023-05-18T13:40:00Z", nightEndUTC: "2023-05-19T03:12:00Z")
  }
}
