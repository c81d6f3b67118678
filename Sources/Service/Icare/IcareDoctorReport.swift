import Icare
import Observatories
import Targeting
import Units

extension IcareAccess {
  /// Looks at ICARE, the token and its user; reads only. Status: 0 all is there, 1 something is odd, 2 something
  /// that is needed is missing, 3 no answer.
  public func doctor(clock: ServiceClock) async -> CommandReport {
    let begin = clock.uptime()
    let facts = await IcareFacts.gather(from: client, group: group, now: { clock.now() })
    let seconds = (clock.uptime() - begin).seconds
    let forms = requests.compactMap { slug, api in instruments[slug].map { ($0, api) } }
    let findings = IcareDoctor.report(
      facts, group: group, instruments: instruments.values.sorted(),
      requests: Dictionary(forms, uniquingKeysWith: { a, _ in a }))
    var lines = ["ICARE at \(address), group \(group)"]
    for finding in findings {
      let mark =
        switch finding.grade {
        case .good: "[ok]  "
        case .warning: "[look]"
        case .missing: "[MISS]"
        }
      lines.append("\(mark) \(finding.text)" + (finding.ask.map { "\n       ask \($0)" } ?? ""))
    }
    guard facts.version != nil else {
      // The reason is in what could not be read.
      return CommandReport(lines + facts.unread.map { "       \($0)" }, .noAnswer)
    }
    let wasLimited = facts.unread.contains { $0.contains("rate limit") }
    lines.append(
      wasLimited
        ? "[look] ICARE's rate limit was hit: something else uses the same token"
        : "[ok]   read in \(Int(min(max(seconds, 0), 1e6).rounded())) s at 4 requests a second; ICARE allows 5"
    )
    let worst = findings.map(\.grade).max() ?? .good
    let code: CommandReport.Code =
      worst == .missing ? .failed : worst == .warning || wasLimited ? .look : .good
    return CommandReport(lines, code)
  }
}

/// The comparison of our telescopes with ICARE's, for people to consent to.
public struct IcareComparison: Sendable {
  public let items: [IcareSyncItem]
  /// Telescopes that cannot be told ICARE, and why.
  public let doubts: [String]
  let sites: [IcareSite]

  /// What needs consent.
  public var missing: [IcareSyncItem] { items.filter { $0.consentKey != nil } }
  /// What is wrong there and is left to people.
  public var oddities: [IcareSyncItem] {
    items.filter {
      switch $0 {
      case .differs, .unclear: true
      default: false
      }
    }
  }

  /// One line each: `=` same, `!` differs there, `?` unclear, `+` would be created.
  public var report: CommandReport {
    let same = items.count - missing.count - oddities.count
    let count =
      "\(same) the same, \(oddities.count) to look at, \(missing.count) missing in ICARE"
      + (doubts.isEmpty ? "" : ", \(doubts.count) not compared")
    return CommandReport(
      items.map(\.description) + doubts.map { "? \($0)" } + [count],
      missing.isEmpty && oddities.isEmpty ? .good : .look)
  }
}

extension IcareAccess {
  /// Compares; reads only.
  /// - Parameter grids: also the fields of tiling telescopes, which are thousands.
  /// - Throws: `IcareError`.
  public func compare(_ telescopes: [Telescope], grids: Bool) async throws -> IcareComparison {
    var sites: [IcareSite] = []
    var doubts: [String] = []
    // With none named all are meant, each with an instrument of its own name.
    let wanted = telescopes.filter { instruments.isEmpty || instruments[$0.slug] != nil }
    for telescope in wanted {
      let instrument = instruments[telescope.slug] ?? telescope.id
      guard var site = IcareSite(telescope, instrument: instrument, filters: filters) else {
        doubts.append("\(telescope.id) has no aperture, no field or no filter that ICARE knows")
        continue
      }
      if let api = requests[telescope.slug] { site.api = String(api.prefix { $0 != ":" }) }
      if grids, telescope.roles.contains(.tiler), let field = telescope.field {
        let grid = TileGrid(field)
        site.grid = (1...grid.count).map { .init(number: $0, position: grid.center(of: $0)) }
      }
      sites.append(site)
    }
    let known = Set(telescopes.map(\.slug))
    doubts += instruments.keys.sorted().filter { !known.contains($0) }.map {
      "icare.instruments names \($0), which is no telescope"
    }
    let inventory = try await IcareInventory.read(from: client, sites: sites, group: group)
    if inventory.group == nil { doubts.append("ICARE has no group \(group) that the token can see") }
    return IcareComparison(items: IcareSync.compare(sites, inventory), doubts: doubts, sites: sites)
  }

  /// Creates what is missing. Nothing is ever changed or removed. Status 0 all is there now, 1 there is
  /// still something to look at, 2 something could not be created.
  public func create(
    _ comparison: IcareComparison, clock: ServiceClock,
    pause: @escaping @Sendable (Duration) async -> Void
  ) async -> CommandReport {
    let results = await IcareSync.apply(
      comparison.items, sites: comparison.sites, group: group,
      consent: Set(comparison.missing.compactMap(\.consentKey)), client: client, pause: pause)
    let lines = results.map { "\($0.item): \($0.problem ?? "there now")" }
    let done = results.filter { $0.problem == nil }.count
    let code: CommandReport.Code =
      done < comparison.missing.count ? .failed : comparison.oddities.isEmpty ? .good : .look
    return CommandReport(lines + ["\(done) of \(comparison.missing.count) created"], code)
  }
}

extension IcareSite {
  /// - Parameter filters: ICARE's bandpasses where the usual ones do not fit.
  /// - Returns: nil without aperture, field or any filter that ICARE knows.
  init?(_ telescope: Telescope, instrument: String, filters: [String: String]) {
    guard let aperture = telescope.aperture, let field = telescope.field else { return nil }
    let names = telescope.filters.compactMap { filters[$0] ?? IcareBandpass.name(of: $0) }
    guard !names.isEmpty else { return nil }
    let shape: IcareSite.Field =
      switch field {
      case .circle(let radius): .circle(radius: radius)
      case .rectangle(let width, let height, _): .rectangle(width: width, height: height)
      case .polygons: .rectangle(width: field.extent.width, height: field.extent.height)
      }
    let isSpectrograph = telescope.roles == [.spectroscopy]
    self.init(
      name: telescope.id, aliases: telescope.aliases + [telescope.fullName],
      position: telescope.site.position,
      diameter: aperture, isRobotic: telescope.automation == .auto, instrument: instrument,
      instrumentAliases: telescope.aliases, kind: isSpectrograph ? .spectrograph : .imager,
      filters: names.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }, field: shape)
  }
}
