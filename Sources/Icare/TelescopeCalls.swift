import Units

/// A telescope as ICARE has it.
public struct IcareTelescope: Hashable, Sendable {
  public let id: Int
  public let name: String
  public let nickname: String
  public let latitude: Angle?
  /// East positive.
  public let longitude: Angle?
  public let elevation: Length?
  public let diameter: Length?

  init(_ node: JSONNode) throws(IcareError) {
    id = try node.needInt("id")
    name = try node.needText("name")
    nickname = node["nickname"]?.text ?? ""
    latitude = node["lat"]?.double.map { .degrees($0) }
    longitude = node["lon"]?.double.map { .degrees($0) }
    elevation = node["elevation"]?.double.map { .metres($0) }
    diameter = node["diameter"]?.double.map { .metres($0) }
  }
}

/// An instrument as ICARE has it. Its name is unique over the whole of ICARE.
public struct IcareInstrument: Hashable, Sendable {
  public let id: Int
  public let name: String
  public let type: String
  public let telescopeID: Int
  /// Names of bandpasses, such as `sdssr`.
  public let filters: [String]
  public let followupAPI: String?
  public let planAPI: String?
  /// Missing in nested forms.
  public let numberOfFields: Int?
  public let hasRegion: Bool

  init(_ node: JSONNode) throws(IcareError) {
    id = try node.needInt("id")
    name = try node.needText("name")
    type = node["type"]?.text ?? ""
    telescopeID = try node.needInt("telescope_id")
    filters = node.texts("filters")
    followupAPI = node["api_classname"]?.text
    planAPI = node["api_classname_obsplan"]?.text
    numberOfFields = node["number_of_fields"]?.int
    hasRegion = node["has_region"]?.flag ?? false
  }
}

/// A pointing that ICARE knows for an instrument.
public struct IcareField: Hashable, Sendable {
  /// The instrument's own number of it.
  public let number: Int
  public let rightAscensionDegrees: Double
  public let declinationDegrees: Double

  var position: Direction<ICRS> {
    Direction(ra: .degrees(rightAscensionDegrees), dec: .degrees(declinationDegrees))
  }

  init(_ node: JSONNode) throws(IcareError) {
    number = try node.needInt("field_id")
    rightAscensionDegrees = try node.needDouble("ra")
    declinationDegrees = try node.needDouble("dec")
  }
}

/// Time on an instrument granted to a group.
public struct IcareAllocation: Hashable, Sendable {
  public let id: Int
  public let instrument: IcareInstrument?
  public let instrumentID: Int
  public let groupID: Int
  public let proposal: String
  public let principalInvestigator: String
  public let types: [String]
  /// Enforced for follow-up requests only.
  public let validity: [TimeWindow]
  public let userIDs: [Int]

  init(_ node: JSONNode) throws(IcareError) {
    id = try node.needInt("id")
    if let part = node["instrument"] { instrument = try IcareInstrument(part) } else { instrument = nil }
    instrumentID = try node.needInt("instrument_id")
    groupID = try node.needInt("group_id")
    proposal = node["proposal_id"]?.text ?? ""
    principalInvestigator = node["pi"]?.text ?? ""
    types = node.texts("types")
    validity = (node["validity_ranges"]?.items ?? []).compactMap { range in
      guard let start = range.moment("start_date"), let end = range.moment("end_date"), start <= end
      else { return nil }
      return TimeWindow(start.instant, end.instant)
    }
    userIDs = (node["allocation_users"]?.items ?? []).compactMap { ($0["user"] ?? $0)["id"]?.int }
  }
}

extension IcareClient {
  public func telescopes() async throws(IcareError) -> [IcareTelescope] {
    try (try await get(["telescope"], [], .slow).data.needItems()).map { node throws(IcareError) in
      try IcareTelescope(node)
    }
  }

  /// - Returns: the id. - Throws: `.refused` (500) for a name that is taken.
  public func createTelescope(_ body: JSONNode) async throws(IcareError) -> Int {
    try await send(.post, ["telescope"], body).data.needInt("id")
  }

  public func instruments() async throws(IcareError) -> [IcareInstrument] {
    try (try await get(["instrument"], [], .slow).data.needItems()).map { node throws(IcareError) in
      try IcareInstrument(node)
    }
  }

  /// - Returns: nil when no instrument has exactly that name.
  public func instrument(named name: String) async throws(IcareError) -> IcareInstrument? {
    let rows = try await get(["instrument"], [("name", name)], .slow).data.needItems()
    return try rows.map { node throws(IcareError) in try IcareInstrument(node) }.first { $0.name == name }
  }

  public func createInstrument(_ body: JSONNode) async throws(IcareError) -> Int {
    try await send(.post, ["instrument"], body, .slow).data.needInt("id")
  }

  /// All fields that exist by now: they are made in the background after they were asked for.
  public func fields(ofInstrument id: Int) async throws(IcareError) -> [IcareField] {
    let answer = try await get(["instrument", String(id)], [("includeGeoJSON", "true")], .slow)
    return try (answer.data["fields"]?.items ?? []).map { node throws(IcareError) in try IcareField(node) }
  }

  /// Asks for fields. An ID of -1 lets the server number it and skip positions it has; an ID that exists
  /// keeps its position.
  public func addFields(
    _ fields: [(number: Int, rightAscensionDegrees: Double, declinationDegrees: Double)],
    toInstrument id: Int
  ) async throws(IcareError) {
    let data: JSONNode = [
      "ID": .integers(fields.map(\.number)), "RA": .numbers(fields.map(\.rightAscensionDegrees)),
      "Dec": .numbers(fields.map(\.declinationDegrees)),
    ]
    _ = try await send(.put, ["instrument", String(id)], ["field_data": data], .slow)
  }

  /// The list form: the single form computes rise and set for every request (19 s for four of them).
  public func allocations(instrumentID: Int? = nil) async throws(IcareError) -> [IcareAllocation] {
    let query = instrumentID.map { [(name: "instrument_id", value: String($0))] } ?? []
    return try (try await get(["allocation"], query, .slow).data.needItems()).map { node throws(IcareError) in
      try IcareAllocation(node)
    }
  }

  public func createAllocation(_ body: JSONNode) async throws(IcareError) -> Int {
    try await send(.post, ["allocation"], body).data.needInt("id")
  }

  /// The JSON schemas of follow-up payloads by instrument id.
  public func followupForms() async throws(IcareError) -> [Int: FormSchema] {
    let answer = try await get(["internal", "instrument_forms"], [("apiType", "api_classname")], .slow)
    var forms: [Int: FormSchema] = [:]
    for (key, value) in answer.data.members ?? [:] {
      if let id = Int(key), let schema = value["formSchema"] { forms[id] = FormSchema(schema) }
    }
    return forms
  }
}
