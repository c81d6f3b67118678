import Icare
import Units

extension FakeState {
  mutating func followup(_ r: FakeRequest, _ body: JSONNode, _ caller: FakeCaller) -> FakeReply {
    let p = r.path
    let id = p.count > 1 ? Int(p[1]) : nil
    switch r.method {
    case "GET":
      guard let id else { return followupList(r) }
      guard let row = row("followup", id) else { return .error("Could not retrieve followup request.") }
      return .success(.object(row))
    case "POST" where p.count == 3 && p[1] == "watch":
      return .error(
        "(psycopg.errors.InvalidTextRepresentation) invalid input syntax for type integer: \"\(caller.token)\"",
        500)
    case "POST": return postFollowup(body, caller)
    case "PUT":
      guard let id, row("followup", id) != nil else {
        return .error("Missing FollowUpRequest with id \(p.last ?? "")")
      }
      if p.last == "comment" {
        update("followup", id, ["comment": body["comment"] ?? ""])
        return .success(["id": .integer(id)])
      }
      return putFollowup(id, body)
    case "DELETE":
      guard let id, row("followup", id) != nil else {
        return .error("Missing FollowUpRequest with id \(p.last ?? "")")
      }
      facilityCalls.append((id, "delete"))
      update("followup", id, ["status": "deleted"])
      return .success()
    default: return .error("not implemented here")
    }
  }

  private func followupList(_ r: FakeRequest) -> FakeReply {
    let start = r.query["startDate"].flatMap { NaiveUTC($0) }
    let found = rows("followup").filter { row in
      if let source = r.query["sourceID"], !(row["obj_id"]?.text ?? "").contains(source) { return false }
      if let id = r.query["allocationID"], row["allocation_id"]?.int != Int(id) { return false }
      if let start, let created = row["created_at"]?.text.flatMap({ NaiveUTC($0) }), created < start {
        return false
      }
      guard let status = r.query["status"]?.lowercased() else { return true }
      return (row["status"]?.text ?? "").lowercased().contains(status)
    }
    return paged(found.map(JSONNode.object), "followup_requests", r, most: 1000, usual: 100)
  }

  private mutating func postFollowup(_ body: JSONNode, _ caller: FakeCaller) -> FakeReply {
    let known: Set<String> = ["obj_id", "allocation_id", "payload", "target_group_ids", "not_if_duplicates"]
    if let extra = body.members?.keys.sorted().first(where: { !known.contains($0) }) {
      return .error("Invalid / missing parameters: {'\(extra)': ['Unknown field.']}")
    }
    guard let id = body["allocation_id"]?.int, let allocation = row("allocation", id) else {
      return .error(
        "Error submitting follow-up request: Could not find allocation with ID \(body["allocation_id"]?.int ?? 0)."
      )
    }
    let instrument = allocation["instrument_id"]?.int.flatMap { row("instrument", $0) } ?? [:]
    let schema = FormSchema(
      Self.form(instrument["api_classname"]?.text ?? "", filters: instrument["filters"] ?? []))
    if let complaint = schema.complaints(about: body["payload"] ?? [:]).first {
      return .error("Error submitting follow-up request: \(complaint)")
    }
    guard let source = body["obj_id"], first("source", "name", source) != nil else {
      return .error(
        "Error submitting follow-up request: (psycopg.errors.NotNullViolation) null value in column \"obj_id\""
      )
    }
    if Self.isOutside(body["payload"], allocation["validity_ranges"]?.items ?? []) {
      return .error("Error submitting follow-up request: Provided dates are outside allowed validity ranges.")
    }
    if body["not_if_duplicates"] == true, hasDuplicate(source, id) {
      return .success([
        "id": .null, "ignored": true,
        "message":
          "There is already a follow-up request for this source and allocation, not submitting request.",
      ])
    }
    let created = insert(
      "followup",
      [
        "obj_id": source, "allocation_id": .integer(id), "payload": body["payload"] ?? [:],
        "status": "pending submission", "requester_id": .integer(caller.userID), "comment": .null,
      ])
    return submit(created, instrument: instrument["id"]?.int ?? 0)
  }

  private static func isOutside(_ payload: JSONNode?, _ ranges: [JSONNode]) -> Bool {
    func day(_ node: JSONNode?) -> String { String((node?.text ?? "").prefix(10)) }
    return !ranges.isEmpty
      && !ranges.contains {
        day($0["start_date"]) <= day(payload?["start_date"])
          && day(payload?["end_date"]) <= day($0["end_date"])
      }
  }

  /// ICARE knows only these two words: "complete", "pending" and "failed" do not count.
  private func hasDuplicate(_ source: JSONNode, _ allocation: Int) -> Bool {
    rows("followup").contains {
      let status = $0["status"]?.text ?? ""
      return $0["obj_id"] == source && $0["allocation_id"]?.int == allocation
        && (status.contains("submitted") || status.contains("completed"))
    }
  }

