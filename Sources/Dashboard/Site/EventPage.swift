import Units

/// `/events/{id}`: the decision and why, the plan, what each telescope has of it, what happened.
struct EventPage: Sendable {
  struct Pair: Sendable {
    let label: String
    let text: String
  }
  struct FileLink: Sendable {
    let name: String
    let href: String
  }
  struct Picture: Sendable {
    let href: String
    let alt: String
    let caption: String
    let width: String
    let height: String
    /// Read from left to right: on a phone it scrolls within its frame.
    var isWide = false
  }
  struct PlanRow: Sendable {
    let id: String
    let mark: Mark
    let made: PageTime
    let covered: String
    let extent: String
    let changes: [String]
    let files: [FileLink]
  }
  struct ShareRow: Sendable {
    let name: String
    let href: String
    let tiles: String
    let start: PageTime?
    let end: PageTime?
    let files: [FileLink]
  }
  struct RevisionRow: Sendable {
    let number: String
    let stage: String
    let status: String
    let created: PageTime?
  }
  struct HistoryRow: Sendable {
    let time: PageTime
    let actor: String
    let kind: String
    let text: String
  }

  let head: PageHead
  let id: String
  let card: BoardPage.EventCard
  let isRetracted: Bool
  let isAwaiting: Bool
  let isMock: Bool
  let warnings: [String]
  let facts: [Pair]
  let criteria: CriteriaSection?
  let hasDecision: Bool
  let announcement: String?
  /// Credible regions of the event's map; none where it has no map.
  let regions: [FileLink]
  let hasRegions: Bool
  let pictures: [Picture]
  let hasPictures: Bool
  let plans: [PlanRow]
  let shares: [ShareRow]
  let hasShares: Bool
  let revisions: [RevisionRow]
  let history: [HistoryRow]
  let historyNote: String?
  let dataHref: String

  /// More lines than this are for the API.
  private static let longestHistory = 100

  let plan: PlanSection?
  /// Nil where nobody decides.
  let decide: DecideSection?
  let proposal: String?
  let pageHref: String
  let replayHref: String

  /// A team that has said nothing.
  struct SilentRow: Sendable {
    let name: String
    let href: String
    let tiles: String
    let night: PageTime?
    let reminded: PageTime?
  }
  let silent: [SilentRow]
  let hasSilent: Bool

  init(
    head: PageHead, sheet: EventSheet, now: Instant?, plan live: PlanSheet? = nil,
    decide: DecideSection? = nil, silent teams: [UnansweredView] = []
  ) {
    silent = teams.map {
      SilentRow(
        name: $0.name, href: "/t/\(LocalPath.encoded($0.slug))",
        tiles: Figure.count($0.pointings, "pointing"),
        night: $0.nightStartUTC.map { PageTime($0, now: now) },
        reminded: $0.remindedUTC.map { PageTime($0, now: now) })
    }
    hasSilent = !silent.isEmpty
    let event = sheet.event
    self.decide = decide
    proposal = decide?.proposal
    pageHref = "/events/\(LocalPath.encoded(event.id))"
    replayHref = "/replay?event=\(LocalPath.encoded(event.id))"
    plan = live.map { PlanSection($0, event: event, now) }
    let root = "/api/events/\(LocalPath.encoded(event.id))"
    self.head = head
    id = event.id
    card = .init(event, now: now)
    isRetracted = event.status == "retracted"
    isAwaiting = event.status == "awaiting_reinstatement"
    isMock = event.isMock
    // What the page says in its banners and its heading is not said again.
    warnings = sheet.card.filter { $0.kind == "warning" && !(event.isMock && $0.label == "drill") }
      .map(\.text)
    facts = sheet.card.filter { !["warning", "outcome", "rule", "clause"].contains($0.kind) }
      .map { Pair(label: $0.label, text: $0.text) }
    criteria = CriteriaSection(sheet.card)
    hasDecision = !sheet.card.isEmpty
    announcement = sheet.announcement
    regions = event.area90Deg2 == nil ? [] : Self.regions(root)
    hasRegions = !regions.isEmpty
    let current = event.plan.flatMap { $0.state == "live" ? $0 : nil }
    pictures = current.map { Self.pictures(of: event, $0, root) } ?? []
    hasPictures = current != nil
    plans = sheet.plans.map { PlanRow($0, root, now) }
    shares = current == nil || live != nil ? [] : sheet.shares.map { ShareRow($0, root, now) }
    hasShares = !shares.isEmpty
    revisions = sheet.revisions.reversed().map {
      RevisionRow(
        number: "\($0.number)", stage: $0.stage, status: Figure.words($0.status),
        created: $0.createdUTC.map { PageTime($0, now: now) })
    }
    history = sheet.history.suffix(Self.longestHistory).reversed().map {
      HistoryRow(time: PageTime($0.timeUTC, now: now), actor: $0.actor, kind: $0.kind, text: $0.text)
    }
    let left = sheet.history.count - history.count
    historyNote = left > 0 ? "\(Figure.count(left, "older line")) left out here" : nil
    dataHref = root
  }

