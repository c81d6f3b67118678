import Units

/// A telescope of ours with its instrument, as far as ICARE is told of it.
public struct IcareSite: Hashable, Sendable {
  public enum Field: Hashable, Sendable {
    case circle(radius: Angle)
    case rectangle(width: Angle, height: Angle)
  }
  public enum Kind: String, Hashable, Sendable {
    case imager, spectrograph
  }
  public struct GridField: Hashable, Sendable {
    public let number: Int
    public let position: Direction<ICRS>
    public init(number: Int, position: Direction<ICRS>) {
      self.number = number
      self.position = position
    }
  }

  public var name: String
  public var aliases: [String]
  public var position: GeodeticPosition
  public var diameter: Length
  public var isRobotic: Bool
  public var instrument: String
  public var instrumentAliases: [String]
  public var kind: Kind
  /// ICARE's names of bandpasses.
  public var filters: [String]
  public var field: Field
  /// Of telescopes that point at a fixed grid; empty for the others.
  public var grid: [GridField]
  /// ICARE's class for requests to it.
  public var api = "GENERICAPI"

  public init(
    name: String, aliases: [String] = [], position: GeodeticPosition, diameter: Length,
    isRobotic: Bool = false, instrument: String, instrumentAliases: [String] = [], kind: Kind = .imager,
    filters: [String], field: Field, grid: [GridField] = []
  ) {
    self.name = name
    self.aliases = aliases
    self.position = position
    self.diameter = diameter
    self.isRobotic = isRobotic
    self.instrument = instrument
    self.instrumentAliases = instrumentAliases
    self.kind = kind
    self.filters = filters
    self.field = field
    self.grid = grid
  }
}

/// One line of the comparison of our telescopes with ICARE's.
public enum IcareSyncItem: Hashable, Sendable {
  case same(telescope: String, id: Int)
  /// People keep ICARE's rows: differences are shown and never written.
  case differs(String)
  /// Several rows there answer to one of ours.
  case unclear(String)
  case createTelescope(site: String)
  case createInstrument(site: String, instrument: String)
  case createAllocation(instrument: String, group: String)
  case addFields(instrument: String, numbers: [Int])

  /// What consent is given to; nil for what needs none.
  public var consentKey: String? {
    switch self {
    case .same, .differs, .unclear: nil
    case .createTelescope(let site): "telescope \(site)"
    case .createInstrument(_, let instrument): "instrument \(instrument)"
    case .createAllocation(let instrument, let group): "allocation \(instrument) \(group)"
    case .addFields(let instrument, _): "fields \(instrument)"
    }
  }
}

extension IcareSyncItem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .same(let telescope, let id): "= \(telescope) is telescope \(id)"
    case .differs(let text): "! \(text)"
    case .unclear(let text): "? \(text)"
    case .createTelescope(let site): "+ telescope \(site)"
    case .createInstrument(let site, let instrument): "+ instrument \(instrument) on \(site)"
    case .createAllocation(let instrument, let group): "+ allocation of \(group) on \(instrument)"
    case .addFields(let instrument, let numbers): "+ \(numbers.count) fields of \(instrument)"
    }
  }
}

/// What ICARE has, for the comparison.
public struct IcareInventory: Hashable, Sendable {
  public var telescopes: [IcareTelescope]
  public var instruments: [IcareInstrument]
  public var allocations: [IcareAllocation]
  /// By instrument id, for those with a grid.
  public var fields: [Int: [IcareField]]
  public var group: IcareGroup?

  /// Reads all of it; fields only of instruments that answer to one of our sites with a grid.
  public static func read(
    from client: IcareClient, sites: [IcareSite], group: String
  ) async throws(IcareError) -> IcareInventory {
    var inventory = IcareInventory(
      telescopes: try await client.telescopes(), instruments: try await client.instruments(),
      allocations: try await client.allocations(), fields: [:], group: try await client.group(named: group))
    for site in sites where !site.grid.isEmpty {
      for instrument in IcareSync.matches(site, inventory.instruments) {
        inventory.fields[instrument.id] = try await client.fields(ofInstrument: instrument.id)
      }
    }
    return inventory
  }
}

/// Compares our telescopes with ICARE's. Pure; applying it is `IcareSync.apply`.
public enum IcareSync {
  /// Beyond these a row of ICARE is called wrong.
  static let positionLimit = Length.metres(1000)
  static let elevationLimit = Length.metres(100)
  static let diameterLimit = 0.1

  public static func compare(_ sites: [IcareSite], _ there: IcareInventory) -> [IcareSyncItem] {
    sites.flatMap { compare($0, there) }
  }

  private static func compare(_ site: IcareSite, _ there: IcareInventory) -> [IcareSyncItem] {
    let telescopes = best(
      there.telescopes, names: [site.name], aliases: site.aliases, by: { [$0.name, $0.nickname] })
    guard telescopes.count <= 1 else {
      let names = telescopes.map { "\($0.name) (\($0.id))" }.joined(separator: ", ")
      return [.unclear("\(site.name) may be any of \(names) in ICARE")]
    }
    var items: [IcareSyncItem] = []
    if let telescope = telescopes.first {
      items.append(.same(telescope: site.name, id: telescope.id))
      items += differences(site, telescope).map { .differs($0) }
    } else {
      items.append(.createTelescope(site: site.name))
    }
    return items + instrument(of: site, on: telescopes.first, there)
  }

