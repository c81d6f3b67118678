import Dashboard
import Ephemerides
import Formats
import Observatories
import Store
import Units

/// The board: who is dark, who is to be called, who has what.
extension StoreDesk {
  func network(of events: [String]) async throws(DeskError) -> NetworkView {
    let now = state.clock.now()
    let (telescopes, earth) = (state.settings.telescopes, state.settings.earth)
    let nights = state.sight.nights(of: telescopes, at: now, earth)
    var cells: [String: [TelescopeNow.Cell]] = [:]
    for event in events {
      for (slug, cell) in try await self.cells(of: event) { cells[slug, default: []].append(cell) }
    }
    let lines = try await self.telescopes()
    let all = zip(telescopes, lines).map { telescope, line in
      let night = nights[telescope.slug]
      return TelescopeNow(
        telescope: line, night: night?.state.rawValue, darkFromUTC: night?.dark?.start.iso8601(),
        darkUntilUTC: night?.dark?.end.iso8601(), channel: telescope.channel?.kind,
        cells: cells[telescope.slug] ?? [])
    }
    return NetworkView(nowUTC: now.iso8601(), telescopes: all)
  }

  private func cells(of id: String) async throws(DeskError) -> [String: TelescopeNow.Cell] {
    let stored = try await asked { () async throws(StoreError) in try await store.event(id) }
    guard let plan = try memo(stored).planID else { return [:] }
    let digest = try await digest(of: plan)
    let progress = try await asked { () async throws(StoreError) in try await store.progress(of: [plan]) }
    let sendings = try await asked { () async throws(StoreError) in
      try await store.deliveryProgress(of: [id])
    }
    // Something reached somebody, and nothing is on its way any more.
    let isSent = sendings[id].map { $0.done > 0 && $0.open == 0 } ?? false
    var cells: [String: TelescopeNow.Cell] = [:]
    for part in progress {
      cells[part.telescope] = TelescopeNow.Cell(
        event: id, state: Self.state(of: part.states, isSent: isSent), tiles: part.states.values.reduce(0, +),
        firstUTC: part.window.start.iso8601(), reason: part.reason)
    }
    for left in digest.summary.omissions where cells[left.slug] == nil {
      cells[left.slug] = TelescopeNow.Cell(event: id, state: "left_out", tiles: 0, reason: left.reason)
    }
    return cells
  }

  /// One word for the states of a telescope's pointings, by the names the store has for them. States of later
  /// versions come through as they are.
  static func state(of counts: [String: Int], isSent: Bool) -> String {
    func has(_ states: String...) -> Bool { states.contains { counts[$0, default: 0] > 0 } }
    if has("started") { return "observing" }
    let isWaiting = has("sent", "seen", "accepted")
    if isWaiting, has("observed", "data", "photometry") { return "observing" }
    if has("accepted") { return "accepted" }
    if has("seen") { return "seen" }
    // In its queue, and nobody has been told yet.
    if isWaiting { return isSent ? "sent" : "planned" }
    // What is furthest along speaks for all.
    let words = [
      ("photometry", "photometry"), ("data", "data"), ("observed", "done"), ("refused", "cannot"),
      ("expired", "expired"), ("withdrawn", "stopped"),
    ]
    if let word = words.first(where: { has($0.0) })?.1 { return word }
    return counts.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key ?? "planned"
  }

  func world(_ network: NetworkView) async -> Drawing? {
    let now = state.clock.now()
    guard let sky = state.sight.sky(at: now, state.settings.earth) else { return nil }
    let positions = Dictionary(
      state.settings.telescopes.map { ($0.slug, $0.site.position) }, uniquingKeysWith: { first, _ in first })
    let sites = network.telescopes.compactMap { one -> WorldChart.Site? in
      guard let position = positions[one.telescope.slug] else { return nil }
      let (word, tone) = one.summary
      return WorldChart.Site(
        name: one.telescope.id, position: position, word: word, tone: tone, href: "/t/\(one.telescope.slug)")
    }
    return WorldChart(now: now, sites: sites, ephemeris: sky).map { Drawing(madeHere: $0.render()) }
  }

  // MARK: One telescope

  /// Everything but the state: the observer is at the site, the sky about now.
  func night(of telescope: Telescope, at now: Instant) -> (Ephemeris, Observer, SiteNight)? {
    guard let sky = state.sight.sky(at: now, state.settings.earth),
      let observer = try? Observer(telescope.site.position)
    else { return nil }
    return (sky, observer, SiteNight(sky, at: observer, below: telescope.limits.maxSunAltitude, now: now))
  }

  func sky(of slug: String) async throws(DeskError) -> TelescopeSky {
    guard let telescope = state.settings.telescopes.first(where: { $0.slug == slug }) else {
      throw .notFound("no telescope is called \(slug)")
    }
    let now = state.clock.now()
    var view = TelescopeSky()
    view.zone = telescope.site.timeZone
    view.offsetMinutes = telescope.site.timeZone.flatMap { SiteClock.offsetMinutes(of: $0, at: now) }
    guard let (sky, observer, night) = night(of: telescope, at: now) else { return view }
    let sidereal = sky.frame(of: observer, at: now).localSiderealTime.hours
    view.siderealTime = SiteClock.hoursAndMinutes(sidereal)
    let queue = try await asked { () async throws(StoreError) in try await store.queue(of: slug, after: now) }
    var chart = ObservabilityChart(
      site: telescope.id, observer: observer, ephemeris: sky, night: night, now: now,
      minAltitude: telescope.limits.minAltitude, maxAirmass: telescope.limits.maxAirmass)
    chart.blocks = queue.map { .init(window: $0.assignment.window, direction: $0.assignment.direction) }
    if let next = queue.first?.assignment {
      chart.target = ("tile \(next.tile)", next.direction)
      let seen = chart.look(at: next.direction, now)
      (view.altitudeDeg, view.moonAltitudeDeg) = (seen.altitude.degrees, seen.moonAltitude.degrees)
      view.airmass = seen.airmass.isFinite ? seen.airmass : nil
      view.moonSeparationDeg = seen.moonSeparation.degrees
      view.setsUTC = chart.setting?.iso8601()
    }
    view.moonIllumination = sky.moonPhase(at: now).illuminated.value
    view.chart = Drawing(madeHere: chart.render())
    return view
  }
}