  private static func regions(_ root: String) -> [FileLink] {
    [50, 90].flatMap { level in
      ["fits", "json", "txt"].map {
        FileLink(name: "\(level) % \($0)", href: "\(root)/region/\(level).moc.\($0)")
      }
    }
  }

  private static func pictures(of event: EventLine, _ plan: PlanLine, _ root: String) -> [Picture] {
    let base = "\(root)/plans/\(LocalPath.encoded(plan.id))"
    let extent =
      Figure.count(plan.assignments, "tile") + " of " + Figure.count(plan.telescopes, "telescope")
    return [
      Picture(
        href: "\(base)/skymap.svg",
        alt: "Map of the whole sky: where \(event.id) may lie, and the \(extent). "
          + "The lists below say the same in words.",
        caption: "Sky: 50 and 90 % regions and the planned fields; touch it for the whole picture",
        width: "1400", height: "870"),
      Picture(
        href: "\(base)/states.svg",
        alt: "Map of the whole sky: fields that were asked for, accepted, begun, observed and refused. "
          + "The list of telescopes says the same in words.",
        caption: "What has become of the fields: asked, accepted, under way, observed, refused",
        width: "1400", height: "870"),
      Picture(
        href: "\(base)/night.svg",
        alt: "The night by telescope: dark hours and the \(extent) over time. "
          + "The list of telescopes says the same in words.",
        caption: "Night: who observes when (UTC); touch it for the whole picture", width: "1400",
        height: "1680",
        isWide: true),
    ]
  }
}

extension EventPage.PlanRow {
  init(_ plan: PlanLine, _ root: String, _ now: Instant?) {
    let base = "\(root)/plans/\(LocalPath.encoded(plan.id))"
    id = plan.id
    mark = .plan(plan.state)
    made = PageTime(plan.madeUTC, now: now)
    covered = Figure.percent(plan.probability) + " in " + Figure.short(plan.areaDeg2, unit: "deg²")
    extent = Figure.count(plan.telescopes, "telescope") + ", " + Figure.count(plan.assignments, "tile")
    changes = plan.changes
    files = ["plan.json", "network.csv"].map { .init(name: $0, href: "\(base)/\($0)") }
  }
}

extension EventPage.ShareRow {
  init(_ share: EventSheet.Share, _ root: String, _ now: Instant?) {
    name = share.name
    href = "/t/\(LocalPath.encoded(share.slug))"
    tiles = "\(share.assignments)"
    start = share.startUTC.map { PageTime($0, now: now) }
    end = share.endUTC.map { PageTime($0, now: now) }
    files = PlanFormat.all.map { .init(name: $0.label, href: $0.address(root, slug: share.slug)) }
  }
}

/// The forms in which a telescope gets its plan.
struct PlanFormat: Sendable {
  let label: String
  let file: String
  static let all = [
    PlanFormat(label: "txt", file: "plan.txt"), PlanFormat(label: "csv", file: "plan.csv"),
    PlanFormat(label: "ecsv", file: "plan.ecsv"), PlanFormat(label: "ds9", file: "plan.reg"),
  ]

  /// Of the plan in force, whichever that will be: an address that stays.
  func address(_ eventRoot: String, slug: String) -> String {
    "\(eventRoot)/plans/current/\(LocalPath.encoded(slug))/\(file)"
  }
}
