import Icare
import Units

extension FakeState {
  /// Answers before it inserts; a bad row loses the whole chunk, and nobody is told.
  mutating func observation(_ r: FakeRequest, _ body: JSONNode) -> FakeReply {
    if r.method == "GET" { return observationList(r) }
    guard let telescope = first("telescope", "name", body["telescopeName"] ?? .null) else {
      return .error("Missing telescope \(body["telescopeName"]?.text ?? "")")
    }
    guard let instrument = first("instrument", "name", body["instrumentName"] ?? .null),
      instrument["telescope_id"] == telescope["id"], let instrumentID = instrument["id"]?.int
    else { return .error("Missing instrument \(body["instrumentName"]?.text ?? "")") }
    let data = body["observationData"] ?? [:]
    let filters = instrument["filters"]?.items ?? []
    for filter in data["filter"]?.items ?? [] where !filters.contains(filter) {
      return .error("Filter \(filter.text ?? "") not present in \(filters)")
    }
    let ids = data["observation_id"]?.items ?? []
    guard let limits = data["limmag"]?.items, limits.count == ids.count,
      limits.allSatisfy({ $0.double != nil })
    else { return .success() }
    let known = Set(
      rows("field").filter { $0["instrument_id"]?.int == instrumentID }.compactMap { $0["field_id"]?.int })
    let fields = data["field_id"]?.items ?? newFields(data, instrumentID)
    guard fields.count == ids.count, fields.allSatisfy({ known.contains($0.int ?? -1) }) else {
      return .success()
    }
    for (i, id) in ids.enumerated() {
      func column(_ key: String) -> JSONNode {
        guard let items = data[key]?.items, i < items.count else { return .null }
        return items[i]
      }
      later(
        "observation",
        [
          "instrument_id": .integer(instrumentID), "observation_id": id,
          "field": ["field_id": fields[i]], "obstime": column("obstime"), "filt": column("filter"),
          "exposure_time": .integer(Int(column("exposure_time").double ?? 0)), "limmag": limits[i],
          "airmass": .null,
        ], delay: backgroundDelay)
    }
    return .success()
  }

  /// Positions without numbers become fields, each a new one.
  private mutating func newFields(_ data: JSONNode, _ instrument: Int) -> [JSONNode] {
    let (ra, dec) = (data["RA"]?.items ?? [], data["Dec"]?.items ?? [])
    guard ra.count == dec.count else { return [] }
    return zip(ra, dec).map { place in
      let own = rows("field").filter { $0["instrument_id"]?.int == instrument }
      let number = (own.compactMap { $0["field_id"]?.int }.max() ?? 0) + 1
      insert(
        "field",
        [
          "instrument_id": .integer(instrument), "field_id": .integer(number), "ra": place.0, "dec": place.1,
        ])
      return .integer(number)
    }
  }

  private func observationList(_ r: FakeRequest) -> FakeReply {
    let start = r.query["startDate"].flatMap { NaiveUTC($0) }
    let end = r.query["endDate"].flatMap { NaiveUTC($0) }
    let instrument = first("instrument", "name", .string(r.query["instrumentName"] ?? ""))
    let found = rows("observation").filter { row in
      guard let time = row["obstime"]?.text.flatMap({ NaiveUTC($0) }) else { return false }
      if let start, time < start { return false }
      if let end, time > end { return false }
      return instrument == nil || row["instrument_id"] == instrument?["id"]
    }
    return paged(found.map(JSONNode.object), "observations", r, most: 10_000, usual: 100)
  }

  mutating func shift(_ r: FakeRequest, _ body: JSONNode, _ caller: FakeCaller) -> FakeReply {
    let p = r.path
    if p[0] == "shift" {
      return p.last == "comments" ? comments(r, body, caller, table: "shift") : .error("not implemented here")
    }
    if p.count == 1 { return r.method == "GET" ? shiftList(r) : postShift(body, caller) }
    guard let id = Int(p[1]), let found = row("shift", id) else {
      return p.count > 2 ? .error("Could not load shift", 500) : .error("Shift not found", 404)
    }
    if p.count > 2 { return shiftUser(r, body, id, found) }
    switch r.method {
    case "GET": return .success(shiftNode(found, whole: true))
    case "PATCH":
      // Dates are accepted and silently ignored.
      let changes = (body.members ?? [:]).filter {
        ["name", "description", "required_users_number"].contains($0.key)
      }
      update("shift", id, changes)
      return .success()
    case "DELETE":
      remove("shift", id)
      return .success()
    default: return .error("not implemented here")
    }
  }

