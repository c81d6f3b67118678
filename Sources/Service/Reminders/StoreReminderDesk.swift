import Dashboard
import Ephemerides
import Observatories
import Rosters
import Store
import Units

struct StoreReminderDesk: ReminderDesk {
  let state: ServiceState
  /// How many days a calendar of nights looks ahead.
  private static let calendarDays = 14.0

  private func asked<T>(_ body: () async throws(StoreError) -> T) async throws(DeskError) -> T {
    try await StoreDesk(state: state).asked(body)
  }

  func unanswered(of event: String) async throws(DeskError) -> [UnansweredView] {
    let now = state.clock.now()
    let stored = try await asked { () async throws(StoreError) in try await state.store.event(event) }
    // A request for a point source has plans of its own, one a telescope.
    let plans = try await asked { () async throws(StoreError) in
      try await state.store.plans(of: stored.id, state: .live)
    }
    let nights = state.sight.nights(of: state.settings.telescopes, at: now, state.settings.earth)
    let teams = try await asked { () async throws(StoreError) in
      try await SilentTeams(
        store: state.store, telescopes: state.settings.telescopes, earth: state.settings.earth
      ).list(of: plans.map(\.id), nights: nights, at: now)
    }
    let sent = try await asked { () async throws(StoreError) in try await Reminders.sent(state.store) }
    return teams.sorted {
      let (a, b) = ($0.night?.dark?.start ?? .distantEnd, $1.night?.dark?.start ?? .distantEnd)
      return (a, $0.telescope.slug) < (b, $1.telescope.slug)
    }.map { team in
      let key = Reminders.key(of: team)
      return UnansweredView(
        slug: team.telescope.slug, name: team.telescope.id, plan: team.plan, pointings: team.pointings.count,
        nightStartUTC: team.night?.dark?.start.iso8601(), nightEndUTC: team.night?.dark?.end.iso8601(),
        remindedUTC: sent.first { $0.key == key }?.at.iso8601(), channel: team.telescope.channel?.kind)
    }
  }

  func nights(of slug: String) async throws(DeskError) -> FileView {
    let telescope = try StoreQueueDesk(state: state).telescope(slug)
    let now = state.clock.now()
    let queue = try await asked { () async throws(StoreError) in
      try await state.store.queue(of: slug, after: now)
    }
    // The same all through an hour, so that who asks again gets 304.
    let hour: Int64 = 3_600_000_000_000
    let stamp = Instant(tai: now.tai - now.tai % hour)
    let span = TimeWindow(stamp - .hours(24), stamp + .hours(24 * Self.calendarDays))
    let nights: [TimeWindow]
    do {
      nights = try Ephemeris(covering: span, earthOrientation: state.settings.earth).windows(
        of: .sun, below: telescope.limits.maxSunAltitude, from: Observer(telescope.site.position), in: span)
    } catch {
      throw .unavailable("the nights of \(slug) cannot be worked out: \(error)")
    }
    // Names behind the @ of UIDs must not change when the service moves.
    let host = "vesper.grandma"
    let sun = Int(telescope.limits.maxSunAltitude.degrees.rounded())
    var events = nights.filter { $0.end > stamp && $0.start > span.start }.map { night in
      CalendarEvent(
        uid: "night-\((night.start - .hours(6)).iso8601().prefix(10))-\(slug)@\(host)", window: night,
        summary: "\(telescope.id): night", details: "The Sun is below \(sun) deg.", location: slug,
        categories: ["GRANDMA"], isBusy: false)
    }
    events += CalendarDesk.entries(queue, slug: slug, host: host)
    let text = EventCalendar(name: "Vesper: nights of \(telescope.id)", events: events).text(stamp: stamp)
    return FileView(bytes: Array(text.utf8), mediaType: "text/calendar; charset=utf-8", isImmutable: false)
  }
}

extension Instant {
  /// Behind every night.
  fileprivate static let distantEnd = Instant(tai: .max)
}
