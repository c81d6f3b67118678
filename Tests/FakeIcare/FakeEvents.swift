import Icare
import Units

extension FakeState {
  mutating func event(_ r: FakeRequest, _ body: JSONNode, _ caller: FakeCaller) -> FakeReply {
    let p = r.path
    if p.count == 1 { return r.method == "GET" ? eventList(r) : postEvent(body, caller) }
    if p[1] == "tags" { return tags(r, body, caller) }
    if p.count == 3, p[2] == "comments" { return comments(r, body, caller, table: "event") }
    guard let time = NaiveUTC(p[1]) else { return .error("Invalid dateobs: Could not match input '\(p[1])'") }
    guard let found = first("event", "dateobs", .string(time.text)), let id = found["id"]?.int else {
      return p.contains("triggered")
        ? .error("No event with dateobs: \(p[1])") : .error("GCN event not found", 404)
    }
    switch (r.method, p.count > 2 ? p[2] : "") {
    case ("GET", ""): return .success(eventNode(found, full: true))
    case ("POST", "alias"):
      guard found["sent_by_id"]?.int == caller.userID || caller.acls.contains("Manage GCNs") else {
        return .error("GCN event not found", 404)
      }
      let alias = body["alias"] ?? ""
      var aliases = found["aliases"]?.items ?? []
      guard !aliases.contains(alias) else {
        return .error("\(alias.text ?? "") already in \(time.text) aliases.")
      }
      aliases.append(alias)
      update("event", id, ["aliases": .array(aliases)])
      return .success()
    case (_, "triggered"): return triggered(r, body, time, caller)
    default: return .error("not implemented here")
    }
  }

  private func eventList(_ r: FakeRequest) -> FakeReply {
    let start = r.query["startDate"].flatMap { NaiveUTC($0) }
    let end = r.query["endDate"].flatMap { NaiveUTC($0) }
    let part = r.query["partialdateobs"]?.lowercased()
    let found = rows("event").filter { row in
      guard let time = row["dateobs"]?.text.flatMap({ NaiveUTC($0) }) else { return false }
      if let start, time < start { return false }
      if let end, time > end { return false }
      guard let part else { return true }
      let names = (row["aliases"]?.items ?? []).compactMap(\.text)
      return ([time.text] + names).contains { $0.lowercased().contains(part) }
    }
    return paged(found.map { eventNode($0, full: false) }, "events", r, most: 1000, usual: 10)
  }

  private func eventNode(_ row: Row, full: Bool) -> JSONNode {
    var row = row
    let dateobs = row["dateobs"] ?? .null
    var seen: Set<String> = []
    let texts = rows("tag").filter { $0["dateobs"] == dateobs }.compactMap { $0["text"]?.text }
    row["tags"] = .texts(texts.filter { seen.insert($0).inserted })
    let maps = rows("map").filter { $0["dateobs"] == dateobs }.reversed()
    row["localizations"] = .array(
      maps.map { map in
        var map = map
        if !full { map["uniq"] = nil; map["probdensity"] = nil }
        return .object(map)
      })
    return .object(row)
  }

  private mutating func postEvent(_ body: JSONNode, _ caller: FakeCaller) -> FakeReply {
    guard let text = body["dateobs"]?.text, let time = NaiveUTC(text) else {
      return .error("Either xml, json or dateobs must be present in data to parse a GcnEvent")
    }
    var found = first("event", "dateobs", .string(time.text))
    if found == nil, let trigger = body["trigger_id"] { found = first("event", "trigger_id", trigger) }
    let id: Int
    if let found, let known = found["id"]?.int {
      guard found["sent_by_id"]?.int == caller.userID || caller.acls.contains("Manage GCNs") else {
        return .error(
          "Cannot post event: Insufficient permissions: GCN event can only be updated by original poster")
      }
      id = known
    } else {
      id = insert(
        "event",
        [
          "dateobs": .string(time.text), "trigger_id": body["trigger_id"] ?? .null,
          "aliases": body["aliases"] ?? [], "sent_by_id": .integer(caller.userID),
        ])
    }
    let dateobs = row("event", id)?["dateobs"] ?? .null
    for tag in body["tags"]?.items ?? [] { insert("tag", ["dateobs": dateobs, "text": tag]) }
    if let map = body["skymap"] {
      guard let row = Self.mapRow(map) else {
        return .error("Cannot post event: ra, dec, and error must be in skymap to parse")
      }
      let known = rows("map").contains {
        $0["dateobs"] == dateobs && $0["localization_name"] == row["localization_name"]
      }
      if !known { insert("map", row.merging(["dateobs": dateobs], uniquingKeysWith: { $1 })) }
    }
    return .success(["gcnevent_id": .integer(id), "dateobs": dateobs, "notice_id": .null])
  }