  private static func instrument(
    of site: IcareSite, on telescope: IcareTelescope?, _ there: IcareInventory
  ) -> [IcareSyncItem] {
    let found = matches(site, there.instruments)
    guard found.count <= 1 else {
      let names = found.map { "\($0.name) (\($0.id))" }.joined(separator: ", ")
      return [.unclear("\(site.instrument) may be any of \(names) in ICARE")]
    }
    let group = there.group?.name ?? ""
    guard let instrument = found.first else {
      var items: [IcareSyncItem] = [.createInstrument(site: site.name, instrument: site.instrument)]
      if there.group != nil { items.append(.createAllocation(instrument: site.instrument, group: group)) }
      if !site.grid.isEmpty {
        items.append(.addFields(instrument: site.instrument, numbers: site.grid.map(\.number)))
      }
      return items
    }
    var items: [IcareSyncItem] = []
    if let telescope, instrument.telescopeID != telescope.id {
      items.append(
        .differs("\(instrument.name) belongs to another telescope in ICARE (\(instrument.telescopeID))"))
    }
    let missing = site.filters.filter { !instrument.filters.contains($0) }
    if !missing.isEmpty {
      items.append(.differs("\(instrument.name) has no filter \(missing.joined(separator: ", ")) in ICARE"))
    }
    if !instrument.hasRegion { items.append(.differs("\(instrument.name) has no field of view in ICARE")) }
    if let id = there.group?.id,
      !there.allocations.contains(where: { $0.instrumentID == instrument.id && $0.groupID == id })
    {
      items.append(.createAllocation(instrument: instrument.name, group: group))
    }
    return items + grid(of: site, instrument, there.fields[instrument.id] ?? [])
  }

  private static func grid(
    of site: IcareSite, _ instrument: IcareInstrument, _ fields: [IcareField]
  ) -> [IcareSyncItem] {
    guard !site.grid.isEmpty else { return [] }
    var byNumber: [Int: IcareField] = [:]
    for field in fields { byNumber[field.number] = field }
    var items: [IcareSyncItem] = []
    let misplaced = site.grid.filter { own in
      guard let field = byNumber[own.number] else { return false }
      let other = Direction<ICRS>(
        ra: .degrees(field.rightAscensionDegrees), dec: .degrees(field.declinationDegrees))
      return own.position.separation(from: other) > .arcseconds(10)
    }
    if let first = misplaced.first {
      items.append(
        .differs(
          "\(misplaced.count) fields of \(instrument.name) lie elsewhere in ICARE, first \(first.number)"))
    }
    let missing = site.grid.map(\.number).filter { byNumber[$0] == nil }
    if !missing.isEmpty { items.append(.addFields(instrument: instrument.name, numbers: missing)) }
    return items
  }

  static func matches(_ site: IcareSite, _ instruments: [IcareInstrument]) -> [IcareInstrument] {
    best(instruments, names: [site.instrument], aliases: site.instrumentAliases, by: { [$0.name] })
  }

  /// Rows by exact name, then by plain name, then by alias: the first that gives any.
  private static func best<Row>(
    _ rows: [Row], names: [String], aliases: [String], by keys: (Row) -> [String]
  ) -> [Row] {
    let exact = rows.filter { row in names.contains { keys(row).first == $0 } }
    if !exact.isEmpty { return exact }
    for list in [names, aliases] {
      let wanted = Set(list.map(plain)).subtracting([""])
      let found = rows.filter { row in keys(row).contains { wanted.contains(plain($0)) } }
      if !found.isEmpty { return found }
    }
    return []
  }

  /// Letters and digits, without case: `TAROT/TCA` and `tarot tca` are one.
  private static func plain(_ name: String) -> String {
    String(
      name.lowercased().unicodeScalars.filter {
        $0.properties.isAlphabetic || $0.properties.numericType != nil
      })
  }

  private static func differences(_ site: IcareSite, _ other: IcareTelescope) -> [String] {
    var found: [String] = []
    let label = "\(site.name) (\(other.name) in ICARE)"
    if let latitude = other.latitude, let longitude = other.longitude {
      let apart = distance(site.position, latitude, longitude)
      if apart > positionLimit {
        let hint = [("latitude", -1.0, 1.0), ("longitude", 1.0, -1.0)].first { _, a, b in
          let lat = Angle(radians: a * latitude.radians)
          return distance(site.position, lat, Angle(radians: b * longitude.radians)) < .metres(5000)
        }
        let kilometres = Int((apart.metres / 1000).rounded())
        let why = hint.map { "; the sign of its \($0.0) is wrong there" } ?? ""
        found.append("\(label): lies \(kilometres) km away\(why)")
      }
    } else {
      found.append("\(label): has no position")
    }
    if let elevation = other.elevation {
      let height = site.position.height.metres
      if abs(elevation.metres - height) > elevationLimit.metres {
        found.append("\(label): elevation \(elevation.metres) m, ours \(height) m")
      }
    }
    if let diameter = other.diameter, site.diameter.metres > 0,
      abs(diameter.metres / site.diameter.metres - 1) > diameterLimit
    {
      found.append("\(label): diameter \(diameter.metres) m, ours \(site.diameter.metres) m")
    }
    return found
  }

  /// Along a sphere of the Earth's mean radius, which is within 0.5 % for this purpose.
  private static func distance(_ a: GeodeticPosition, _ latitude: Angle, _ longitude: Angle) -> Length {
    let here = Direction<ICRS>(longitude: a.longitude, latitude: a.latitude)
    let there = Direction<ICRS>(longitude: longitude, latitude: latitude)
    return .metres(here.separation(from: there).radians * 6_371_000)
  }
}
