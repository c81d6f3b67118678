import Notices
import TestSupport
import Testing
import Units

@testable import Campaigns

/// A planner and an operator for tests: whatever is ordered is planned at once, and published.
struct Network {
  let policy: Policy
  var book = EventBook()
  var campaign: Campaign?
  var planned: [PlannedTelescope] = []
  var maps: [String: MapSummary] = [:]
  var telescopes = [
    TelescopeField(id: "TAROT-TCA", shortSide: .degrees(1.86)),
    TelescopeField(id: "FRAM-Auger", shortSide: .degrees(1)), TelescopeField(id: "NARROW", shortSide: .arcminutes(10)),
  ]
  var stated: [FactName: FactValue] = [:]
  var unavailable: Set<String> = []
  var brightness: Magnitude?
  var hasCounterpart = false
  var published: [PlanDiff] = []

  init(_ policy: String = "grandma") throws { self.policy = try shipped(policy) }

  mutating func receive(_ notice: Notice, at now: Instant) -> [CampaignAction] {
    guard let event = book.insert(notice) else { return [] }
    return step(event, at: now)
  }

  mutating func step(_ event: Event? = nil, at now: Instant, _ answers: [Answer] = []) -> [CampaignAction] {
    var situation = Situation(event: event ?? book.events[0], policy: policy, now: now)
    situation.maps = maps
    situation.telescopes = telescopes
    situation.planned = planned
    situation.stated = stated
    situation.unavailableMaps = unavailable
    situation.answers = answers
    situation.brightness = brightness
    situation.hasCounterpart = hasCounterpart
    let step = Lifecycle.step(from: campaign, in: situation)
    campaign = step.campaign
    for action in step.actions { carryOut(action, at: now) }
    return step.actions
  }

  private mutating func carryOut(_ action: CampaignAction, at now: Instant) {
    switch action {
    case .withdraw(let list):
      for one in list {
        guard let i = planned.firstIndex(where: { $0.telescope == one.telescope }) else { continue }
        planned[i].tiles.removeAll { one.tiles.contains($0.id) }
        if planned[i].tiles.isEmpty { planned.remove(at: i) }
      }
    case .plan(let order): publish(plan(for: order, at: now), for: order.number, at: now)
    default: break
    }
  }

  /// Tiles that depend on the order alone: each telescope gets the same three, or one centred.
  func plan(for order: PlanOrder, at now: Instant) -> [PlannedTelescope] {
    telescopes.filter { order.orders.allows($0.id) }.map { telescope in
      let seed = (try? order.digest) ?? ""
      var tiles: [PlannedTile] = []
      if let one = order.centred.first(where: { $0.telescope == telescope.id }) {
        tiles = [PlannedTile(id: "centre", center: one.center, filter: "clear", start: now)]
      } else {
        let shift = Double(seed.utf8.reduce(0) { ($0 * 31 + Int($1)) % 90 })
        tiles = (0..<3).map { i in
          PlannedTile(
            id: "t\(i)", center: Direction(ra: .degrees(shift + Double(i)), dec: .zero), filter: "clear",
            start: now + .minutes(Double(10 * i)))
        }
      }
      return PlannedTelescope(telescope: telescope.id, planID: "\(seed.prefix(8))", tiles: tiles)
    }
  }

  mutating func publish(_ plan: [PlannedTelescope], for number: Int, at now: Instant) {
    guard case .publish(let diffs)? = campaign?.publication(of: plan, for: number, over: planned, at: now) else {
      return
    }
    published = diffs
    for diff in diffs {
      planned.removeAll { $0.telescope == diff.telescope }
      if let id = diff.planID, !diff.tiles.isEmpty {
        planned.append(PlannedTelescope(telescope: diff.telescope, planID: id, tiles: diff.tiles))
      }
    }
    planned.sort { $0.telescope < $1.telescope }
  }

  var live: [String] {
    planned.flatMap { t in t.tiles.map { "\(t.telescope) \(t.planID) \($0.id) \($0.progress.rawValue)" } }
  }
}

