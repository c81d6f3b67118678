import Ephemerides
import Observatories
import Queues
import Store
import Units

/// A team that has pointings of a plan to do and has said nothing about any of them.
struct SilentTeam: Sendable {
  let telescope: Telescope
  let event: String
  let plan: String
  /// By start.
  let pointings: [StoredAssignment]
  /// Its night that runs or comes next; nil where the Sun does not set.
  let night: SiteNight?
}

/// Finds who is silent.
struct SilentTeams: Sendable {
  let store: Store
  let telescopes: [Telescope]
  let earth: EarthOrientation

  /// By telescope and plan, at an instant.
  func list(at now: Instant) async throws(StoreError) -> [SilentTeam] {
    guard let sky = try? Ephemeris(covering: SiteNight.window(about: now), earthOrientation: earth) else {
      return []  // without a sky nobody knows whose night begins
    }
    var found: [SilentTeam] = []
    for telescope in telescopes {
      let queue = try await store.queue(of: telescope.slug, after: now)
      guard !queue.isEmpty else { continue }
      let night = try? SiteNight(
        sky, at: Observer(telescope.site.position), below: telescope.limits.maxSunAltitude, now: now,
        withTwilights: false)
      for (plan, own) in Dictionary(grouping: queue, by: \.plan).sorted(by: { $0.key < $1.key }) {
        // One word about one pointing is an answer.
        let all = try await store.assignments(of: plan).filter { $0.assignment.telescope == telescope.slug }
        guard all.allSatisfy({ [.sent, .seen, .withdrawn].contains($0.state) }), let first = own.first else {
          continue
        }
        found.append(
          SilentTeam(telescope: telescope, event: first.event, plan: plan, pointings: own, night: night))
      }
    }
    return found
  }

  /// Of some plans only, with nights that are known already: what a page asks for.
  func list(
    of plans: [String], nights: [String: SiteNight], at now: Instant
  ) async throws(StoreError) -> [SilentTeam] {
    let known = Dictionary(telescopes.map { ($0.slug, $0) }, uniquingKeysWith: { first, _ in first })
    let waiting: Set<String> = ["sent", "seen", "withdrawn"]
    var found: [SilentTeam] = []
    for part in try await store.progress(of: plans) where waiting.isSuperset(of: part.states.keys) {
      guard let telescope = known[part.telescope] else { continue }
      let own = try await store.queue(of: part.telescope, after: now).filter { $0.plan == part.plan }
      guard let first = own.first else { continue }
      found.append(
        SilentTeam(
          telescope: telescope, event: first.event, plan: part.plan, pointings: own,
          night: nights[part.telescope]))
    }
    return found
  }
}
