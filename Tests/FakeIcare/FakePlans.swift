import Icare
import Units

extension FakeState {
  mutating func plan(
    _ r: FakeRequest, _ body: JSONNode, _ caller: FakeCaller, _ dies: Int?
  ) -> FakeReply {
    let p = r.path
    switch (r.method, p.count) {
    case ("GET", 1): return planList(r)
    case ("GET", 2) where p[1] == "plan_names":
      guard let name = r.query["name"] else {
        return .success(.array(rows("plan").compactMap { $0["plan_name"] }))
      }
      let taken =
        first("plan", "plan_name", .string(name)) != nil
        || rows("planRequest").contains { $0["payload"]?["queue_name"] == .string(name) }
      return .success(["exists": .bool(taken)])
    case ("GET", 2):
      guard let row = Int(p[1]).flatMap({ row("planRequest", $0) }) else {
        return .error("Could not retrieve observation plan.")
      }
      let node = planNode(row, observations: r.query["includePlannedObservations"] == "true")
      if node["observation_plans"]?.items?.first?["planned_observations"]?.items?.count == 1 {
        return .error("scalar 'Time' object is not iterable.", 500)
      }
      return .success(node)
    case ("POST", 2) where p[1] == "manual": return postPlan(body, caller, dies)
    case ("POST", 3) where p[2] == "queue": return queue(Int(p[1]) ?? 0)
    case ("DELETE", 2): return deletePlan(Int(p[1]) ?? 0, caller)
    default: return .error("not implemented here")
    }
  }

  private func planList(_ r: FakeRequest) -> FakeReply {
    let time = r.query["dateobs"].flatMap { NaiveUTC($0) }
    let instrument = r.query["instrumentID"].flatMap { Int($0) }
    let found = rows("planRequest").filter { row in
      let event = row["gcnevent_id"]?.int.flatMap { self.row("event", $0) }
      if let time, event?["dateobs"] != .string(time.text) { return false }
      if let status = r.query["status"], !(row["status"]?.text ?? "").contains(status) { return false }
      guard let instrument else { return true }
      let allocation = row["allocation_id"]?.int.flatMap { self.row("allocation", $0) }
      return allocation?["instrument_id"]?.int == instrument
    }
    let whole = r.query["includePlannedObservations"] == "true"
    return paged(found.map { planNode($0, observations: whole) }, "requests", r, most: 1000, usual: 100)
  }

  private func planNode(_ row: Row, observations: Bool) -> JSONNode {
    let plans = rows("plan").filter { $0["observation_plan_request_id"] == row["id"] }
    return JSONNode.object(row).merging([
      "observation_plans": .array(
        plans.map { plan in
          guard observations else { return .object(plan) }
          let own = rows("planned").filter { $0["observation_plan_id"] == plan["id"] }
          return JSONNode.object(plan).merging(["planned_observations": .array(own.map(observationNode))])
        })
    ])
  }

  /// Three commits: the request, the plan, its observations. What is wrong comes out between them.
  /// As it is listed: `field_id` is the field's row, the instrument's own number stands within `field`.
  private func observationNode(_ row: Row) -> JSONNode {
    let plan = row["observation_plan_id"]?.int.flatMap { self.row("plan", $0) }
    let request = plan?["observation_plan_request_id"]?.int.flatMap { self.row("planRequest", $0) }
    let allocation = request?["allocation_id"]?.int.flatMap { self.row("allocation", $0) }
    let field = rows("field").first {
      $0["instrument_id"] == allocation?["instrument_id"] && $0["field_id"] == row["field_id"]
    }
    guard let field else { return .object(row) }
    return JSONNode.object(row).merging(["field_id": field["id"] ?? .null, "field": .object(field)])
  }

