import Dashboard
import Followups
import Observatories
import Store
import Units

extension StoreFollowupDesk {
  static func view(
    _ answer: FollowupAnswer, of request: FollowupRequest, id: String, _ about: String?, _ isMock: Bool,
    by identity: Identity
  ) -> FollowupView {
    let target = request.target
    return FollowupView(
      id: id, name: target.name, raDeg: rounded(target.position.ra.normalized.degrees, 6),
      decDeg: rounded(target.position.dec.degrees, 6),
      errorArcsec: target.error.map { rounded($0.arcseconds, 3) },
      event: about, isMock: isMock, policy: request.policy.rawValue, priority: request.priority.rawValue,
      model: request.source.curve.title, eventTimeUTC: request.eventTime.iso8601(),
      startUTC: request.window.start.iso8601(), endUTC: request.window.end.iso8601(),
      madeUTC: request.now.iso8601(), actor: identity.actor,
      offers: answer.offers.enumerated().map { offer($1, rank: $0 + 1) },
      leftOut: answer.omissions.map {
        .init(telescope: $0.telescopeID, slug: $0.slug, code: $0.code, reason: $0.reason)
      })
  }

  private static func offer(_ o: FollowupAnswer.Offer, rank: Int) -> FollowupView.Offer {
    let t = o.telescope
    return FollowupView.Offer(
      rank: rank, telescope: t.id, slug: t.slug, filter: o.filter, band: o.band.rawValue,
      delayS: rounded(o.delay.seconds, 0), deepEnough: o.isDeepEnough,
      latestStartUTC: o.latestStart.iso8601(), notifyUTC: o.notify.iso8601(), usage: t.usage?.level.rawValue,
      allocation: o.allocation, channel: t.channel?.kind, notes: o.notes, visits: o.visits.map(visit))
  }

  private static func visit(_ v: FollowupAnswer.Visit) -> FollowupView.Visit {
    FollowupView.Visit(
      startUTC: v.start.iso8601(), endUTC: v.end.iso8601(), exposures: v.exposures.count,
      exposureS: rounded(v.exposures.each.seconds, 1), expectedMag: rounded(v.expected.value, 2),
      limitMag: rounded(v.limit.value, 2), altDeg: rounded(v.altitude.degrees, 1),
      airmass: rounded(min(v.airmass, 99), 3), moonSepDeg: rounded(v.moonSeparation.degrees, 1),
      moonAltDeg: rounded(v.moonAltitude.degrees, 1))
  }

  /// JSON has no number for what is not finite.
  private static func rounded(_ value: Double, _ decimals: Int) -> Double {
    guard value.isFinite else { return 99 }
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    return (value * scale).rounded() / scale
  }
}

extension Telescope {
  /// Leaves out what its team has said is out, as plans do.
  mutating func leaveOut(_ outage: OutageDraft, from now: Instant) {
    guard let filter = outage.filter else {
      closures.append(.init(window: outage.window, reason: "\(outage.kind.rawValue): \(outage.reason)"))
      return
    }
    // A source needs one filter: without it the telescope offers another.
    guard outage.window.contains(now) else { return }
    filters.removeAll { $0 == filter }
    if exposure.filter == filter { exposure.filter = filters.first }
  }
}
