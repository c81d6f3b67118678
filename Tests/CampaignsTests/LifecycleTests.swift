import Notices
import TestSupport
import Testing
import Units

@testable import Campaigns

@Suite struct LifecycleTests {
  let start = time("2031-02-03T02:31:00Z")
  static let go = "GO GRANDMA"
  static let high = "GO GRANDMA,GO GRANDMA (HIGH PRIORITY)"

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
    #expect(n.published[0].past == ["t1", "t2"] && n.published[0].removed.isEmpty)
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
    let declined = n.step(at: start + .hours(26), [.stopDeclined(role: "weekly coordinator")])
    #expect(declined.names == ["goes on"])
    #expect(n.step(at: start + .hours(26), [.stopDeclined(role: "weekly coordinator")]).isEmpty)
    #expect(n.step(at: start + .hours(48)).names == ["propose 48 h have passed"])
    // Nobody answers: it is asked again, and that is the last time.
    #expect(n.step(at: start + .hours(72)).names == ["propose 72 h have passed"])
    #expect(n.step(at: start + .hours(72.5)).isEmpty)
    #expect(n.campaign?.followUp.nextTimer == nil)
    #expect(n.campaign?.followUp.isRunning == true)
    let confirmed = n.step(at: start + .hours(73), [.stopConfirmed(role: "weekly coordinator")])
    #expect(
      confirmed.names == ["withdraw FRAM-Auger+NARROW+TAROT-TCA", "stop", "tags +STOP GRANDMA -\(Self.high)"])
    #expect(n.campaign?.decision?.outcome == .go && n.campaign?.outcome == .stop)
    #expect(n.campaign?.followUp.ending == "STOP confirmed by the weekly coordinator")
    // A person ended it: only a person begins it again.
    #expect(n.receive(list[3].0, at: start + .hours(74)).names == ["announce GO", "ask reopen GO"])
    #expect(n.campaign?.followUp.end == .person)
    #expect(n.campaign?.outcome == .stop)
    #expect(n.campaign?.followUp.ending == "STOP confirmed by the weekly coordinator")
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
    #expect(
      n.campaign?.order?.centred.allSatisfy { $0.center.separation(from: center) < .arcseconds(0.01) } == true
    )
    #expect(n.live.count == 3)
    // Each side of the quarter, and other containments count as 90 %.
    for (radius, containment, count) in [
      (2.51, 0.9, 2), (2.49, 0.9, 3), (15.1, 0.9, 1), (27.8, 0.9, 1), (28, 0.9, 0), (1.68, 0.68, 3),
      (1.8, 0.68, 2),
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
