import Dashboard
import Foundation
import Units
import WebClient

/// The queue of a running service, for the command line.
public struct RemoteQueue: Sendable {
  public struct Exposure: Sendable {
    let form: ReportForm
    /// - Parameter corrects: number of an exposure reported before, whose place this takes.
    public init(
      startUTC: String, seconds: Double, filter: String?, limit: Double?, corrects: Int64? = nil
    ) {
      var form = ReportForm(startUTC: startUTC, exposureS: seconds)
      (form.filter, form.limitMag, form.corrects) = (filter, limit, corrects)
      self.form = form
    }
  }

  private let base: String
  private let token: String?

  /// - Throws: for an address that is none.
  public init(_ address: String, token: String?) throws {
    base = address.hasSuffix("/") ? String(address.dropLast()) : address
    self.token = token
    _ = try WebURL(base)
  }

  private struct Queue: Decodable {
    struct Pointing: Decodable {
      var id: Int64
      var event, tile, state, startUTC: String
      var reason, filter: String?
      var raDeg, decDeg, exposureS: Double
      enum CodingKeys: String, CodingKey {
        case id, event, tile, state, reason, filter
        case startUTC = "start_utc"
        case raDeg = "ra_deg"
        case decDeg = "dec_deg"
        case exposureS = "exposure_s"
      }
    }
    var name, status, message: String
    var pointings: [Pointing]
  }

  private struct Sheet: Decodable {
    struct Telescope: Decodable { var slug: String }
    var telescope: Telescope
  }

  /// The slug of a telescope that goes by any of its names, such as `TCA`.
  public func slug(of name: String) async throws -> String {
    let sheet: Sheet = try await ask(.get, "/api/telescopes/\(Self.encoded(name))", nil)
    return sheet.telescope.slug
  }

  /// Lines for people.
  public func queue(_ slug: String) async throws -> String {
    let queue: Queue = try await ask(.get, "/api/telescopes/\(Self.encoded(slug))/queue", nil)
    let lines = queue.pointings.map { p in
      let place =
        Angle.degrees(p.raDeg).hoursMinutesSeconds + " " + Angle.degrees(p.decDeg).degreesMinutesSeconds
      let parts = [
        "\(p.id)", p.startUTC, p.state, place, p.filter ?? "-", "\(p.exposureS) s", p.tile, p.event,
        p.reason ?? "",
      ]
      return parts.joined(separator: "  ")
    }
    return (["\(queue.name): \(queue.status), \(queue.message)"] + lines).joined(separator: "\n")
  }

  private struct Answered: Decodable {
    var answer: String
    var changed: [Int64]
    var isRepeat: Bool
    var observation, replaced: Int64?
    enum CodingKeys: String, CodingKey { case answer, changed, isRepeat = "is_repeat", observation, replaced }

    var text: String {
      if isRepeat { return "known already, nothing changed" }
      if let observation, let replaced { return "corrected: exposure \(replaced) is now \(observation)" }
      let pointings = "\(answer): \(changed.map { "\($0)" }.joined(separator: " "))"
      return observation.map { "\(pointings) (exposure \($0))" } ?? pointings
    }
  }

  /// - Parameter assignment: number of a pointing, or id of a plan.
  public func answer(
    _ slug: String, _ assignment: String, _ word: String, reason: String?, until: String?,
    exposure: Exposure?
  ) async throws -> String {
    var form = AnswerForm(answer: word, reason: reason)
    (form.untilUTC, form.observation) = (until, exposure?.form)
    if let number = Int64(assignment) { form.pointing = number } else { form.plan = assignment }
    let result: Answered = try await ask(
      .post, "/api/telescopes/\(Self.encoded(slug))/answers", [UInt8](JSONEncoder().encode(form)))
    return result.text
  }

  private struct Refused: Decodable { var error: String }

  private func ask<T: Decodable>(
    _ method: WebRequest.Method, _ path: String, _ body: [UInt8]?
  ) async throws -> T {
    let client = try WebClient()
    var request = WebRequest(method, try WebURL(base + path))
    if let token { request.secretHeaders = [.authorization("Bearer", Secret(token))] }
    if let body { request.body = WebBody(body, contentType: "application/json") }
    let response: WebResponse
    do { response = try await client.send(request) } catch {
      await client.shutdown()
      throw ConfigurationError("no answer from \(base): \(error)")
    }
    await client.shutdown()
    guard (200..<300).contains(response.status) else {
      let why = try? JSONDecoder().decode(Refused.self, from: Data(response.body)).error
      throw ConfigurationError("\(response.status): \(why ?? "no reason given")")
    }
    return try JSONDecoder().decode(T.self, from: Data(response.body))
  }

  private static func encoded(_ slug: String) -> String {
    slug.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "-._~")))
      ?? slug
  }
}
