import HTTPTypes
import Hummingbird

/// Notices as they came, and the door for those that come over HTTP.
struct NoticeRoutes {
  let desk: any Desk
  let largest: Int

  func add(to router: Router<DashboardContext>) {
    router.get("/api/notices") { request, _ in
      let limit = try request.integer("limit", in: 1...500, default: 50)
      let state = request.uri.queryParameters.get("state").map { String($0) }
      return try Answer.json(["notices": try await desk.notices(limit: limit, state: state)])
    }
    router.get("/api/notices/{id}") { request, context in
      Answer.file(try await desk.notice(try number(context)), for: request)
    }
    router.post("/api/notices") { request, context in
      let identity = try context.require(.notices)
      let buffer: ByteBuffer
      do { buffer = try await request.body.collect(upTo: largest) } catch {
        throw HTTPError(.contentTooLarge, message: "the notice is larger than \(largest >> 20) MiB")
      }
      guard buffer.readableBytes > 0 else {
        throw HTTPError(.badRequest, message: "the request has no body: send the notice as it is")
      }
      let name = request.uri.queryParameters.get("name").map { String($0.prefix(200)) }
      let line = try await desk.submit(notice: Array(buffer.readableBytesView), name: name, by: identity)
      return try Answer.json(line, status: .accepted)
    }
    router.post("/api/notices/{id}/replay") { _, context in
      let identity = try context.require(.lead)
      return try Answer.json(
        try await desk.replay(notice: try number(context), by: identity), status: .accepted)
    }
  }

  private func number(_ context: DashboardContext) throws -> Int64 {
    guard let id = Int64(try context.part("id")) else {
      throw HTTPError(.badRequest, message: "a notice is named by its number")
    }
    return id
  }
}
