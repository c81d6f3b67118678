import Observatories
import Store
import Units

/// What telescopes have been asked for already, counted as their terms count it.
struct AllocationBook {
  /// Longer than a semester and than any budget of requests.
  static let reach = Duration.hours(24 * 190)

  private let used: [UsedPointing]
  private let telescopes: [Telescope]
  private let now: Instant

  init(_ used: [UsedPointing], of telescopes: [Telescope], at now: Instant) {
    self.used = used
    self.telescopes = telescopes
    self.now = now
  }

  /// By telescope id; those that share an allocation have the sum.
  /// - Parameter event: whose own use is counted beside.
  func use(for event: String?) -> [String: AllocationUse] {
    let bySlug = Dictionary(grouping: used, by: \.telescope)
    var own: [String: AllocationUse] = [:]
    for telescope in telescopes {
      guard let pointings = bySlug[telescope.slug] else { continue }
      own[telescope.id] = use(of: telescope, pointings, event)
    }
    var result: [String: AllocationUse] = [:]
    for telescope in telescopes {
      let all = [telescope.id] + telescope.terms.sharedWith.filter { $0 != telescope.id }
      let parts = all.compactMap { own[$0] }
      guard !parts.isEmpty else { continue }
      result[telescope.id] = parts.reduce(into: AllocationUse()) { sum, part in
        sum.hoursTonight += part.hoursTonight
        sum.hoursThisSemester += part.hoursThisSemester
        sum.hoursForEvent += part.hoursForEvent
        sum.fieldsTonight += part.fieldsTonight
        sum.fieldsForEvent += part.fieldsForEvent
        sum.requests += part.requests
      }
    }
    return result
  }

  private func use(
    of telescope: Telescope, _ pointings: [UsedPointing], _ event: String?
  ) -> AllocationUse {
    let noon = Self.noon(before: now, longitude: telescope.site.position.longitude)
    let semester = Self.semester(before: now)
    var use = AllocationUse()
    // A campaign that is planned anew asks once.
    var asked: [String: Instant] = [:]
    for p in pointings {
      let hours = Self.openShutter(p, readout: telescope.timing.readout).seconds / 3600
      let request = "\(p.event)\n\(p.scope)"
      asked[request] = min(asked[request] ?? p.asked, p.asked)
      if p.window.start >= noon, p.window.start < noon + .hours(24) {
        use.hoursTonight += hours
        use.fieldsTonight += 1
      }
      if p.window.start >= semester { use.hoursThisSemester += hours }
      if p.event == event {
        use.hoursForEvent += hours
        use.fieldsForEvent += 1
      }
    }
    use.requests = asked.values.sorted()
    return use
  }

  /// Of all exposures: as many as fill the window with the readouts between them.
  static func openShutter(_ p: UsedPointing, readout: Duration) -> Duration {
    let (one, gap) = (p.exposure.seconds, max(0, readout.seconds))
    let count = max(1, ((p.window.duration.seconds + gap) / (one + gap)).rounded())
    return .seconds(count * one)
  }

  /// The last mean noon of a longitude.
  static func noon(before now: Instant, longitude: Angle) -> Instant {
    let u = now.utc
    guard let midnight = Instant(utcYear: u.year, month: u.month, day: u.day, hour: 0, minute: 0, second: 0)
    else { return now - .hours(24) }
    var noon = midnight + .hours(12 - longitude.degrees / 15)
    while noon > now { noon = noon - .hours(24) }
    while noon + .hours(24) <= now { noon = noon + .hours(24) }
    return noon
  }

  /// 1 February or 1 August, UTC.
  static func semester(before now: Instant) -> Instant {
    let u = now.utc
    let (year, month) = u.month >= 8 ? (u.year, 8) : u.month >= 2 ? (u.year, 2) : (u.year - 1, 8)
    return Instant(utcYear: year, month: month, day: 1, hour: 0, minute: 0, second: 0) ?? now - reach
  }
}