  private mutating func postPlan(_ body: JSONNode, _ caller: FakeCaller, _ dies: Int?) -> FakeReply {
    let event =
      body["gcnevent_id"]?.int.flatMap { row("event", $0) }
      ?? body["dateobs"]?.text.flatMap { NaiveUTC($0) }.flatMap {
        first("event", "dateobs", .string($0.text))
      }
    guard let eventID = event?["id"] else { return .error("Cannot find associated GcnEvent") }
    let map =
      body["localization_id"]?.int.flatMap { row("map", $0) }
      ?? body["localization_name"].flatMap { first("map", "localization_name", $0) }
    guard let mapID = map?["id"] else { return .error("Cannot find associated Localization") }
    for key in ["payload", "observation_plans"] where body[key] == nil { return .error("'\(key)'", 500) }
    guard let plan = body["observation_plans"]?.items?.first else {
      return .error("Observation plan request must have at least one observation plan")
    }
    guard let allocationID = body["allocation_id"]?.int, let allocation = row("allocation", allocationID)
    else {
      return .error(
        "(psycopg.errors.ForeignKeyViolation) insert or update on table \"observationplanrequests\"", 500)
    }
    let requestID = insert(
      "planRequest",
      [
        "gcnevent_id": eventID, "localization_id": mapID, "allocation_id": .integer(allocationID),
        "status": body["status"] ?? "complete", "payload": body["payload"] ?? [:],
        "requester_id": .integer(caller.userID),
      ])
    if dies == 1 { return .death }
    let name = body["plan_name"] ?? .null
    guard first("plan", "plan_name", name) == nil else {
      return .error(
        "(psycopg.errors.UniqueViolation) duplicate key value violates unique constraint \"eventobservationplans_plan_name_key\"",
        500)
    }
    let planID = insert(
      "plan",
      [
        "observation_plan_request_id": .integer(requestID), "plan_name": name,
        "dateobs": event?["dateobs"] ?? .null, "status": plan["status"] ?? "complete",
        "validity_window_start": plan["validity_window_start"] ?? .null,
        "validity_window_end": plan["validity_window_end"] ?? .null, "statistics": [],
      ])
    if dies == 2 { return .death }
    let reply = insertObservations(plan, planID, allocation["instrument_id"]?.int ?? 0)
    if dies == 3 { return .death }
    if let reply { return reply }
    if body["status"] == "pending submission" {
      update("planRequest", requestID, ["status": "failed to process"])
    }
    return .success(["id": .integer(requestID)])
  }

  /// - Returns: the refusal, if something is wrong.
  private mutating func insertObservations(_ plan: JSONNode, _ planID: Int, _ instrument: Int) -> FakeReply? {
    let filters = row("instrument", instrument)?["filters"]?.items ?? []
    let observations = plan["planned_observations"]?.items ?? []
    guard observations.allSatisfy({ filters.contains($0["filt"] ?? .null) }) else {
      return .error(
        "Planned observation filter(s) not in instrument's filter list, must be one of: \(filters)")
    }
    let known = Set(
      rows("field").filter { $0["instrument_id"]?.int == instrument }.compactMap { $0["field_id"]?.int })
    for o in observations where !known.contains(o["field_id"]?.int ?? -1) {
      return .error(
        "No field for instrument with ID \(instrument) available with ID \(o["field_id"]?.int ?? -1)")
    }
    for o in observations {
      insert(
        "planned",
        [
          "observation_plan_id": .integer(planID), "field_id": o["field_id"] ?? .null,
          // An integer column: 30.5 s become 30.
          "exposure_time": .integer(Int(o["exposure_time"]?.double ?? 0)), "filt": o["filt"] ?? .null,
          "weight": o["weight"] ?? .null, "obstime": o["dateobs"] ?? .null,
          "planned_observation_id": o["planned_observation_id"] ?? .null,
        ])
    }
    let statistics: JSONNode = ["statistics": ["num_observations": .integer(observations.count)]]
    update("plan", planID, ["statistics": [statistics]])
    return nil
  }

  private mutating func queue(_ id: Int) -> FakeReply {
    guard let request = row("planRequest", id) else {
      return .error("Cannot find ObservationPlanRequest with ID: \(id)")
    }
    guard request["status"] == "complete" else {
      return .error("Cannot send observation plan with status \(request["status"]?.text ?? "")")
    }
    let allocation = request["allocation_id"]?.int.flatMap { row("allocation", $0) }
    guard allocation?["has_altdata"] == true else {
      return .error("Cannot send observation plan without allocation information.")
    }
    let instrument = allocation?["instrument_id"]?.int ?? 0
    if let failure = facilityFailure[instrument] {
      update("planRequest", id, ["status": .string("rejected from telescope queue: \(failure)")])
    } else {
      queuedPlans.append(request["payload"]?["queue_name"]?.text ?? "")
      update("planRequest", id, ["status": "submitted to telescope queue"])
    }
    return .success(planNode(row("planRequest", id) ?? [:], observations: false))
  }

  private mutating func deletePlan(_ id: Int, _ caller: FakeCaller) -> FakeReply {
    guard let request = row("planRequest", id) else {
      return .error("Cannot find ObservationPlanRequest with ID: \(id)")
    }
    guard request["status"] != "submitted to telescope queue" else {
      return .error("Cannot delete observation plan sent to the telescope queue.")
    }
    let plans = rows("plan").filter { $0["observation_plan_request_id"]?.int == id }
    if let plan = plans.first?["id"]?.int, !caller.acls.contains("System admin") {
      return denied("delete", "EventObservationPlan {\(plan)}", caller)
    }
    for plan in plans.compactMap({ $0["id"]?.int }) { remove("plan", plan) }
    remove("planRequest", id)
    return .success()
  }
}
