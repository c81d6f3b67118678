import Icare
import Units

/// Who asks.
struct FakeCaller {
  let userID: Int
  let token: String
  let acls: Set<String>
}

extension FakeState {
  /// - Parameter dieAfterCommit: the process dies after that many commits of a plan upload.
  mutating func handle(_ request: FakeRequest, now: Instant, dieAfterCommit: Int?) -> FakeReply {
    self.now = now
    settle()
    defer { settle() }
    if request.path == ["sysinfo"] { return .success(["gitlog": []]) }
    guard let text = request.token, let token = first("token", "token", .string(text)) else {
      return .error("HTTP 401: Unauthorized", 401)
    }
    let userID = token["user_id"]?.int ?? 0
    if row("user", userID)?["expired"] == true {
      return .error("HTTP 403: Forbidden (User account expired)", 403)
    }
    guard request.bodyIsJSON else {
      return .error(
        "JSON decode of request body failed. Please ensure all requests are of type application/json.", 500)
    }
    let acls = Set(token["acls"]?.items?.compactMap(\.text) ?? [])
    let caller = FakeCaller(userID: userID, token: text, acls: acls)
    if let right = Self.right(for: request), !acls.contains(right) {
      return .error("HTTP 401: Unauthorized", 401)
    }
    return route(request, caller, dieAfterCommit)
  }

  private static func right(for r: FakeRequest) -> String? {
    guard r.isWrite else { return nil }
    switch r.path.first {
    case "instrument" where r.method == "PUT": return "Manage instruments"
    case "telescope" where r.method == "PUT": return "Manage telescopes"
    case "allocation": return "Manage allocations"
    case "observation_plan": return r.path.count == 1 ? nil : "Manage observation plans"
    case "observation", "followup_request", "photometry_request": return "Upload data"
    case "sources" where r.path.last != "comments": return "Upload data"
    case "classification": return "Classify"
    case "shifts": return r.path.count == 1 ? "Manage shifts" : nil
    case _ where r.path.last == "comments": return "Comment"
    case "gcn_event" where r.path.contains("triggered"): return "Manage allocations"
    default: return nil
    }
  }

  private mutating func route(_ r: FakeRequest, _ caller: FakeCaller, _ dies: Int?) -> FakeReply {
    let body = r.body ?? .object([:])
    let p = r.path
    switch (r.method, p.first ?? "") {
    case ("GET", "internal"): return p.last == "profile" ? profile(caller) : forms()
    case ("GET", "groups"): return groups(r, caller)
    case ("GET", "user"): return users(r)
    case (_, "telescope"): return telescope(r, body)
    case (_, "instrument"): return instrument(r, body, caller)
    case (_, "allocation"): return allocation(r, body)
    case ("GET", "taxonomy"): return .success(.array(rows("taxonomy").map(JSONNode.object)))
    case (_, "gcn_event"): return event(r, body, caller)
    case ("GET", "localization"): return localization(r)
    case (_, "observation_plan"): return plan(r, body, caller, dies)
    case (_, "followup_request"): return followup(r, body, caller)
    case ("GET", "photometry_request"): return retrieval(r)
    case (_, "source_exists"), (_, "sources"), (_, "classification"): return source(r, body, caller)
    case (_, "observation"): return observation(r, body)
    case (_, "shifts"), (_, "shift"): return shift(r, body, caller)
    default: return .error("Invalid API endpoint")
    }
  }

  /// A page of rows under a key, as all paged lists have it.
  func paged(_ rows: [JSONNode], _ key: String, _ r: FakeRequest, most: Int, usual: Int) -> FakeReply {
    let size = min(r.query["numPerPage"].flatMap { Int($0) } ?? usual, most)
    let page = max(r.query["pageNumber"].flatMap { Int($0) } ?? 1, 1)
    let part = Array(rows.dropFirst((page - 1) * size).prefix(size))
    return .success([key: .array(part), "totalMatches": .integer(rows.count)])
  }

  /// What ICARE says when a row may not be touched: with the caller's token in it.
  func denied(_ verb: String, _ thing: String, _ caller: FakeCaller) -> FakeReply {
    .error("Insufficient permissions for operation \"Token \(caller.token) \(verb) \(thing)\".")
  }

  private func profile(_ caller: FakeCaller) -> FakeReply {
    var user = row("user", caller.userID) ?? [:]
    user["tokens"] = .array(
      rows("token").filter { $0["user_id"]?.int == caller.userID }.map {
        .object(["id": $0["token"] ?? .null, "name": $0["name"] ?? .null, "acls": $0["acls"] ?? .null])
      })
    user["roles"] = ["Full user"]
    return .success(.object(user))
  }

