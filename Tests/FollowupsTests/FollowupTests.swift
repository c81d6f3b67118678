import Ephemerides
import Foundation
import Observatories
import Photometry
import TelescopeFiles
import TestSupport
import Testing
import Units

@testable import Followups

private func time(_ text: String) -> Instant { Instant(iso8601: text)! }

/// A burst at 20 h RA, +30 deg, in July: up all night over the northern sites.
private let eventTime = time("2026-07-10T18:00:00Z")
private let burst = FollowupRequest.Target(
  name: "GRB 260710A", position: Direction(ra: .degrees(300), dec: .degrees(30)))

private let registry = Result { try TelescopeFiles.load(packageRoot.appending(path: "telescopes")).registry }

private func request(
  magnitude: Double = 17, curve: LightCurve = .powerLaw(decay: 0.9), policy: FollowupRequest.Policy = .grb,
  now: Instant = eventTime + .hours(1), target: FollowupRequest.Target = burst, hours: Double = 48
) throws -> FollowupRequest {
  let source = try ExpectedSource(curve, measured: Magnitude(magnitude), at: now - eventTime, in: .r)
  return FollowupRequest(
    target: target, source: source, eventTime: eventTime, window: TimeWindow(now, now + .hours(hours)),
    policy: policy, telescopes: try registry.get().telescopes, now: now)
}

private func reason(_ id: String, _ answer: FollowupAnswer) -> FollowupAnswer.Omission? {
  answer.omissions.first { $0.telescopeID == id }
}

@Suite struct FollowupTests {
  @Test func everyTelescopeIsOfferedOrExplained() throws {
    let asked = try request()
    let answer = try Followup.answer(to: asked)
    let named = answer.offers.map(\.telescope.id) + answer.omissions.map(\.telescopeID)
    #expect(Set(named) == Set(asked.telescopes.map(\.id)) && named.count == asked.telescopes.count)
    #expect(answer.offers.count > 20)
    #expect(answer.omissions.allSatisfy { !$0.reason.isEmpty && !$0.reason.hasSuffix(".") })
  }

