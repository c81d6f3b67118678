import Units

/// The plan in force on an event's page: how good it is, why, what changed, who is in it and who is not.
struct PlanSection: Sendable {
  struct TileRow: Sendable {
    let telescope: String
    let href: String
    let field: String
    let position: String
    let start: PageTime
    let probability: String
    let why: String
  }
  struct GalaxyRow: Sendable {
    let name: String
    let position: String
    let distance: String
    let weight: String
    let telescopes: String
    let start: PageTime
  }
  struct PartRow: Sendable {
    let name: String
    let href: String
    let mark: Mark
    let tiles: String
    let probability: String
    let added: String
    let start: PageTime?
    let end: PageTime?
    let files: [EventPage.FileLink]
  }
  struct LeftRow: Sendable {
    let reason: String
    let telescopes: [EventPage.FileLink]
    let count: String
  }
  struct Change: Sendable {
    let text: String
    let lines: [String]
  }

  let facts: [EventPage.Pair]
  /// Who has said what, in a line.
  let answers: String?
  let certificate: String
  /// Where each number comes from.
  let whys: [EventPage.Pair]
  let coverage: String?
  let distance: String?
  let top: [TileRow]
  /// Empty where nobody points at galaxies.
  let galaxies: [GalaxyRow]
  let hasGalaxies: Bool
  let galaxyText: String
  let parts: [PartRow]
  let hasParts: Bool
  let left: [LeftRow]
  let hasLeft: Bool
  let leftText: String
  let change: Change?
  let files: [EventPage.FileLink]

  init(_ sheet: PlanSheet, event: EventLine, _ now: Instant?) {
    let root = "/api/events/\(LocalPath.encoded(event.id))"
    facts = [
      .init(label: "Covered", text: Figure.percent(sheet.probability)),
      .init(label: "In reach of the network", text: Figure.percent(sheet.reachable)),
      .init(label: "No plan can exceed", text: sheet.upperBound.map { Figure.percent($0) } ?? "not computed"),
    ]
    answers = Self.answers(sheet)
    certificate = Self.certificate(sheet)
    whys = Self.whys(sheet)
    coverage = sheet.coverage?.svg
    distance = sheet.distance?.svg
    top = sheet.top.map { tile in
      TileRow(
        telescope: tile.telescope, href: "/t/\(LocalPath.encoded(tile.slug))", field: tile.field,
        position: Angle.degrees(tile.raDeg).hoursMinutesSeconds + " "
          + Angle.degrees(tile.decDeg).degreesMinutesSeconds, start: PageTime(tile.startUTC, now: now),
        probability: Figure.number(tile.probability * 100, decimals: 2, unit: "%"),
        why: tile.reason ?? Figure.unknown)
    }
    galaxies = sheet.galaxies.map { GalaxyRow($0, now) }
    hasGalaxies = !galaxies.isEmpty
    galaxyText =
      galaxies.count < sheet.galaxyCount
      ? "The \(galaxies.count) likeliest hosts of \(sheet.galaxyCount) galaxies that fields point at"
      : "All galaxies that fields point at"
    parts = sheet.parts.filter { $0.state != "left_out" }.map { PartRow($0, root, now) }
    hasParts = !parts.isEmpty
    let out = sheet.parts.filter { $0.state == "left_out" }
    left = Dictionary(grouping: out) { $0.reason ?? "no reason was kept" }.sorted {
      ($1.value.count, $0.key) < ($0.value.count, $1.key)
    }.map { reason, list in
      LeftRow(
        reason: reason,
        telescopes: list.map { .init(name: $0.name, href: "/t/\(LocalPath.encoded($0.slug))") },
        count: "\(list.count)")
    }
    hasLeft = !left.isEmpty
    leftText = Figure.count(out.count, "telescope") + " left out, and why"
    change = sheet.change.map(Self.change)
    files =
      [
        "plan.json", "network.csv", "skymap.svg", "night.svg",
      ].map {
        .init(name: $0, href: "\(root)/plans/current/\($0)")
      } + [.init(name: "observed.moc.fits", href: "\(root)/coverage/moc.fits")]
  }

