import Units

/// A request for a plan as ICARE lists it, with what became of it.
public struct IcarePlanRequest: Hashable, Sendable {
  /// One pointing.
  public struct Observation: Hashable, Sendable {
    public let field: Int
    public let start: NaiveUTC?
    public let exposureSeconds: Double
    public let filter: String
    public let weight: Double
  }

  public let id: Int
  public let status: String
  public let eventID: Int
  public let localizationID: Int
  public let allocationID: Int
  public let created: NaiveUTC?
  /// As it was sent, extra keys included.
  public let payload: JSONNode
  /// Nil when the request has no plan: what a failed upload leaves.
  public let planName: String?
  /// From the statistics, which are computed last.
  public let countedObservations: Int?
  /// Nil when the list was not asked to include them.
  public let observations: [Observation]?

  init(_ node: JSONNode) throws(IcareError) {
    id = try node.needInt("id")
    status = node["status"]?.text ?? ""
    eventID = try node.needInt("gcnevent_id")
    localizationID = try node.needInt("localization_id")
    allocationID = try node.needInt("allocation_id")
    created = node.moment("created_at")
    payload = node["payload"] ?? .object([:])
    let plan = node["observation_plans"]?.items?.first
    planName = plan?["plan_name"]?.text
    countedObservations = plan?["statistics"]?.items?.first?["statistics"]?["num_observations"]?.int
    observations = plan?["planned_observations"]?.items?.map { row in
      Observation(
        // `field_id` beside it is the row's number over all of ICARE, not the instrument's own.
        field: (row["field"]?["field_id"] ?? row["field_id"])?.int ?? -1, start: row.moment("obstime"),
        exposureSeconds: row["exposure_time"]?.double ?? 0, filter: row["filt"]?.text ?? "",
        weight: row["weight"]?.double ?? 0)
    }
  }

  /// Whether the request carries the name, in its plan or in its payload.
  public func holds(name: String) -> Bool { planName == name || payload["queue_name"]?.text == name }

  var holdsPointings: Bool { !(observations ?? []).isEmpty }
}

extension IcareClient {
  /// All requests of an event on an instrument with their observations, oldest first, and the server's
  /// clock. The server gives them in no order, so that pages could miss rows: they come in one.
  public func planRequests(
    event: NaiveUTC, instrumentID: Int
  ) async throws(IcareError) -> (requests: [IcarePlanRequest], serverTime: Instant?) {
    let query = [
      (name: "dateobs", value: event.text), (name: "instrumentID", value: String(instrumentID)),
      (name: "includePlannedObservations", value: "true"),
    ]
    let (rows, time) = try await pages(["observation_plan"], query, rows: "requests", pageSize: 1000)
    let requests = try rows.map { node throws(IcareError) in try IcarePlanRequest(node) }
    return (requests.sorted { $0.id < $1.id }, time)
  }

  /// One request without its observations: with them the server fails on plans of one observation.
  /// - Returns: nil when there is none.
  public func planRequest(_ id: Int) async throws(IcareError) -> IcarePlanRequest? {
    do throws(IcareError) {
      return try IcarePlanRequest(try await get(["observation_plan", String(id)], [], .slow).data)
    } catch {
      guard case .refused(let refusal) = error, refusal.status == 400 || refusal.status == 404 else {
        throw error
      }
      return nil
    }
  }

  /// Whether any plan or request holds the name, orphans included.
  public func planNameIsTaken(_ name: String) async throws(IcareError) -> Bool {
    let data = try await get(["observation_plan", "plan_names"], [("name", name)]).data
    guard let taken = data["exists"]?.flag else { throw .unexpected("no \"exists\" in plan_names") }
    return taken
  }

  /// Uploads a plan. The server commits three times on the way: after any other end than success the
  /// name may be burnt.
  public func postPlan(_ body: JSONNode) async throws(IcareError) -> Int {
    try await send(.post, ["observation_plan", "manual"], body, .long).data.needInt("id")
  }

  /// Works for requests without a plan; others only an administrator can remove.
  public func deletePlanRequest(_ id: Int) async throws(IcareError) {
    _ = try await send(.delete, ["observation_plan", String(id)], nil)
  }

  /// Sends a plan to the telescope's queue.
  /// - Returns: the status, which may be a refusal although ICARE answers with success.
  public func queuePlan(_ id: Int) async throws(IcareError) -> String {
    try await send(.post, ["observation_plan", String(id), "queue"], nil, .long).data.needText("status")
  }
}