/// A wave notice with a map of the given area and distance, and the summary under its reference.
func mapped(
  _ id: String, _ stage: NoticeStage, minute: Int, kind: String, area90: Double, distance: Double,
  role: NoticeRole = .observation
) -> (Notice, String, MapSummary) {
  var notice = wave(id, stage, minute: minute, role: role)
  notice.wave?.significant = true
  notice.wave?.group = "CBC"
  notice.wave?.classification = [NamedProbability(name: kind, probability: Fraction(0.97)!)]
  let bytes = Array("\(stage.name) \(minute) \(area90) \(distance)".utf8)
  notice.localization = .embeddedMap(bytes: bytes, region: nil)
  var summary = MapSummary()
  summary.area90 = .squareDegrees(area90)
  summary.area50 = .squareDegrees(area90 / 4)
  summary.distanceMean = .megaparsecs(distance)
  summary.distanceMedian = .megaparsecs(distance)
  summary.peak = Direction(ra: .degrees(120), dec: .degrees(30))
  return (notice, notice.bestLocalization.mapReference!, summary)
}

extension [CampaignAction] {
  var names: [String] {
    map { action in
      switch action {
      case .announce(let decision): "announce \(decision.outcome.rawValue)"
      case .getMap: "getMap"
      case .withdraw(let list): "withdraw \(list.map(\.telescope).joined(separator: "+"))"
      case .stop: "stop"
      case .tags(let add, let remove): "tags +\(add.joined(separator: ",")) -\(remove.joined(separator: ","))"
      case .plan(let order): "plan \(order.number)"
      case .proposeStop(let cause): "propose \(cause.text)"
      case .ask(let question):
        switch question {
        case .reinstate: "ask reinstate"
        case .reopen(let outcome): "ask reopen \(outcome.rawValue)"
        case .contradiction: "ask contradiction"
        }
      case .note: "note"
      }
    }
  }
}

@Suite struct LifecycleTests {
  let start = time("2031-02-03T02:31:00Z")
  static let go = "GO GRANDMA"
  static let high = "GO GRANDMA,GO GRANDMA (HIGH PRIORITY)"

  /// Preliminary GO at 300 Mpc, better at Initial, far at the Update.
  func sequence() -> [(Notice, String, MapSummary)] {
    [
      mapped("S310203ab", .preliminary, minute: 1, kind: "BNS", area90: 190, distance: 300),
      mapped("S310203ab", .preliminary, minute: 5, kind: "BNS", area90: 180, distance: 250),
      mapped("S310203ab", .initial, minute: 40, kind: "BNS", area90: 120, distance: 150),
      mapped("S310203ab", .update, minute: 300, kind: "BNS", area90: 60, distance: 140),
    ]
  }

  func network(_ list: [(Notice, String, MapSummary)], policy: String = "grandma") throws -> Network {
    var network = try Network(policy)
    for (_, reference, summary) in list { network.maps[reference] = summary }
    return network
  }