  private func shiftNode(_ row: Row, whole: Bool) -> JSONNode {
    var row = row
    let users = row.removeValue(forKey: "users")?.items ?? []
    row["shift_users_ids"] = users.isEmpty ? .null : .array(users.compactMap { $0["user_id"] })
    if whole {
      row["shift_users"] = .array(
        users.map { user in
          let name = user["user_id"]?.int.flatMap { self.row("user", $0) }?["username"] ?? ""
          return user.merging(["username": name])
        })
    }
    return .object(row)
  }

  private func shiftList(_ r: FakeRequest) -> FakeReply {
    let start = r.query["start_date_limit"].flatMap { NaiveUTC($0) }
    let end = r.query["end_date_limit"].flatMap { NaiveUTC($0) }
    let found = rows("shift").filter { row in
      if let group = r.query["group_id"], row["group_id"]?.int != Int(group) { return false }
      if let start, let from = row["start_date"]?.text.flatMap({ NaiveUTC($0) }), from < start {
        return false
      }
      // Also a lower bound.
      if let end, let to = row["end_date"]?.text.flatMap({ NaiveUTC($0) }), to < end { return false }
      return true
    }
    return .success(.array(found.map { shiftNode($0, whole: false) }))
  }

  private mutating func postShift(_ body: JSONNode, _ caller: FakeCaller) -> FakeReply {
    let known: Set<String> = [
      "name", "start_date", "end_date", "group_id", "description", "required_users_number", "shift_admins",
    ]
    if let extra = body.members?.keys.sorted().first(where: { !known.contains($0) }) {
      return .error("Invalid/missing parameters: {'\(extra)': ['Unknown field.']}")
    }
    guard let group = body["group_id"]?.int.flatMap({ row("group", $0) }) else {
      return .error("(psycopg.errors.ForeignKeyViolation) insert or update on table \"shifts\"", 500)
    }
    guard group["members"]?.items?.contains(.integer(caller.userID)) ?? false else {
      return denied("create", "Shift", caller)
    }
    var members = body.members ?? [:]
    let admins = members.removeValue(forKey: "shift_admins")?.items ?? []
    members["users"] = .array(
      admins.filter { $0.int.flatMap { row("user", $0) } != nil }.map {
        ["user_id": $0, "admin": true, "needs_replacement": false]
      })
    return .success(["id": .integer(insert("shift", members))])
  }

  private mutating func shiftUser(_ r: FakeRequest, _ body: JSONNode, _ id: Int, _ shift: Row) -> FakeReply {
    var users = shift["users"]?.items ?? []
    let wanted = r.path.count > 3 ? Int(r.path[3]) : body["userID"]?.int
    let index = users.firstIndex { $0["user_id"]?.int == wanted }
    switch r.method {
    case "POST":
      if index != nil { return .error("User \(wanted ?? 0) is already a member of shift \(id).") }
      if let most = shift["required_users_number"]?.int, users.count >= most {
        return .error("Shift \(id) is full.")
      }
      guard let wanted, row("user", wanted) != nil else { return .error("User not found") }
      users.append(["user_id": .integer(wanted), "admin": body["admin"] ?? false, "needs_replacement": false])
    case "PATCH":
      guard let index else { return .error("HTTP 403: Forbidden", 403) }
      users[index] = users[index].merging([
        "admin": body["admin"] ?? users[index]["admin"] ?? false,
        "needs_replacement": body["needs_replacement"] ?? false,
      ])
    case "DELETE":
      guard let index else { return .error("HTTP 403: Forbidden", 403) }
      users.remove(at: index)
    default: return .error("not implemented here")
    }
    update("shift", id, ["users": .array(users)])
    return .success()
  }
}