  /// What the answer says of a visit is recomputed by the parts it is made of.
  @Test func visitsKeepTheLimitsAndTheirOwnFigures() throws {
    let asked = try request(magnitude: 18)
    let answer = try Followup.answer(to: asked)
    let ephemeris = try Ephemeris(covering: TimeWindow(asked.window.start, asked.window.end))
    for offer in answer.offers {
      let t = offer.telescope
      let observer = try Observer(t.site.position)
      for visit in offer.visits {
        #expect(visit.start >= asked.now && visit.end <= asked.window.end)
        let readouts = Double(visit.exposures.count - 1) * t.timing.readout.seconds
        let wall = visit.exposures.total.seconds + readouts
        #expect(abs((visit.end - visit.start).seconds - wall) < 1e-6)
        for instant in [visit.start, visit.middle, visit.end] {
          let frame = ephemeris.frame(of: observer, at: instant)
          let altitude = frame.altitude(of: burst.position)
          #expect(altitude >= t.limits.minAltitude, "\(t.id)")
          let sun = ephemeris.sun(in: frame).horizontal.altitude
          #expect(sun <= t.limits.maxSunAltitude, "\(t.id)")
        }
        let expected = try asked.source.magnitude(at: visit.middle - eventTime, in: offer.band)
        #expect(abs(expected.value - visit.expected.value) < 1e-9)
        let moon = MoonInSky(
          altitude: visit.moonAltitude, separation: visit.moonSeparation, illuminated: visit.moonIlluminated)
        let limit = try #require(DepthModel(t, band: offer.band)).limit(
          in: visit.exposures.total, under: .init(altitude: visit.altitude, moon: moon))
        #expect(abs(limit.value - visit.limit.value) < 1e-6)
        // Assumed ranges are for faint sources: bright ones may be exposed for less.
        let isAssumed = t.assumptions.contains { $0.key == "exposure.range_s" }
        #expect(visit.exposures.each >= (isAssumed ? .seconds(30) : t.exposure.shortest))
        #expect(visit.exposures.each <= t.exposure.longest)
        #expect(visit.exposures.isDeepEnough == (visit.margin >= -0.005))
      }
      #expect(offer.delay == offer.first.start - asked.now)
      #expect(offer.latestStart >= offer.first.start)
      #expect(offer.notify >= asked.now && offer.notify <= offer.first.start)
    }
  }

  @Test func rulesOfTheManualHold() throws {
    var asked = try request(policy: .svom)
    asked.permissions = ["C2PU-Omicron": [.approved]]
    let answer = try Followup.answer(to: asked)
    // SVOM's own telescopes are never asked for SVOM bursts, but for others.
    for id in ["GMG-2.4m", "Xinglong-TNT"] {
      #expect(reason(id, answer)?.code == "excluded")
      #expect(reason(id, answer)?.reason.contains("SVOM") == true)
    }
    // Xinglong wants a counterpart that somebody has detected.
    var seen = try request(policy: .grb)
    seen.permissions = ["Xinglong-TNT": [.detected]]
    let other = try Followup.answer(to: seen)
    for id in ["GMG-2.4m", "Xinglong-TNT"] { #expect(reason(id, other)?.code != "excluded", "\(id)") }
    // C2PU takes what is fainter than 21.5 only: not a burst of 17, but one of 22.
    let bright = try #require(reason("C2PU-Omicron", answer))
    #expect(bright.code == "excluded" && bright.reason.contains("fainter than 21.5"))
    var faint = try request(magnitude: 22)
    faint.permissions = ["C2PU-Omicron": [.approved]]
    #expect(try Followup.answer(to: faint).offers.contains { $0.telescope.id == "C2PU-Omicron" })
    // Without consent it is not asked at all.
    #expect(reason("C2PU-Omicron", other)?.reason.contains("publications") == true)
  }

  /// The source becomes faint enough during the window: the visit waits for that.
  @Test func aSourceThatFadesIsTakenWhenItIsFaintEnough() throws {
    var asked = try request(magnitude: 21.2, curve: .fading(magnitudesPerDay: 0.6))
    asked.permissions = ["C2PU-Omicron": [.approved]]
    let offer = try #require(
      try Followup.answer(to: asked).offers.first { $0.telescope.id == "C2PU-Omicron" })
    #expect(offer.first.expected >= Magnitude(21.5))
    #expect(offer.delay > .hours(12))
  }

  /// VIRT wants prompt requests between 10:00 and 04:00 UTC.
  @Test func timesOfRequests() throws {
    let early = try request(now: time("2026-07-11T05:00:00Z"))
    #expect(reason("VIRT", try Followup.answer(to: early))?.code == "excluded")
    let late = try request(now: time("2026-07-10T23:00:00Z"))
    #expect(reason("VIRT", try Followup.answer(to: late))?.code != "excluded")
  }

  /// UBAI gives 45 minutes a night, to both of its telescopes together.
  @Test func allocationsLimitAndEnd() throws {
    var asked = try request(magnitude: 20)
    let free = try #require(
      try Followup.answer(to: asked).offers.first { $0.telescope.id == "UBAI-NT60" })
    #expect(free.first.exposures.total <= .minutes(45))
    #expect(free.allocation?.contains("0.75 h") == true)
    var use = AllocationUse()
    use.hoursTonight = 0.75
    asked.use = ["UBAI-NT60": use]
    let spent = try #require(reason("UBAI-NT60", try Followup.answer(to: asked)))
    #expect(spent.code == "allocation" && spent.reason == "0.75 h of 0.75 h used tonight")
  }

  /// A 2.4 m telescope needs no 50 minutes on a source of 15.
  @Test func brightSourcesTakeShortSeries() throws {
    let answer = try Followup.answer(to: try request(magnitude: 15))
    let large = try #require(answer.offers.first { $0.telescope.id == "GMG-2.4m" })
    #expect(large.first.exposures == ExposurePlan(count: 4, each: .seconds(30)))
    #expect(large.isDeepEnough)
  }

  @Test func filtersAreChosenAndExplained() throws {
    var asked = try request()
    asked.bands = [.r]
    let answer = try Followup.answer(to: asked)
    for offer in answer.offers {
      #expect(offer.band == .r || offer.band == .R)
      if offer.filter == "clear" { #expect(offer.notes.contains { $0.contains("unfiltered") }) }
      if offer.filter == "R" { #expect(offer.notes.contains("R stands in for r")) }
    }
    asked.bands = [.u]
    let blue = try Followup.answer(to: asked)
    #expect(blue.offers.count < answer.offers.count)
    #expect(reason("TAROT-TCA", blue)?.code == "no_filter")
  }

  @Test func revisitsKeepTheirGap() throws {
    var asked = try request(magnitude: 16)
    asked.visits = 3
    asked.leastGap = .hours(2)
    let answer = try Followup.answer(to: asked)
    #expect(answer.offers.contains { $0.visits.count == 3 })
    for offer in answer.offers {
      for (a, b) in zip(offer.visits, offer.visits.dropFirst()) {
        #expect(b.start - a.end >= .hours(2))
        #expect(b.expected > a.expected)
      }
    }
  }

  @Test func rankingPrefersDepthThenBudgetThenDelay() throws {
    func keys(_ priority: FollowupRequest.Priority) throws -> [(Bool, Int, Double)] {
      var asked = try request(magnitude: 18.5)
      asked.priority = priority
      return try Followup.answer(to: asked).offers.map {
        ($0.isDeepEnough, Followup.tier($0.telescope), ($0.delay.seconds / 600).rounded(.down))
      }
    }
    let normal = try keys(.normal)
    for (a, b) in zip(normal, normal.dropFirst()) {
      #expect(a.0 || !b.0)
      if a.0 == b.0 { #expect(a.1 <= b.1) }
      if a.0 == b.0, a.1 == b.1 { #expect(a.2 <= b.2) }
    }
    let high = try keys(.high)
    for (a, b) in zip(high, high.dropFirst()) where a.0 == b.0 { #expect(a.2 <= b.2) }
    #expect(normal.map(\.1) != high.map(\.1))
  }

  @Test func badInputIsSaid() throws {
    var over = try request()
    over.now = over.window.end
    #expect(throws: FollowupError.windowIsOver(over.window, now: over.now)) {
      try Followup.answer(to: over)
    }
    var many = try request()
    many.visits = 0
    #expect(throws: FollowupError.visits(0)) { try Followup.answer(to: many) }
    many.visits = 1
    many.longestVisit = .seconds(1e12)
    #expect(throws: FollowupError.self) { try Followup.answer(to: many) }
    // A light curve that ends before the window does.
    let short = LightCurve(
      id: "short", title: "short", citation: "test",
      form: .linear(absolute: Magnitude(-16), magnitudesPerDay: 1), covered: .seconds(0)...(.hours(10)))
    #expect(throws: FollowupError.self) { try Followup.answer(to: try request(curve: short)) }
    var none = try request()
    none.telescopes = []
    let empty = try Followup.answer(to: none)
    #expect(empty.offers.isEmpty && empty.omissions.isEmpty)
    // An error circle wider than any narrow field.
    var vague = burst
    vague.error = .degrees(1.5)
    let wide = try Followup.answer(to: try request(target: vague))
    #expect(reason("KAO", wide)?.code == "field_too_small")
    #expect(wide.offers.allSatisfy { ($0.telescope.field?.extent.width ?? .degrees(9)) >= .degrees(3) })
  }

  @Test func textAndJSONSayTheSame() throws {
    let asked = try request(magnitude: 19)
    let answer = try Followup.answer(to: asked)
    let text = FollowupTable.text(answer, of: asked)
    #expect(text.utf8.allSatisfy { $0 < 128 || $0 >= 194 })
    for offer in answer.offers { #expect(text.contains(offer.telescope.id)) }
    for omission in answer.omissions {
      #expect(text.contains("  \(omission.telescopeID): \(omission.reason)"))
    }
    let data = Data(FollowupTable.json(answer, of: asked).utf8)
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let offers = try #require(object["offers"] as? [[String: Any]])
    #expect(offers.compactMap { $0["telescope"] as? String } == answer.offers.map(\.telescope.id))
    #expect((object["left_out"] as? [Any])?.count == answer.omissions.count)
    // Equal requests give equal answers.
    #expect(
      FollowupTable.json(try Followup.answer(to: asked), of: asked) == String(decoding: data, as: UTF8.self))
  }
}
