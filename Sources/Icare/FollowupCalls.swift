import Units

/// What a follow-up request's free-text status means.
public enum FollowupState: String, Hashable, Sendable, CaseIterable {
  case pending, submitted, complete, rejected
  /// The facility call failed and the row stayed: it can be submitted again with PUT.
  case failedToSubmit
  case failed, deleted, unknown

  /// By prefix, whatever the case.
  public init(status: String) {
    let text = status.lowercased()
    let prefixes: [(String, FollowupState)] = [
      // That the facility could not be asked says nothing of the request.
      ("failed to submit", .failedToSubmit), ("failed to retrieve", .submitted),
      ("failed", .failed), ("error", .failed),
      ("pending", .pending), ("submitted", .submitted), ("complete", .complete),
      ("rejected", .rejected), ("deleted", .deleted),
    ]
    self = prefixes.first { text.hasPrefix($0.0) }?.1 ?? .unknown
  }
}

/// A follow-up request as ICARE has it.
public struct IcareFollowup: Hashable, Sendable {
  public let id: Int
  public let sourceID: String
  public let allocationID: Int
  public let status: String
  public let payload: JSONNode
  public let created: NaiveUTC?
  public let modified: NaiveUTC?

  public var state: FollowupState { FollowupState(status: status) }
  /// Our key, when the request is ours.
  public var key: String? { payload[IcareKeys.followup]?.text }

  init(_ node: JSONNode) throws(IcareError) {
    id = try node.needInt("id")
    sourceID = try node.needText("obj_id")
    allocationID = try node.needInt("allocation_id")
    status = node["status"]?.text ?? ""
    payload = node["payload"] ?? .object([:])
    created = node.moment("created_at")
    modified = node.moment("modified")
  }
}

/// A source as ICARE has it.
public struct IcareSource: Hashable, Sendable {
  public let id: String
  public let position: Direction<ICRS>
}

/// A label on a source.
public struct IcareClassification: Hashable, Sendable {
  public let id: Int
  public let label: String
  public let taxonomyID: Int
  public let probability: Double
  public let authorID: Int?
  public let modified: NaiveUTC?

  init(_ node: JSONNode) throws(IcareError) {
    id = try node.needInt("id")
    label = try node.needText("classification")
    taxonomyID = try node.needInt("taxonomy_id")
    probability = node["probability"]?.double ?? 1
    authorID = node["author_id"]?.int
    modified = node.moment("modified")
  }
}

/// A set of labels.
public struct IcareTaxonomy: Hashable, Sendable {
  public let id: Int
  public let name: String
  public let labels: [String]
  public let isLatest: Bool

  init(_ node: JSONNode) throws(IcareError) {
    id = try node.needInt("id")
    name = try node.needText("name")
    isLatest = node["isLatest"]?.flag ?? true
    labels = node["hierarchy"].map(Self.labels) ?? []
  }

  private static func labels(in node: JSONNode) -> [String] {
    (node["class"]?.text.map { [$0] } ?? []) + (node["subclasses"]?.items ?? []).flatMap(labels)
  }
}

extension IcareClient {
  /// All requests for a source on an allocation. The server matches the id as a substring; only exact
  /// ones are returned.
  public func followups(
    source: String, allocationID: Int
  ) async throws(IcareError) -> [IcareFollowup] {
    let query = [(name: "sourceID", value: source), (name: "allocationID", value: String(allocationID))]
    return try await pages(["followup_request"], query, rows: "followup_requests", pageSize: 200).rows
      .map { node throws(IcareError) in try IcareFollowup(node) }
      .filter { $0.sourceID == source && $0.allocationID == allocationID }
  }

  /// All requests created since a moment, to follow their statuses.
  public func followups(createdSince start: Instant) async throws(IcareError) -> [IcareFollowup] {
    let query = [(name: "startDate", value: NaiveUTC(start).text)]
    return try await pages(["followup_request"], query, rows: "followup_requests", pageSize: 500).rows
      .map { node throws(IcareError) in try IcareFollowup(node) }
  }

  /// - Returns: nil when there is none.
  public func followup(_ id: Int) async throws(IcareError) -> IcareFollowup? {
    do throws(IcareError) {
      return try IcareFollowup(try await get(["followup_request", String(id)]).data)
    } catch {
      guard case .refused(let refusal) = error, refusal.status == 400 || refusal.status == 404 else {
        throw error
      }
      return nil
    }
  }