  /// "1 accepted, 14 not yet": the commonest last.
  private static func answers(_ sheet: PlanSheet) -> String? {
    let words = sheet.parts.map(\.state).filter { $0 != "left_out" }.map { state in
      ["planned", "sent", "seen"].contains(state) ? "not yet" : Mark.share(state).word
    }
    let counts = Dictionary(grouping: words) { $0 }.mapValues(\.count)
    guard !counts.isEmpty else { return nil }
    return counts.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map { "\($0.value) \($0.key)" }
      .joined(separator: ", ")
  }

  private static func whys(_ sheet: PlanSheet) -> [EventPage.Pair] {
    let tiles = sheet.parts.reduce(0) { $0 + $1.tiles }
    let beyond = Figure.percent(max(0, 1 - sheet.reachable))
    var list: [EventPage.Pair] = [
      .init(
        label: "Covered",
        text:
          "the map's probability inside at least one of \(Figure.count(tiles, "field")); sky that several "
          + "hold counts once"),
      .init(
        label: "In reach",
        text:
          "inside some field that some telescope could take in its dark hours, above its altitude limits and "
          + "away from the Moon; \(beyond) of the map is out of reach of all of them"),
    ]
    if sheet.upperBound != nil {
      list.append(
        .init(
          label: "No plan can exceed",
          text: "what the telescopes' time can buy if every minute is spent as well as any rule of the order "
            + "permits: a proof by prices of sky and time, which needs no trust in this plan"))
    }
    return list + [
      .init(label: "Holds", text: "the map's probability inside that one field"),
      .init(label: "Covers", text: "inside at least one field of that telescope"),
      .init(label: "Adds", text: "inside fields of that telescope and of no other"),
      .init(
        label: "Start", text: "the best time that is left once slews, limits and earlier fields are placed"),
    ]
  }

  /// How much better any plan could be, in words.
  private static func certificate(_ sheet: PlanSheet) -> String {
    guard let bound = sheet.upperBound, let gap = sheet.gap else {
      return "Without a bound this plan is not certified; what is in reach is the limit of any plan."
    }
    return
      "Certificate: no plan of the same telescopes and times can cover more than \(Figure.percent(bound)); "
      + "this one is within \(Figure.number(gap * 100, decimals: 1, unit: "%")) of that."
  }

  private static func change(_ change: PlanSheet.Change) -> Change {
    var text =
      "Against \(change.before): \(change.kept) kept, \(change.moved) moved, \(change.new) new, "
      + "\(change.dropped) dropped" + (change.past > 0 ? ", \(change.past) begun before it was made" : "")
    if let delta = change.probabilityChange, delta.isFinite {
      let points = (delta < 0 ? "" : "+") + Figure.number(delta * 100, decimals: 1, unit: "points")
      text += "; probability " + (abs(delta) < 0.0005 ? "as before" : points)
      if change.past > 0 { text += ", what had begun no longer counted" }
    }
    return Change(text: text, lines: change.lines)
  }
}

extension PlanSection.GalaxyRow {
  init(_ galaxy: PlanSheet.Galaxy, _ now: Instant?) {
    name = galaxy.name
    position =
      Angle.degrees(galaxy.raDeg).hoursMinutesSeconds + " "
      + Angle.degrees(galaxy.decDeg).degreesMinutesSeconds
    distance = Figure.number(galaxy.distanceMpc, decimals: 0, unit: "Mpc")
    weight = Figure.number(galaxy.weight * 100, decimals: 2, unit: "%")
    telescopes = galaxy.telescopes.joined(separator: ", ")
    start = PageTime(galaxy.startUTC, now: now)
  }
}

extension PlanSection.PartRow {
  init(_ part: PlanSheet.Part, _ root: String, _ now: Instant?) {
    name = part.name
    href = "/t/\(LocalPath.encoded(part.slug))"
    mark = .share(part.state)
    tiles = "\(part.tiles)"
    probability = Figure.number(part.probability.map { $0 * 100 }, decimals: 2, unit: "%")
    added = Figure.number(part.added.map { $0 * 100 }, decimals: 2, unit: "%")
    start = part.startUTC.map { PageTime($0, now: now) }
    end = part.endUTC.map { PageTime($0, now: now) }
    let base = "\(root)/plans/current/\(LocalPath.encoded(part.slug))"
    files =
      PlanFormat.all.map { .init(name: $0.label, href: $0.address(root, slug: part.slug)) }
      + [.init(name: "moc", href: "\(base)/plan.moc.txt")]
  }
}
