import Dashboard
import Ephemerides
import Formats
import Observatories
import Units

/// What pages need again and again and what never changes or changes with the clock only: digests of plans,
/// the motion of the sky, the night of every site.
final class Sight: Sendable {
  private struct Inner {
    var digests: [String: PlanDigest] = [:]
    var order: [String] = []
    var memos: [String: (revision: Int64, memo: EventMemo)] = [:]
    var changes: [String: PlanSheet.Change] = [:]
    var regions: [String: FileView] = [:]
    var sky: Ephemeris?
    var nights: [String: SiteNight] = [:]
    var minute: Int64 = .min
  }
  private let inner = Guard(Inner())
  /// Digests kept: some megabytes.
  private static let capacity = 200
  private static let regionCapacity = 30

  func digest(_ plan: String) -> PlanDigest? { inner.withLock { $0.digests[plan] } }

  func keep(_ digest: PlanDigest, of plan: String) {
    inner.withLock { inner in
      if inner.digests.updateValue(digest, forKey: plan) == nil { inner.order.append(plan) }
      if inner.order.count > Self.capacity { inner.digests[inner.order.removeFirst()] = nil }
    }
  }

  /// The record of an event as it was read last, if it is of that revision still.
  func memo(_ id: String, revision: Int64) -> EventMemo? {
    inner.withLock { inner in inner.memos[id].flatMap { $0.revision == revision ? $0.memo : nil } }
  }

  func keep(_ memo: EventMemo, of id: String, revision: Int64) {
    inner.withLock { inner in
      if inner.memos.count >= Self.capacity { inner.memos = [:] }
      inner.memos[id] = (revision, memo)
    }
  }

  /// Two plans never differ otherwise than they did.
  func change(_ plans: String) -> PlanSheet.Change? { inner.withLock { $0.changes[plans] } }

  func keep(_ change: PlanSheet.Change, between plans: String) {
    inner.withLock { inner in
      if inner.changes.count >= Self.capacity { inner.changes = [:] }
      inner.changes[plans] = change
    }
  }

  /// Credible regions as files, by event, revision and name.
  func region(_ key: String) -> FileView? { inner.withLock { $0.regions[key] } }

  func keep(_ view: FileView, region key: String) {
    inner.withLock { inner in
      if inner.regions.count >= Self.regionCapacity { inner.regions = [:] }
      inner.regions[key] = view
    }
  }

  /// The sky about a moment; nil for times outside the models.
  func sky(at now: Instant, _ earth: EarthOrientation) -> Ephemeris? {
    inner.withLock { inner in
      let needed = SiteNight.window(about: now)
      if let held = inner.sky, held.window.start <= needed.start, needed.end <= held.window.end {
        return held
      }
      let wide = TimeWindow(needed.start - .hours(1), needed.end + .hours(6))
      inner.sky = try? Ephemeris(covering: wide, earthOrientation: earth)
      return inner.sky
    }
  }

  /// The night of every telescope, worked out once a minute.
  func nights(of telescopes: [Telescope], at now: Instant, _ earth: EarthOrientation) -> [String: SiteNight] {
    guard let sky = sky(at: now, earth) else { return [:] }
    let minute = now.tai / 60_000_000_000
    return inner.withLock { inner in
      if inner.minute == minute, inner.nights.count == telescopes.count { return inner.nights }
      var nights: [String: SiteNight] = [:]
      for telescope in telescopes {
        // A position that is none on Earth has no night; the linter says so elsewhere.
        guard let observer = try? Observer(telescope.site.position) else { continue }
        nights[telescope.slug] = SiteNight(
          sky, at: observer, below: telescope.limits.maxSunAltitude, now: now, withTwilights: false)
      }
      (inner.nights, inner.minute) = (nights, minute)
      return nights
    }
  }
}