  /// - Returns: the id and the facility's status, which may be a refusal.
  public func postFollowup(_ body: JSONNode) async throws(IcareError) -> (id: Int, status: String) {
    let data = try await send(.post, ["followup_request"], body, .long).data
    guard let id = data["id"]?.int else {
      let why = Redaction.clean(data["message"]?.text ?? "ignored")
      throw .refused(IcareRefusal(status: 200, message: why, call: "POST followup_request"))
    }
    return (id, data["request_status"]?.text ?? "")
  }

  /// With a full body: the facility is called again. It must not hold `target_group_ids` (500).
  public func putFollowup(_ id: Int, _ body: JSONNode) async throws(IcareError) {
    _ = try await send(.put, ["followup_request", String(id)], body, .long)
  }

  /// Has ICARE ask the facility what became of a request: for TAROT and TRT nothing else does. The answer is
  /// the request's status afterwards.
  public func retrieveFollowup(_ id: Int) async throws(IcareError) {
    _ = try await get(["photometry_request", String(id)], [], .long)
  }

  /// Reports progress; no facility is called and nothing is checked.
  public func setFollowupStatus(_ id: Int, _ status: String) async throws(IcareError) {
    _ = try await send(.put, ["followup_request", String(id)], ["status": .string(status)])
  }

  public func deleteFollowup(_ id: Int) async throws(IcareError) {
    _ = try await send(.delete, ["followup_request", String(id)], nil, .long)
  }

  public func commentFollowup(_ id: Int, _ text: String) async throws(IcareError) {
    _ = try await send(.put, ["followup_request", String(id), "comment"], ["comment": .string(text)])
  }

  /// - Returns: nil when there is none.
  public func source(_ id: String) async throws(IcareError) -> IcareSource? {
    do throws(IcareError) {
      let data = try await get(["sources", id], [], .slow).data
      let ra = Angle.degrees(try data.needDouble("ra"))
      let dec = Angle.degrees(try data.needDouble("dec"))
      return IcareSource(id: try data.needText("id"), position: Direction(longitude: ra, latitude: dec))
    } catch {
      guard case .refused(let refusal) = error, refusal.status == 404 else { throw error }
      return nil
    }
  }

  /// Only for an id that does not exist: a repeat with another position spoils the server's index.
  public func createSource(
    _ id: String, rightAscensionDegrees: Double, declinationDegrees: Double, groupIDs: [Int]
  ) async throws(IcareError) {
    let body: JSONNode = [
      "id": .string(id), "ra": .number(rightAscensionDegrees), "dec": .number(declinationDegrees),
      "group_ids": .integers(groupIDs), "origin": "vesper",
    ]
    _ = try await send(.post, ["sources"], body, .slow)
  }

  public func taxonomies() async throws(IcareError) -> [IcareTaxonomy] {
    try (try await get(["taxonomy"], [], .slow).data.needItems()).map { node throws(IcareError) in
      try IcareTaxonomy(node)
    }
  }

  public func classifications(of source: String) async throws(IcareError) -> [IcareClassification] {
    try (try await get(["sources", source, "classifications"]).data.needItems())
      .map { node throws(IcareError) in try IcareClassification(node) }
  }

  /// ICARE refuses a repeat, plain SkyPortal adds a row: look first.
  public func postClassification(
    _ label: String, taxonomyID: Int, source: String, groupIDs: [Int]
  ) async throws(IcareError) {
    var body: JSONNode = [
      "obj_id": .string(source), "classification": .string(label), "taxonomy_id": .integer(taxonomyID),
      "probability": 1.0, "origin": "vesper",
    ]
    if !groupIDs.isEmpty { body = body.merging(["group_ids": .integers(groupIDs)]) }
    do throws(IcareError) {
      _ = try await send(.post, ["classification"], body)
    } catch {
      guard case .refused(let refusal) = error, refusal.message.contains("already exists") else {
        throw error
      }
    }
  }

  public func deleteClassification(_ id: Int) async throws(IcareError) {
    _ = try await send(.delete, ["classification", String(id)], ["label": false])
  }
}

/// The members under which our ids travel in payloads that ICARE stores as they are.
enum IcareKeys {
  static let followup = "planner_request_id"
  static let plan = "vesper_key"
  static let digest = "vesper_digest"
  static let series = "vesper_series"
  static let informed = "vesper_informed"
  static let decided = "vesper_decided"
}