  /// The facility call; a failure leaves the row.
  private mutating func submit(_ id: Int, instrument: Int) -> FakeReply {
    let payload = row("followup", id)?["payload"]
    let isTarot = row("instrument", instrument)?["api_classname"] == "TAROTAPI"
    if !isTarot, (payload?["exposure_time"]?.double ?? 1) < 0 {
      update("followup", id, ["status": "failed to submit: exposure_time must be positive."])
      return .error("Error submitting follow-up request: exposure_time must be positive.")
    }
    if let failure = facilityFailure[instrument] {
      update("followup", id, ["status": .string("failed to submit: \(failure)")])
      return .error("Error submitting follow-up request: \(failure)")
    }
    facilityCalls.append((id, "submit"))
    let status = facilityStatus[instrument] ?? "submitted"
    update("followup", id, ["status": .string(status)])
    return .success(["id": .integer(id), "request_status": .string(status)])
  }

  private mutating func putFollowup(_ id: Int, _ body: JSONNode) -> FakeReply {
    if body["status"] != nil {
      update("followup", id, body.members ?? [:])
      return .success()
    }
    guard body["target_group_ids"] == nil else {
      return .error("greenlet_spawn has not been called; can't call await_only() here.", 500)
    }
    let status = row("followup", id)?["status"]?.text ?? ""
    update("followup", id, ["payload": body["payload"] ?? [:]])
    let allocation = row("followup", id)?["allocation_id"]?.int.flatMap { row("allocation", $0) }
    if status.contains("failed to submit") || status.contains("rejected") {
      let reply = submit(id, instrument: allocation?["instrument_id"]?.int ?? 0)
      return reply.answer.status == 200 ? .success() : reply
    }
    facilityCalls.append((id, "update"))
    return .success()
  }

  /// The only way by which ICARE learns what TAROT and TRT made of a request: nothing polls there.
  mutating func retrieval(_ r: FakeRequest) -> FakeReply {
    guard let id = r.path.count > 1 ? Int(r.path[1]) : nil, let found = row("followup", id) else {
      return .error("Could not retrieve followup request.")
    }
    let allocation = found["allocation_id"]?.int.flatMap { row("allocation", $0) }
    let instrument = allocation?["instrument_id"]?.int.flatMap { row("instrument", $0) }
    guard ["TAROTAPI", "TRTAPI"].contains(instrument?["api_classname"]?.text ?? "") else {
      return .error("Cannot submit get requests on this instrument's API.")
    }
    facilityCalls.append((id, "retrieve"))
    if let news = facilityNews[id] { update("followup", id, ["status": .string(news)]) }
    return .success()
  }

  mutating func source(_ r: FakeRequest, _ body: JSONNode, _ caller: FakeCaller) -> FakeReply {
    let p = r.path
    if p[0] == "classification" { return classification(r, body, caller) }
    if p[0] == "source_exists" {
      let found = p.count > 1 && first("source", "name", .string(p[1])) != nil
      return .success(["source_exists": .bool(found), "message": ""])
    }
    if r.method == "POST", p.count == 1 {
      guard let name = body["id"]?.text, !name.contains(" ") else {
        return .error("Failed to post source: No spaces allowed in source ID")
      }
      // Coordinates of a known id are ignored, and its index recomputed from them: the row counts as spoilt.
      if let old = first("source", "name", .string(name)), let id = old["id"]?.int {
        if old["ra"] != body["ra"] || old["dec"] != body["dec"] { update("source", id, ["spoilt": true]) }
      } else {
        guard body["ra"] != nil, body["dec"] != nil else {
          return .error("Failed to post source: RA/Declination must not be null for a new Obj")
        }
        insert("source", ["name": .string(name), "ra": body["ra"] ?? .null, "dec": body["dec"] ?? .null])
      }
      return .success(["id": .string(name), "saved_to_groups": body["group_ids"] ?? []])
    }
    guard p.count > 1, let row = first("source", "name", .string(p[1])) else {
      return .error("Source not found", 404)
    }
    switch p.count > 2 ? p[2] : "" {
    case "":
      return .success(JSONNode.object(row).merging(["id": .string(p[1])]))
    case "classifications":
      return .success(
        .array(rows("classification").filter { $0["obj_id"] == .string(p[1]) }.map(JSONNode.object)))
    case "comments": return comments(r, body, caller, table: "source")
    default: return .error("not implemented here")
    }
  }

  private mutating func classification(_ r: FakeRequest, _ body: JSONNode, _ caller: FakeCaller) -> FakeReply
  {
    if r.method == "DELETE" {
      guard let id = r.path.last.flatMap({ Int($0) }), let row = row("classification", id),
        row["author_id"]?.int == caller.userID
      else { return .error("Cannot find a classification with ID: \(r.path.last ?? "").") }
      remove("classification", id)
      return .success()
    }
    guard let taxonomy = body["taxonomy_id"]?.int.flatMap({ row("taxonomy", $0) }),
      let label = body["classification"],
      (taxonomy["hierarchy"]?["subclasses"]?.items ?? []).contains(where: { $0["class"] == label })
    else { return .error("Error posting classification: That classification is not in the allowed classes") }
    let same = rows("classification").contains {
      $0["obj_id"] == body["obj_id"] && $0["classification"] == label
        && $0["taxonomy_id"] == body["taxonomy_id"]
    }
    if same, refusesRepeatedClassification {
      return .error(
        "Error posting classification: The classification \(label.text ?? "") for object \(body["obj_id"]?.text ?? "") already exists."
      )
    }
    let id = insert(
      "classification",
      (body.members ?? [:]).merging(["author_id": .integer(caller.userID)], uniquingKeysWith: { $1 }))
    return .success(["classification_id": .integer(id)])
  }
}
