import Foundation
import HTTPTypes
import Hummingbird
import JSON

/// The part of SkyPortal's interface that robotic telescopes poll: a robot of ICARE's changes its address and
/// token, and nothing else. Shapes and refusals are SkyPortal 1.4's.
struct SkyPortalRoutes {
  let desk: any Desk

  func add(to router: Router<DashboardContext>) {
    router.get("/api/observation_plan") { request, context in
      try await answered(request, context) { query, slugs, reader in
        let plans = try await desk.openQueues().observationPlans(query, for: slugs, reader: reader)
        return .object([
          ("requests", .array(try plans.map { try JSONTreeEncoder.value(of: $0, keys: .snakeCase) })),
          ("totalMatches", .integer(plans.count)),
        ])
      }
    }
    router.get("/api/followup_request") { request, context in
      try await answered(request, context) { query, slugs, reader in
        let list = try await desk.openQueues().followupRequests(query, for: slugs, reader: reader)
        return .object([
          ("followup_requests", .array(try list.map { try JSONTreeEncoder.value(of: $0, keys: .snakeCase) })),
          ("totalMatches", .integer(list.count)), ("pageNumber", .integer(1)),
          ("numPerPage", .integer(list.count)),
        ])
      }
    }
    router.get("/api/gcn_event/{dateobs}") { request, context in
      let dateobs = try context.part("dateobs")
      let found = try await desk.openQueues().skyPortalEvent(dateobs)
      guard let found else { return envelope(.notFound, "GCN event not found") }
      return try await answered(request, context) { _, _, _ in
        try JSONTreeEncoder.value(of: found, keys: .snakeCase)
      }
    }
    router.put("/api/followup_request/{number}") { request, context in
      let bytes = try await request.bytes(upTo: 64 << 10)
      return try await answered(request, context) { _, slugs, reader in
        guard let number = Int64(try context.part("number")) else {
          throw DeskError.invalid("Could not retrieve followup request.")
        }
        guard let status = try BodyReader.json(StatusForm.self, bytes).status else {
          throw DeskError.invalid("Only the status of a request can be set here.")
        }
        try await desk.openQueues().setFollowup(number, status: status, for: slugs, by: reader)
        return .object([])
      }
    }
  }

  private struct StatusForm: Decodable { var status: String? }

  /// Every answer in SkyPortal's envelope, errors too; unknown things are 400 there.
  private func answered(
    _ request: Request, _ context: DashboardContext,
    _ body: (SkyPortalQuery, [String], Answerer) async throws -> JSONValue
  ) async throws -> Response {
    do {
      guard let identity = context.identity else { return envelope(.unauthorized, "HTTP 401: Unauthorized") }
      var slugs: [String] = []
      for case .telescope(let slug) in identity.scopes { slugs.append(slug) }
      if identity.scopes.contains(.admin) { slugs = try await desk.openQueues().slugs() }
      guard !slugs.isEmpty else { return envelope(.unauthorized, "HTTP 401: Unauthorized") }
      let data = try await body(
        try query(request), slugs.sorted(), Answerer(name: identity.actor, way: "icare"))
      return text(
        .ok, .object([("status", .string("success")), ("data", data), ("version", .string("1.4.0"))]))
    } catch let error as DeskError {
      switch error {
      case .notFound(let why), .invalid(let why), .conflict(let why): return envelope(.badRequest, why)
      case .unavailable(let why): return envelope(.serviceUnavailable, why)
      }
    } catch let error as HTTPError where error.status.kind == .clientError {
      return envelope(error.status, error.body ?? error.status.reasonPhrase)
    }
  }

  private func query(_ request: Request) throws -> SkyPortalQuery {
    var query = SkyPortalQuery()
    if let text = request.formValue("instrumentID"), text != "None" {
      guard let number = Int(text) else { throw DeskError.invalid("instrumentID must be a number") }
      query.instrumentID = number
    }
    query.startDate = request.formValue("startDate")
    query.endDate = request.formValue("endDate")
    query.status = request.formValue("status")
    let flag = request.formValue("includePlannedObservations")?.lowercased()
    query.includesObservations = flag == "true" || flag == "1"
    return query
  }

  private func envelope(_ status: HTTPResponse.Status, _ message: String) -> Response {
    text(
      status,
      .object([
        ("status", .string("error")), ("message", .string(message)), ("data", .object([])),
        ("version", .string("1.4.0")),
      ]))
  }

  private func text(_ status: HTTPResponse.Status, _ value: JSONValue) -> Response {
    Answer.text(JSONPrinter.text(value) + "\n", "application/json", status: status)
  }
}