  private func groups(_ r: FakeRequest, _ caller: FakeCaller) -> FakeReply {
    if r.path.count > 1 {
      guard let id = Int(r.path[1]), let group = row("group", id) else {
        return .error("Cannot find Group with id \(r.path[1])")
      }
      let admins = group["admins"]?.items?.compactMap(\.int) ?? []
      let members = group["members"]?.items?.compactMap(\.int) ?? []
      let users: [JSONNode] = members.compactMap { id in
        row("user", id).map { user in
          [
            "id": .integer(id), "username": user["username"] ?? "", "admin": .bool(admins.contains(id)),
            "can_save": true,
          ]
        }
      }
      return .success(JSONNode.object(group).merging(["users": .array(users)]))
    }
    if let name = r.query["name"] {
      return .success(.array(rows("group").filter { $0["name"] == .string(name) }.map(JSONNode.object)))
    }
    let own = rows("group").filter { $0["members"]?.items?.contains(.integer(caller.userID)) ?? false }
    let list = JSONNode.array(own.map(JSONNode.object))
    return .success(["user_groups": list, "user_accessible_groups": list, "all_groups": list])
  }

  private func users(_ r: FakeRequest) -> FakeReply {
    let found = rows("user").filter { $0["username"]?.text?.contains(r.query["username"] ?? "") ?? false }
    return .success(["users": .array(found.map(JSONNode.object)), "totalMatches": .integer(found.count)])
  }

  private mutating func telescope(_ r: FakeRequest, _ body: JSONNode) -> FakeReply {
    if r.method == "GET" {
      let found = rows("telescope").filter { r.query["name"] == nil || $0["name"]?.text == r.query["name"] }
      return .success(.array(found.map(JSONNode.object)))
    }
    guard r.method == "POST", let members = body.members else { return .error("not implemented here") }
    let known: Set<String> = [
      "name", "nickname", "diameter", "lat", "lon", "elevation", "robotic", "fixed_location", "skycam_link",
      "weather_link",
    ]
    if let extra = members.keys.sorted().first(where: { !known.contains($0) }) {
      return .error("Invalid/missing parameters: \(extra): Extra inputs are not permitted")
    }
    for key in ["name", "nickname", "diameter"] where members[key] == nil {
      return .error("Invalid/missing parameters: \(key): Field required")
    }
    if first("telescope", "name", members["name"] ?? .null) != nil {
      return .error(
        "(psycopg.errors.UniqueViolation) duplicate key value violates unique constraint \"telescopes_name_key\"",
        500)
    }
    return .success(["id": .integer(insert("telescope", members))])
  }

  func instrumentNode(_ row: Row) -> JSONNode {
    var row = row
    let count = rows("field").filter { $0["instrument_id"] == row["id"] }.count
    row["number_of_fields"] = .integer(count)
    row["has_fields"] = .bool(count > 0)
    return .object(row)
  }

  private mutating func instrument(_ r: FakeRequest, _ body: JSONNode, _ caller: FakeCaller) -> FakeReply {
    let id = r.path.count > 1 ? Int(r.path[1]) : nil
    switch r.method {
    case "GET":
      if let id {
        guard let found = row("instrument", id) else {
          return .error("Could not load instrument with ID \(id)")
        }
        let own = rows("field").filter { $0["instrument_id"]?.int == id }.map(JSONNode.object)
        return .success(instrumentNode(found).merging(["fields": .array(own)]))
      }
      let found = rows("instrument").filter { r.query["name"] == nil || $0["name"]?.text == r.query["name"] }
      return .success(.array(found.map(instrumentNode)))
    case "POST":
      guard caller.acls.contains("Manage allocations") else {
        return denied("create", "Instrument {\(body["telescope_id"]?.int ?? 0)}", caller)
      }
      guard let name = body["name"], first("instrument", "name", name) == nil else {
        return .error("Instrument with name \(body["name"]?.text ?? "") already exists for telescope")
      }
      var members = body.members ?? [:]
      let fields = members.removeValue(forKey: "field_data")
      members["has_region"] = .bool(members["field_fov_type"] != nil)
      let id = insert("instrument", members)
      addFields(fields, to: id)
      return .success(["id": .integer(id)])
    case "PUT":
      guard let id, row("instrument", id) != nil else { return .error("Missing instrument") }
      addFields(body["field_data"], to: id)
      return .success()
    default: return .error("not implemented here")
    }
  }

  private mutating func addFields(_ data: JSONNode?, to instrument: Int) {
    let ids = data?["ID"]?.items ?? []
    let ras = data?["RA"]?.items ?? []
    let decs = data?["Dec"]?.items ?? []
    for (i, number) in ids.enumerated() where i < ras.count && i < decs.count {
      later(
        "field",
        ["instrument_id": .integer(instrument), "field_id": number, "ra": ras[i], "dec": decs[i]],
        delay: backgroundDelay)
    }
  }