  private static func mapRow(_ node: JSONNode) -> Row? {
    if let text = node.text {
      guard let range = text.range(of: "name=") else { return nil }
      return ["localization_name": .string(String(text[range.upperBound...].prefix { $0 != ";" }))]
    }
    if let name = node["localization_name"], let uniq = node["uniq"] {
      return ["localization_name": name, "uniq": uniq, "probdensity": node["probdensity"] ?? []]
    }
    guard let ra = node["ra"]?.double, let dec = node["dec"]?.double, let error = node["error"]?.double else {
      return nil
    }
    let name = [ra, dec, error].map { fixed($0) }.joined(separator: "_")
    return ["localization_name": .string(name), "uniq": [4, 5], "probdensity": [0.5, 0.5]]
  }

  /// Five decimals.
  static func fixed(_ x: Double) -> String {
    let scaled = Int((x.magnitude * 100_000).rounded())
    let digits = String(scaled % 100_000)
    return (x < 0 ? "-" : "") + "\(scaled / 100_000)." + String(repeating: "0", count: 5 - digits.count)
      + digits
  }

  private mutating func tags(_ r: FakeRequest, _ body: JSONNode, _ caller: FakeCaller) -> FakeReply {
    if r.method == "POST" {
      guard let time = body["dateobs"]?.text.flatMap({ NaiveUTC($0) }),
        first("event", "dateobs", .string(time.text)) != nil
      else {
        return .error("Cannot post tag: (psycopg.errors.ForeignKeyViolation) insert or update on table")
      }
      let row: Row = [
        "dateobs": .string(time.text), "text": body["text"] ?? "", "sent_by_id": .integer(caller.userID),
      ]
      return .success(["gcntag_id": .integer(insert("tag", row))])
    }
    guard r.method == "DELETE", let time = r.path.last.flatMap({ NaiveUTC($0) }),
      let tag = rows("tag").first(where: {
        $0["dateobs"] == .string(time.text) && $0["text"] == body["tag"]
          && ($0["sent_by_id"]?.int == caller.userID || caller.acls.contains("Manage GCNs"))
      }),
      let id = tag["id"]?.int
    else { return .error("GCN event tag not found", 404) }
    remove("tag", id)
    return .success()
  }

  /// The same text, author, groups and attachment name on one thing is one comment.
  mutating func comments(
    _ r: FakeRequest, _ body: JSONNode, _ caller: FakeCaller, table: String
  ) -> FakeReply {
    let target = JSONNode.string("\(table)/\(r.path[1])")
    if r.method == "GET" {
      return .success(.array(rows("comment").filter { $0["target"] == target }.map(JSONNode.object)))
    }
    if table == "event", Int(r.path[1]).flatMap({ self.row("event", $0) }) == nil {
      return .error("GcnEventHandler.post() takes 1 positional argument but 2 were given", 500)
    }
    let groups = body["group_ids"] ?? [1]
    let name = body["attachment"]?["name"] ?? .null
    let same = rows("comment").first {
      $0["target"] == target && $0["text"] == body["text"] && $0["author_id"] == .integer(caller.userID)
        && $0["groups"] == groups && $0["attachment_name"] == name
    }
    if let id = same?["id"] {
      return .success(["comment_id": id, "message": "Same comment already exists."])
    }
    let row: Row = [
      "target": target, "text": body["text"] ?? "", "author_id": .integer(caller.userID), "groups": groups,
      "attachment_name": name,
    ]
    return .success(["comment_id": .integer(insert("comment", row))])
  }

  private mutating func triggered(
    _ r: FakeRequest, _ body: JSONNode, _ time: NaiveUTC, _ caller: FakeCaller
  ) -> FakeReply {
    let own = rows("trigger").filter { $0["dateobs"] == .string(time.text) }
    if r.method == "GET" { return .success(.array(own.map(JSONNode.object))) }
    guard r.path.count == 4, let allocation = Int(r.path[3]), let row = row("allocation", allocation) else {
      return .error("Invalid allocation")
    }
    guard row["users"]?.items?.contains(.integer(caller.userID)) ?? false else {
      return .error(
        "Failed to set triggered status: str(Insufficient permissions for operation \"Token \(caller.token) create GcnTrigger {1}\".)"
      )
    }
    let value = body["triggered"] == "triggered" || body["triggered"] == true
    guard value || body["triggered"] == "passed" || body["triggered"] == false else {
      return .error("Invalid triggered status")
    }
    if let id = own.first(where: { $0["allocation_id"]?.int == allocation })?["id"]?.int {
      update("trigger", id, ["triggered": .bool(value)])
    } else {
      insert(
        "trigger",
        ["dateobs": .string(time.text), "allocation_id": .integer(allocation), "triggered": .bool(value)])
    }
    return .success(["triggered": .bool(value)])
  }

  func localization(_ r: FakeRequest) -> FakeReply {
    guard r.path.count >= 4, let time = NaiveUTC(r.path[1]),
      let map = rows("map").first(where: {
        $0["dateobs"] == .string(time.text) && $0["localization_name"] == .string(r.path[3])
      })
    else { return .error("Localization not found", 404) }
    return .success(.object(map))
  }
}
