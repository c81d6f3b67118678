import Foundation
import HTTPTypes
import Hummingbird
import JSON

/// Queues of telescopes, and what their teams say.
struct QueueRoutes {
  let desk: any Desk

  private static let longestAnswer = 64 << 10
  private static let longestReport = 1 << 20

  func add(to router: Router<DashboardContext>) {
    router.get("/api/telescopes/{slug}/queue") { _, context in
      let slug = try await context.telescope(desk)
      let reader = context.identity.flatMap { identity in
        // Those who look at all telescopes have not seen it for the team.
        identity.scopes.contains(.telescope(slug)) ? Answerer(name: identity.actor, way: "api") : nil
      }
      return try Answer.json(try await queues().queue(of: slug, reader: reader))
    }
    router.post("/api/telescopes/{slug}/answers") { request, context in
      let (slug, answerer) = try await team(context)
      let bytes = try await request.bytes(upTo: Self.longestAnswer)
      _ = try BodyReader.json(KnownMembers<AnswerForm.CodingKeys>.self, bytes)
      _ = try BodyReader.json(KnownObservation.self, bytes)
      var form = try BodyReader.json(AnswerForm.self, bytes)
      if form.key == nil { form.key = request.headers[HTTPField.Name("Idempotency-Key")!] }
      return try Answer.json(try await queues().answer(form, for: slug, by: answerer))
    }
    router.post("/api/telescopes/{slug}/observations") { request, context in
      let (slug, answerer) = try await team(context)
      let sheet = try ReportSheet(
        try await request.bytes(upTo: Self.longestReport), isCSV: request.bodyType == "text/csv")
      let results = try await queues().report(sheet.reports, for: slug, by: answerer)
      let isRefused = results.allSatisfy { $0.result == "refused" }
      return try Answer.json(
        ReportAnswer(results: results, ignoredColumns: sheet.ignored), status: isRefused ? .badRequest : .ok)
    }
    addOutages(to: router)
    router.get("/api/events/{id}/coverage") { _, context in
      try Answer.json(try await queues().coverage(of: context.part("id")))
    }
    router.get("/api/events/{id}/coverage/{file}") { request, context in
      Answer.file(
        try await queues().coverageFile(of: context.part("id"), name: context.part("file")), for: request)
    }
  }

  private func addOutages(to router: Router<DashboardContext>) {
    router.get("/api/telescopes/{slug}/outages") { _, context in
      try Answer.json(["outages": try await queues().outages(of: context.telescope(desk))])
    }
    router.post("/api/telescopes/{slug}/outages") { request, context in
      let (slug, answerer) = try await team(context)
      let bytes = try await request.bytes(upTo: Self.longestAnswer)
      _ = try BodyReader.json(KnownMembers<OutageForm.CodingKeys>.self, bytes)
      let form = try BodyReader.json(OutageForm.self, bytes)
      return try Answer.json(try await queues().add(form, for: slug, by: answerer), status: .created)
    }
    router.delete("/api/telescopes/{slug}/outages/{number}") { _, context in
      let (slug, answerer) = try await team(context)
      guard let number = Int64(try context.part("number")) else {
        throw HTTPError(.badRequest, message: "an outage is named by its number")
      }
      return try Answer.json(try await queues().endOutage(number, for: slug, by: answerer))
    }
  }

  private func queues() throws -> any QueueDesk { try desk.openQueues() }

  /// The telescope of the address, for a token that may answer for it.
  private func team(_ context: DashboardContext) async throws -> (String, Answerer) {
    let slug = try await context.telescope(desk)
    return (slug, Answerer(name: try context.require(.telescope(slug)).actor, way: "api"))
  }
}

extension Desk {
  public var queues: (any QueueDesk)? { nil }

  func openQueues() throws(DeskError) -> any QueueDesk {
    guard let queues else { throw .unavailable("this service keeps no queues") }
    return queues
  }
}