  private mutating func allocation(_ r: FakeRequest, _ body: JSONNode) -> FakeReply {
    if r.method == "GET" {
      let found = rows("allocation").filter {
        r.query["instrument_id"] == nil
          || $0["instrument_id"]?.int == r.query["instrument_id"].flatMap { Int($0) }
      }
      return .success(.array(found.map(allocationNode)))
    }
    guard r.method == "POST", body["instrument_id"] != nil, body["group_id"] != nil else {
      return .error("Error parsing posted allocation")
    }
    var row = body.members ?? [:]
    row["users"] = row.removeValue(forKey: "allocation_admin_ids") ?? []
    return .success(["id": .integer(insert("allocation", row))])
  }

  func allocationNode(_ row: Row) -> JSONNode {
    var row = row
    let users = row.removeValue(forKey: "users")?.items ?? []
    row["allocation_users"] = .array(users.map { ["user": ["id": $0]] })
    row["has_altdata"] = nil
    if let instrument = row["instrument_id"]?.int.flatMap({ self.row("instrument", $0) }) {
      row["instrument"] = .object(instrument)
    }
    return .object(row)
  }

  private func forms() -> FakeReply {
    var result: [String: JSONNode] = [:]
    for row in rows("instrument") {
      guard let api = row["api_classname"]?.text, let id = row["id"]?.int else { continue }
      result[String(id)] = ["formSchema": Self.form(api, filters: row["filters"] ?? [])]
    }
    return .success(.object(result))
  }

  static func form(_ api: String, filters: JSONNode) -> JSONNode {
    let list: JSONNode = [
      "type": "array", "minItems": 1, "uniqueItems": true, "items": ["type": "string", "enum": filters],
    ]
    let number: JSONNode = ["type": "number"]
    let text: JSONNode = ["type": "string"]
    let moon: JSONNode = ["type": "number", "minimum": 0, "maximum": 180]
    let airmass: JSONNode = ["type": "number", "minimum": 1, "maximum": 3]
    let urgency: JSONNode = ["type": "number", "minimum": 1, "maximum": 5]
    switch api {
    case "GENERICAPI":
      return [
        "type": "object",
        "required": [
          "observation_choices", "priority", "start_date", "end_date", "exposure_time", "exposure_counts",
          "maximum_airmass", "minimum_lunar_distance",
        ],
        "properties": [
          "observation_choices": list, "exposure_time": number, "exposure_counts": number,
          "maximum_airmass": airmass, "minimum_lunar_distance": moon, "priority": urgency,
          "start_date": text, "end_date": text,
        ],
      ]
    case "TAROTAPI":
      return [
        "type": "object", "required": ["filters", "start_date", "end_date", "priority", "exposure_time"],
        "properties": [
          "filters": list, "start_date": text, "end_date": text, "exposure_time": number,
          "priority": ["type": "number", "minimum": -5, "maximum": 5],
        ],
      ]
    case "COLIBRIAPI":
      return [
        "type": "object",
        "required": [
          "observation_choice", "priority", "start_date", "end_date", "exposure_time", "maximum_airmass",
          "minimum_lunar_distance", "too",
        ],
        "properties": [
          "observation_choice": [
            "type": "string", "enum": ["U", "g", "r", "i", "z", "B", "V", "R", "I"],
          ], "exposure_time": number, "maximum_airmass": airmass, "minimum_lunar_distance": moon,
          "priority": urgency, "too": ["type": "boolean"], "start_date": text, "end_date": text,
        ],
      ]
    case "TRTAPI":
      return trtForm
    case "SLACKAPI":
      return [
        "type": "object", "required": ["observation_choices", "exposure_time", "exposure_counts"],
        "properties": [
          "observation_choices": list, "exposure_time": number, "exposure_counts": number,
        ],
      ]
    default: return ["type": "object"]
    }
  }

  /// What may be chosen depends on the station.
  private static var trtForm: JSONNode {
    let text: JSONNode = ["type": "string"]
    let number: JSONNode = ["type": "number"]
    func at(_ stations: [String], _ filters: [String]) -> JSONNode {
      [
        "properties": [
          "station_name": ["enum": .texts(stations)],
          "observation_choices": [
            "type": "array", "minItems": 1, "uniqueItems": true,
            "items": ["type": "string", "enum": .texts(filters)],
          ],
        ]
      ]
    }
    return [
      "type": "object", "required": ["start_date", "end_date", "maximum_airmass", "station_name"],
      "properties": [
        "station_name": ["type": "string", "enum": ["SRO", "GAO", "SBO", "CTO"]], "exposure_time": number,
        "exposure_counts": number, "start_date": text, "end_date": text,
        "maximum_airmass": ["type": "number", "minimum": 1, "maximum": 3],
      ],
      "dependencies": [
        "station_name": [
          "oneOf": [
            at(["SRO", "GAO"], ["B", "V", "R", "I"]), at(["SBO"], ["B", "V", "Rc", "Ic"]),
            at(["CTO"], ["B", "V", "R", "I", "g", "r", "i", "z"]),
          ]
        ]
      ],
    ]
  }
}
