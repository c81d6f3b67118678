import Units

/// What became of one thing that was to be created.
public struct IcareSyncResult: Hashable, Sendable {
  public let item: IcareSyncItem
  /// Nil when it is there now.
  public let problem: String?
}

extension IcareSync {
  /// Creates what is missing and consented to, one after another, looking again before each: run twice it
  /// changes nothing. Never updates a row.
  /// - Parameters:
  ///   - consent: the `consentKey` of the items that may be created.
  ///   - pause: waits; fields are made in the background, at about five a second.
  ///   - patience: how long to wait for fields.
  public static func apply(
    _ items: [IcareSyncItem], sites: [IcareSite], group: String, consent: Set<String>,
    client: IcareClient, patience: Duration = .minutes(10),
    pause: @Sendable (Duration) async -> Void
  ) async -> [IcareSyncResult] {
    var results: [IcareSyncResult] = []
    for item in items {
      guard let key = item.consentKey, consent.contains(key) else { continue }
      do throws(IcareError) {
        try await create(item, sites, group, client, patience, pause)
        results.append(IcareSyncResult(item: item, problem: nil))
      } catch {
        results.append(IcareSyncResult(item: item, problem: error.description))
        if case .tokenRejected = error { return results }
      }
    }
    return results
  }

  private static func create(
    _ item: IcareSyncItem, _ sites: [IcareSite], _ group: String, _ client: IcareClient,
    _ patience: Duration, _ pause: @Sendable (Duration) async -> Void
  ) async throws(IcareError) {
    switch item {
    case .same, .differs, .unclear: return
    case .createTelescope(let name):
      guard let site = sites.first(where: { $0.name == name }) else { throw .invalid("no site \(name)") }
      guard try await !client.telescopes().contains(where: { $0.name == name }) else { return }
      _ = try await client.createTelescope(body(telescope: site))
    case .createInstrument(let name, let instrument):
      guard let site = sites.first(where: { $0.name == name }) else { throw .invalid("no site \(name)") }
      guard try await client.instrument(named: instrument) == nil else { return }
      let inventory = IcareInventory(
        telescopes: try await client.telescopes(), instruments: [], allocations: [], fields: [:], group: nil)
      let ids = compare([site], inventory).compactMap { if case .same(_, let id) = $0 { id } else { nil } }
      guard let id = ids.first else { throw .invalid("the telescope \(name) is not in ICARE yet") }
      _ = try await client.createInstrument(body(instrument: site, telescope: id))
    case .createAllocation(let name, _):
      guard let instrument = try await client.instrument(named: name) else {
        throw .invalid("the instrument \(name) is not in ICARE yet")
      }
      guard let id = try await client.group(named: group)?.id else { throw .invalid("no group \(group)") }
      let known = try await client.allocations(instrumentID: instrument.id)
      guard !known.contains(where: { $0.groupID == id }) else { return }
      // Trigger decisions are for users of the allocation only.
      let user = try await client.profile().userID
      _ = try await client.createAllocation(body(allocation: instrument.id, group: id, user: user))
    case .addFields(let name, let numbers):
      try await addFields(name, numbers, sites, client, patience, pause)
    }
  }

  /// Returns when all of them exist.
  private static func addFields(
    _ name: String, _ numbers: [Int], _ sites: [IcareSite], _ client: IcareClient, _ patience: Duration,
    _ pause: @Sendable (Duration) async -> Void
  ) async throws(IcareError) {
    guard let instrument = try await client.instrument(named: name) else {
      throw .invalid("the instrument \(name) is not in ICARE yet")
    }
    let wanted = Set(numbers)
    let site = sites.first { !matches($0, [instrument]).isEmpty }
    let grid = (site?.grid ?? []).filter { wanted.contains($0.number) }
    guard grid.count == wanted.count else { throw .invalid("the grid of \(name) has changed meanwhile") }
    var waited = Duration.zero
    var asked = false
    while true {
      let known = Set(try await client.fields(ofInstrument: instrument.id).map(\.number))
      let missing = grid.filter { !known.contains($0.number) }
      if missing.isEmpty { return }
      guard waited < patience else {
        throw .unavailable("\(missing.count) of \(grid.count) fields of \(name) were not made")
      }
      if !asked {
        let rows = missing.map { ($0.number, $0.position.ra.degrees, $0.position.dec.degrees) }
        try await client.addFields(rows, toInstrument: instrument.id)
        asked = true
      }
      let step = Duration.seconds(min(max(Double(missing.count) / 5, 1), 30))
      await pause(step)
      waited += step
    }
  }

  static func body(telescope site: IcareSite) -> JSONNode {
    [
      "name": .string(site.name), "nickname": .string(site.aliases.first ?? site.name),
      "lat": .number(site.position.latitude.degrees),
      "lon": .number(signed(site.position.longitude).degrees),
      "elevation": .number(max(site.position.height.metres, 0)),
      "diameter": .number(site.diameter.metres), "robotic": .bool(site.isRobotic), "fixed_location": true,
    ]
  }

  /// ICARE takes -180...180.
  private static func signed(_ longitude: Angle) -> Angle {
    let degrees = longitude.degrees.truncatingRemainder(dividingBy: 360)
    return .degrees(degrees > 180 ? degrees - 360 : (degrees < -180 ? degrees + 360 : degrees))
  }

  static func body(instrument site: IcareSite, telescope: Int) -> JSONNode {
    let (shape, attributes): (String, JSONNode) =
      switch site.field {
      case .circle(let radius): ("circle", .number(radius.degrees))
      case .rectangle(let width, let height): ("rectangle", .numbers([width.degrees, height.degrees]))
      }
    return [
      "name": .string(site.instrument), "type": .string(site.kind.rawValue), "band": "Optical",
      "telescope_id": .integer(telescope), "filters": .texts(site.filters),
      "api_classname": .string(site.api),
      "api_classname_obsplan": "MMAAPI", "field_fov_type": .string(shape),
      "field_fov_attributes": attributes,
    ]
  }

  /// Hours are informative there; no dates, which plain requests would be checked against.
  static func body(allocation instrument: Int, group: Int, user: Int) -> JSONNode {
    [
      "pi": "GRANDMA", "proposal_id": "GRANDMA", "hours_allocated": 10_000.0, "group_id": .integer(group),
      "instrument_id": .integer(instrument), "types": ["triggered", "observation_plan"],
      "default_share_group_ids": .integers([group]), "allocation_admin_ids": .integers([user]),
    ]
  }
}