  @Test func aWholeNight() throws {
    let list = sequence()
    var n = try network(list)
    #expect(
      n.receive(list[0].0, at: start).names == ["announce GO", "tags +\(Self.go) -", "plan 1"])
    #expect(n.planned.count == 3)
    // Stepping again does nothing.
    let before = n.campaign
    #expect(n.step(at: start).isEmpty)
    #expect(n.campaign == before)
    // A better map: announced with what changed, planned anew, told as a difference.
    n.planned[0].tiles[0].progress = .done
    let initial = n.receive(list[2].0, at: start + .minutes(40))
    #expect(initial.names == ["announce GO", "tags +GO GRANDMA (HIGH PRIORITY) -", "plan 2"])
    guard case .announce(let decision)? = initial.first else { return }
    #expect(decision.changes.contains { $0.text == "distance_mpc: 300 -> 150" })
    #expect(n.published.map(\.telescope) == ["FRAM-Auger", "NARROW", "TAROT-TCA"])
    #expect(n.published[0].observed == ["t0"])
    #expect(n.published[0].removed == ["t1", "t2"])
    #expect(n.published[0].added.count == 3)
    #expect(n.published[0].tiles.contains { $0.progress == .done })
    // The older notice that arrives late changes nothing, and says so.
    #expect(n.receive(list[1].0, at: start + .minutes(41)).names == ["note"])
    // Retraction: what has not started is withdrawn, STOP is said, tags follow.
    n.planned[1].tiles[0].progress = .started
    let gone = n.receive(wave("S310203ab", .retraction, minute: 400), at: start + .hours(7))
    #expect(
      gone.names == [
        "announce STOP", "withdraw FRAM-Auger+NARROW+TAROT-TCA", "stop", "tags +STOP GRANDMA -\(Self.high)",
      ])
    guard case .withdraw(let withdrawn) = gone[1] else { return }
    #expect(withdrawn[1].running == ["t0"])
    #expect(!withdrawn[0].tiles.contains("t0") || withdrawn[0].running.isEmpty)
    #expect(n.campaign?.order == nil)
    #expect(n.live.allSatisfy { $0.hasSuffix("done") || $0.hasSuffix("started") })
  }

  @Test func updateWithdrawsWhatItNoLongerAllows() throws {
    let near = mapped("S310203ab", .preliminary, minute: 1, kind: "BBH", area90: 190, distance: 150)
    var far = mapped("S310203ab", .update, minute: 90, kind: "BBH", area90: 4000, distance: 900)
    far.0.wave?.coincidence = ExternalCoincidence()
    var n = try network([near, far])
    #expect(n.receive(near.0, at: start).names.first == "announce GO")
    let names = n.receive(far.0, at: start + .hours(2)).names
    #expect(names == ["announce LIMITED", "withdraw NARROW", "plan 2"])
    #expect(n.planned.map(\.telescope) == ["FRAM-Auger", "TAROT-TCA"])
  }

  @Test func goThatBecomesNoEndsAndMayBeginAgain() throws {
    let list = [
      mapped("S310203ab", .preliminary, minute: 1, kind: "BNS", area90: 190, distance: 150),
      mapped("S310203ab", .initial, minute: 40, kind: "BNS", area90: 9000, distance: 900),
      mapped("S310203ab", .update, minute: 300, kind: "BNS", area90: 60, distance: 140),
    ]
    var n = try network(list)
    _ = n.receive(list[0].0, at: start)
    #expect(
      n.receive(list[1].0, at: start + .hours(1)).names == [
        "announce NO", "withdraw FRAM-Auger+NARROW+TAROT-TCA", "stop", "tags +STOP GRANDMA -\(Self.high)",
      ])
    #expect(n.live.isEmpty)
    // No person ended it: a better map begins it again.
    #expect(
      n.receive(list[2].0, at: start + .hours(6)).names == [
        "announce GO", "tags +\(Self.high) -STOP GRANDMA", "plan 2",
      ])
  }

  /// R15: all orders of arrival, with repetitions, end with the same decision and the same live plans.
  @Test func everyOrderEndsWithTheSamePlans() throws {
    let seed: UInt64 = 3
    var random = SeededGenerator(seed: seed)
    let list = sequence()
    let early = wave("S310203ab", .earlyWarning, minute: 0)
    let retraction = wave("S310203ab", .retraction, minute: 400)
    for withRetraction in [false, true] {
      let notices = [early] + list.map(\.0) + (withRetraction ? [retraction] : [])
      var expected: (outcome: Outcome?, live: [String], digest: String?)?
      for round in 0..<400 {
        var order = round == 0 ? notices : notices.shuffled(using: &random)
        if round > 0 { order.append(order.randomElement(using: &random)!) }
        var n = try network(list)
        for notice in order { _ = n.receive(notice, at: start + .hours(7)) }
        let got = (n.campaign?.decision?.outcome, n.live, try n.campaign?.order?.digest)
        if expected == nil { expected = got }
        #expect(got.0 == expected?.outcome, "seed \(seed) round \(round)")
        #expect(got.1 == expected?.live, "seed \(seed) round \(round)")
        #expect(got.2 == expected?.digest, "seed \(seed) round \(round)")
      }
      #expect(expected?.outcome == (withRetraction ? .stop : .go))
      #expect(expected?.live.isEmpty == withRetraction)
    }
  }

  @Test func retractionFirstPlansNothingEver() throws {
    let list = sequence()
    var n = try network(list)
    #expect(
      n.receive(wave("S310203ab", .retraction, minute: 400), at: start).names == [
        "announce STOP", "stop", "tags +STOP GRANDMA -",
      ])
    for (notice, _, _) in list {
      let names = n.receive(notice, at: start + .minutes(1)).names
      #expect(!names.contains { $0.hasPrefix("plan") || $0 == "stop" })
      #expect(!names.isEmpty)
    }
    #expect(n.live.isEmpty)
  }

  @Test func reinstatementNeedsAPersonAndThenRuns() throws {
    let list = sequence()
    var n = try network(list)
    _ = n.receive(list[0].0, at: start)
    let retraction = wave("S310203ab", .retraction, minute: 10)
    _ = n.receive(retraction, at: start + .minutes(10))
    #expect(
      n.receive(list[2].0, at: start + .minutes(40)).names == ["announce WATCH", "ask reinstate"])
    #expect(n.step(at: start + .minutes(41)).isEmpty)
    n.book.record(
      Reinstatement(
        retractionKey: retraction.duplicateKey, role: "weekly coordinator", at: start + .minutes(42)))
    #expect(
      n.step(at: start + .minutes(42)).names == ["announce GO", "tags +\(Self.high) -STOP GRANDMA", "plan 2"])
  }

  @Test func timersProposeAndNeverStop() throws {
    let list = sequence()
    var n = try network(list)
    _ = n.receive(list[2].0, at: start)
    let step = Lifecycle.step(
      from: n.campaign, in: Situation(event: n.book.events[0], policy: n.policy, now: start))
    // The plan is valid for 24 h after the event, two minutes before the timer.
    #expect(step.wake == time("2031-02-04T02:29:00Z"))
    #expect(n.step(at: start + .hours(24)).names == ["propose 24 h have passed", "note"])
    #expect(n.step(at: start + .hours(25)).isEmpty)
    #expect(n.step(at: start + .hours(26), [.stopDeclined(role: "weekly coordinator")]).isEmpty)
    #expect(n.step(at: start + .hours(48)).names == ["propose 48 h have passed"])
    _ = n.step(at: start + .hours(49), [.stopDeclined(role: "weekly coordinator")])
    #expect(n.step(at: start + .hours(72)).names == ["propose 72 h have passed"])
    #expect(n.campaign?.followUp.isRunning == true)
    let confirmed = n.step(at: start + .hours(73), [.stopConfirmed(role: "weekly coordinator")])
    #expect(
      confirmed.names == ["withdraw FRAM-Auger+NARROW+TAROT-TCA", "stop", "tags +STOP GRANDMA -\(Self.high)"])
    // A person ended it: only a person begins it again.
    #expect(n.receive(list[3].0, at: start + .hours(74)).names == ["announce GO", "ask reopen GO"])
    #expect(n.campaign?.followUp.end == .person)
  }

  @Test func aCounterpartLeavesOnlyTheLastTimerAndFadingProposes() throws {
    let list = sequence()
    var n = try network(list)
    _ = n.receive(list[2].0, at: start)
    n.hasCounterpart = true
    #expect(n.step(at: start + .hours(23)).isEmpty)
    #expect(n.step(at: start + .hours(25)).names == ["note"])
    n.brightness = Magnitude(21)
    #expect(n.step(at: start + .hours(30)).isEmpty)
    n.brightness = Magnitude(21.01)
    #expect(n.step(at: start + .hours(31)).names == ["propose the counterpart has faded to 21.01 mag"])
    n.brightness = Magnitude(20)
    #expect(n.step(at: start + .hours(32)).isEmpty)
    #expect(n.campaign?.followUp.proposal == nil)
    #expect(n.step(at: start + .hours(72)).names == ["propose 72 h have passed"])
  }

  @Test func circleFirstThenTheMap() throws {
    var notice = burst("fermi", "1", seconds: 0, radius: .degrees(5))
    notice.transient.durationClass = .short
    guard case .region(let region) = notice.localization else { return }
    let url = "https://example.org/glg_healpix_all_bn1.fit"
    notice.localization = .remoteMap(url: url, region: region)
    var n = try Network()
    let first = n.receive(notice, at: start)
    #expect(first.names == ["getMap", "announce GO", "tags +\(Self.high) -", "plan 1"])
    #expect(n.campaign?.order?.basis == .region(Coded(wrappedValue: region)))
    #expect(n.campaign?.order?.awaitedMap == url)
    // Not asked for twice.
    #expect(n.step(at: start + .minutes(1)).isEmpty)
    var summary = MapSummary()
    summary.area90 = .squareDegrees(50)
    summary.peak = region.center
    n.maps[url] = summary
    let second = n.step(at: start + .minutes(2))
    #expect(second.names.last == "plan 2")
    #expect(n.campaign?.order?.basis == .map(reference: url))
  }

  @Test func aMapThatCannotBeHadLeavesTheCircle() throws {
    var notice = burst("fermi", "1", seconds: 0, radius: .degrees(5))
    notice.transient.durationClass = .short
    guard case .region(let region) = notice.localization else { return }
    notice.localization = .remoteMap(url: "https://example.org/x.fit", region: region)
    var n = try Network()
    _ = n.receive(notice, at: start)
    n.unavailable = ["https://example.org/x.fit"]
    #expect(n.step(at: start + .minutes(9)).isEmpty)
    #expect(n.campaign?.order?.number == 1)
  }

  @Test func jointMapFirstThenTheOwnOne() throws {
    var (notice, reference, summary) = mapped(
      "S310203ab", .update, minute: 9, kind: "BNS", area90: 190, distance: 150)
    var coincidence = ExternalCoincidence()
    coincidence.combinedMap = .remoteMap(url: "https://example.org/combined.fits", region: nil)
    notice.wave?.coincidence = coincidence
    var n = try Network()
    n.maps[reference] = summary
    #expect(n.receive(notice, at: start).names.first == "getMap")
    #expect(n.campaign?.order?.basis == .map(reference: reference))
    #expect(n.campaign?.order?.awaitedMap == "https://example.org/combined.fits")
    n.maps["https://example.org/combined.fits"] = summary
    _ = n.step(at: start + .minutes(1))
    #expect(n.campaign?.order?.basis == .map(reference: "https://example.org/combined.fits"))
  }

  @Test func wellLocalisedEventsGetOneCentredTileEach() throws {
    // 90 % within 2.4 arcmin: below a quarter of ten.
    var notice = burst("swift", "1", seconds: 0, radius: .arcminutes(2.4))
    notice.transient.durationClass = .short
    var n = try Network()
    _ = n.receive(notice, at: start)
    let center = try #require(notice.localization.region).center
    #expect(n.campaign?.order?.centred.map(\.telescope) == ["FRAM-Auger", "NARROW", "TAROT-TCA"])
    #expect(n.campaign?.order?.centred.allSatisfy { $0.center.separation(from: center) < .arcseconds(0.01) } == true)
    #expect(n.live.count == 3)
    // Each side of the quarter, and other containments count as 90 %.
    for (radius, containment, count) in [
      (2.51, 0.9, 2), (2.49, 0.9, 3), (15.1, 0.9, 1), (27.8, 0.9, 1), (28, 0.9, 0), (1.68, 0.68, 3), (1.8, 0.68, 2),
    ] {
      var other = notice
      other.localization = .region(
        .circle(center: center, radius: .arcminutes(radius), containment: Fraction(containment)!))
      var m = try Network()
      _ = m.receive(other, at: start)
      #expect(m.campaign?.order?.centred.count == count, "\(radius) arcmin at \(containment)")
    }
  }

  @Test func limitedOrdersCentreOnlyTheTelescopesAllowed() throws {
    var notice = burst("svom", "1", seconds: 0, radius: .arcminutes(1))
    notice.source.mission = .svom
    var n = try Network()
    n.telescopes.append(TelescopeField(id: "Xinglong-TNT", shortSide: .arcminutes(11)))
    _ = n.receive(notice, at: start)
    #expect(n.campaign?.decision?.clause == "grandma-svom: well localised, first hour")
    #expect(n.campaign?.order?.centred.map(\.telescope) == ["FRAM-Auger", "NARROW", "TAROT-TCA"])
  }

  @Test func nothingToPlanOnIsSaid() throws {
    var notice = wave("S310203ab", .preliminary, minute: 1)
    notice.wave?.significant = true
    notice.wave?.classification = [NamedProbability(name: "BNS", probability: .one)]
    var n = try Network("grandma-r7")
    #expect(
      n.receive(notice, at: start).names == ["announce GO", "tags +GO GRANDMA -", "note"])
    #expect(n.step(at: start + .minutes(1)).isEmpty)
  }

  @Test func overridesAreRecordedAndOutliveNoticesThatChangeNoMind() throws {
    let list = sequence()
    var n = try network(list)
    _ = n.receive(list[0].0, at: start)
    let no = Override(
      role: "weekly coordinator", outcome: .no, reason: "glitch in L1", at: start + .minutes(3))
    #expect(
      n.step(at: start + .minutes(3), [.overridden(no)]).names == [
        "announce NO", "withdraw FRAM-Auger+NARROW+TAROT-TCA", "stop", "tags +STOP GRANDMA -GO GRANDMA",
      ])
    #expect(n.campaign?.decision?.orders.outcome == .go)
    #expect(n.receive(list[2].0, at: start + .minutes(40)).names == ["announce NO"])
    #expect(n.campaign?.decision?.override == no)
    #expect(
      n.step(at: start + .minutes(50), [.overrideLifted(role: "weekly coordinator")]).names == [
        "announce GO", "ask reopen GO",
      ])
    #expect(
      n.step(at: start + .minutes(51), [.reopened(role: "weekly coordinator")]).names == [
        "tags +\(Self.high) -STOP GRANDMA", "plan 2",
      ])
  }

  @Test func overridesByTheWrongRoleAreRefused() throws {
    let list = sequence()
    var n = try network(list)
    _ = n.receive(list[0].0, at: start)
    let names = n.step(
      at: start, [.overridden(Override(role: "observer", outcome: .no, reason: "x", at: start))]
    ).names
    #expect(names == ["note"])
    #expect(n.campaign?.decision?.override == nil)
  }

  @Test func aPersonsGoIsLimitedToTheTelescopesNamed() throws {
    let far = mapped("S310203ab", .initial, minute: 1, kind: "BNS", area90: 9000, distance: 900)
    var n = try network([far])
    #expect(n.receive(far.0, at: start).names == ["announce NO", "tags +Not I-care -"])
    let override = Override(
      role: "core team", outcome: .limited, reason: "test of the mount", telescopes: ["FRAM-Auger"], at: start)
    _ = n.step(at: start, [.overridden(override)])
    #expect(n.planned.map(\.telescope) == ["FRAM-Auger"])
    #expect(n.campaign?.tags == ["GO GRANDMA"])
    #expect(n.campaign?.order?.expires == time("2031-02-04T02:29:00Z"))
  }

  /// R17: a plan is only ever published for the order that stands.
  @Test func plansOfOldOrdersNeverLeave() throws {
    let seed: UInt64 = 17
    var random = SeededGenerator(seed: seed)
    let list = sequence()
    var refused = 0
    for _ in 0..<300 {
      var n = try network(list)
      // Plans take their time: they are ready in any order, long after newer notices.
      var pending: [(PlanOrder, [PlannedTelescope])] = []
      for notice in list.map(\.0).shuffled(using: &random) + [wave("S310203ab", .retraction, minute: 400)] {
        guard let event = n.book.insert(notice) else { continue }
        var situation = Situation(event: event, policy: n.policy, now: start)
        (situation.maps, situation.telescopes) = (n.maps, n.telescopes)
        let step = Lifecycle.step(from: n.campaign, in: situation)
        n.campaign = step.campaign
        for case .plan(let order) in step.actions { pending.append((order, n.plan(for: order, at: start))) }
        guard let (order, plan) = pending.randomElement(using: &random) else { continue }
        switch step.campaign.publication(of: plan, for: order.number, over: [], at: start) {
        case .publish: #expect(order.number == step.campaign.order?.number, "seed \(seed)")
        case .stale: refused += 1
        }
      }
      for (order, plan) in pending {
        guard case .stale? = n.campaign?.publication(of: plan, for: order.number, over: [], at: start) else {
          Issue.record("a plan after the retraction")
          continue
        }
      }
    }
    #expect(refused > 300)
  }

  @Test func nothingIsPlannedInThePast() throws {
    let list = sequence()
    var n = try network(list)
    _ = n.receive(list[0].0, at: start)
    let order = try #require(n.campaign?.order)
    let plan = n.plan(for: order, at: start - .minutes(15))
    guard case .publish(let diffs)? = n.campaign?.publication(of: plan, for: 1, over: [], at: start) else {
      Issue.record("not published")
      return
    }
    #expect(diffs.allSatisfy { $0.late == ["t0", "t1"] && $0.added == ["t2"] })
    #expect(diffs.flatMap(\.tiles).allSatisfy { $0.start >= start })
  }

  @Test func differencesNameEveryTile() {
    func tile(_ id: String, _ ra: Double, _ minute: Double, _ progress: PlannedTile.Progress = .waiting) -> PlannedTile {
      PlannedTile(
        id: id, center: Direction(ra: .degrees(ra), dec: .zero), filter: "r", start: start + .minutes(minute),
        progress: progress)
    }
    let old = PlannedTelescope(
      telescope: "T", planID: "a",
      tiles: [tile("1", 10, 0, .done), tile("2", 11, 10, .started), tile("3", 12, 20), tile("4", 13, 30), tile("5", 14, 40)])
    let new = PlannedTelescope(
      telescope: "T", planID: "b",
      tiles: [tile("x", 10, 15), tile("y", 12, 20), tile("z", 13, 45), tile("w", 20, 50)])
    let diff = PlanDiff(old: old, new: new, telescope: "T", now: start + .minutes(12))
    #expect(diff.kept == ["y"])
    #expect(diff.moved == ["z"])
    #expect(diff.added == ["w"])
    #expect(diff.removed == ["5"])
    #expect(diff.observed == ["1", "2"])
    #expect(diff.tiles.map(\.id) == ["1", "2", "y", "z", "w"])
    #expect(diff.text == "T: 1 kept, 1 moved, 1 added, 1 removed, 2 already observed")
    #expect(PlanDiff(old: new, new: new, telescope: "T", now: start).isEmpty)
  }

  @Test func campaignsReadBackUnchanged() throws {
    let list = sequence()
    var n = try network(list)
    for (notice, _, _) in list { _ = n.receive(notice, at: start) }
    n.brightness = Magnitude(21.5)
    _ = n.step(at: start + .hours(1))
    let campaign = try #require(n.campaign)
    let text = try RecordJSON.text(campaign)
    let back = try RecordJSON.value(Campaign.self, of: text)
    #expect(back == campaign)
    #expect(try RecordJSON.text(back) == text)
    n.campaign = back
    #expect(n.step(at: start + .hours(1)).isEmpty)
  }

  @Test func clocksThatJumpBackExpireNothing() throws {
    let list = sequence()
    var n = try network(list)
    _ = n.receive(list[2].0, at: start)
    #expect(n.step(at: start - .hours(24 * 7)).isEmpty)
    #expect(n.campaign?.followUp.isRunning == true)
    #expect(n.step(at: start + .hours(24)).names.first == "propose 24 h have passed")
  }
}
