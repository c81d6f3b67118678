import Foundation
import HTTPTypes
import Hummingbird

/// Where people decide.
struct DecisionRoutes {
  let desk: any Desk
  /// More than any reason needs.
  private static let largest = 64 << 10

  func add(to router: Router<DashboardContext>) {
    router.post("/api/events/{id}/decision") { request, context in
      let identity = try context.require(.lead)
      let buffer: ByteBuffer
      do { buffer = try await request.body.collect(upTo: Self.largest) } catch {
        throw HTTPError(.contentTooLarge, message: "the answer is larger than \(Self.largest >> 10) KiB")
      }
      let answer: DecisionAnswer
      do {
        answer = try JSONDecoder().decode(DecisionAnswer.self, from: Data(buffer.readableBytesView))
      } catch {
        throw HTTPError(
          .badRequest,
          message: "send JSON: {\"outcome\": \"STOP\", \"role\": \"shift leader\", \"reason\": \"...\"}")
      }
      return try Answer.json(
        try await desk.answer(answer, on: context.part("id"), by: identity), status: .accepted)
    }
  }
}
