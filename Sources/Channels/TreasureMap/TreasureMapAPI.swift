import Foundation
import Deliveries
import Units
import WebClient

/// The endpoints for pointings: what is there, and what is to be.
struct TreasureMapAPI: Sendable {
  let client: WebClient
  let base: WebURL
  let token: Secret
  let deadlines: Deadlines
  let redact: Redactor

  /// A pointing as the map shows it.
  struct Shown: Hashable, Sendable {
    let id: Int
    let status: String
    let ra: Double
    let dec: Double
    let time: Instant
    let band: String
    let positionAngle: Double?
    let depth: Double?

    init?(_ answer: JSONAnswer) {
      guard let id = answer["id"].integer, let status = answer["status"].text,
        let position = answer["position"].text.flatMap(Self.point),
        let time = answer["time"].text.flatMap({ Instant(iso8601: $0) })
      else { return nil }
      self.id = id
      self.status = status
      (ra, dec) = position
      self.time = time
      band = answer["band"].text ?? ""
      positionAngle = answer["pos_angle"].number
      depth = answer["depth"].number
    }

    /// `POINT(ra dec)`, with a space before the bracket or without.
    private static func point(_ text: String) -> (Double, Double)? {
      guard text.hasPrefix("POINT"), let open = text.firstIndex(of: "("), text.hasSuffix(")") else {
        return nil
      }
      let numbers = text[text.index(after: open)...].dropLast().split(separator: " ").map { Double($0) }
      guard numbers.count == 2, let ra = numbers[0], let dec = numbers[1], ra.isFinite, dec.isFinite else {
        return nil
      }
      return (ra, dec)
    }

    /// A tenth of an arcsecond: far below what we round to, far above what text and the database lose.
    private static let tolerance = 3e-5

    /// The database keeps right ascensions in -180...180.
    func isSame(as pointing: TreasureMapPointing) -> Bool {
      let turn = (ra - pointing.ra).truncatingRemainder(dividingBy: 360)
      let offset = min(abs(turn), 360 - abs(turn))
      guard offset < Self.tolerance, abs(dec - pointing.dec) < Self.tolerance, band == pointing.band,
        let start = Instant(iso8601: pointing.time)
      else { return false }
      return abs(time.seconds(since: start)) < 0.5
        && abs((positionAngle ?? 0) - pointing.pos_angle) < 1e-3
    }

    /// With the depth, which we round to a thousandth of a magnitude.
    func holds(_ pointing: TreasureMapPointing) -> Bool {
      guard isSame(as: pointing) else { return false }
      guard let wanted = pointing.depth else { return true }
      return depth.map { abs($0 - wanted) < 5e-4 } ?? false
    }
  }

  enum Reading: Sendable {
    case shown([Shown])
    /// - Parameter halts: the token is not accepted.
    case failed(reason: String, after: Instant?, halts: Bool)
  }

  /// Every pointing of an instrument for an event, whatever its state.
  func read(_ payload: TreasureMapPayload, now: Instant) async -> Reading {
    do throws(WebError) {
      let query = [
        (name: "graceid", value: payload.graceid), (name: "instrument", value: "\(payload.instrument)"),
      ]
      var request = WebRequest(
        .get, try base.appending(path: ["pointings"], query: query),
        headers: ["Accept": "application/json"], secretHeaders: [SecretHeader("api_token", token)],
        deadlines: deadlines)
      request.maxResponseBytes = 32 << 20
      request.acceptsGzip = true
      let response = try await client.send(request)
      guard response.status == 200 else {
        let outcome = SendOutcome(status: response, words(response), now: now)
        if case .unsent(let reason, let after) = outcome {
          return .failed(reason: reason, after: after, halts: false)
        }
        let halts = if case .halted = outcome { true } else { false }
        return .failed(reason: "status \(response.status): \(words(response))", after: nil, halts: halts)
      }
      guard let list = JSONAnswer(response.body)?.elements else {
        return .failed(reason: "status 200 with what is no list of pointings", after: nil, halts: false)
      }
      // One that cannot be read could be ours: without it nothing can be said to be absent.
      let shown = list.map { Shown($0) }
      guard !shown.contains(nil) else {
        return .failed(reason: "a pointing that cannot be read", after: nil, halts: false)
      }
      return .shown(shown.compactMap { $0 })
    } catch {
      return .failed(reason: redact(error.description), after: nil, halts: false)
    }
  }

  enum Writing: Sendable {
    case done(JSONAnswer)
    case failed(SendOutcome)
  }

  func write(
    _ endpoint: String..., body: some Encodable, method: WebRequest.Method = .post, now: Instant
  ) async -> Writing {
    do throws(WebError) {
      let request = WebRequest(
        method, try base.appending(path: endpoint), headers: ["Accept": "application/json"],
        secretHeaders: [SecretHeader("api_token", token)], body: try WebBody.json(body), deadlines: deadlines)
      let response = try await client.send(request)
      guard response.isSuccess else {
        return .failed(SendOutcome(status: response, words(response), now: now))
      }
      guard let answer = JSONAnswer(response.body), answer.isObject else {
        return .failed(.ambiguous(reason: "status \(response.status) with what is no answer of the map"))
      }
      return .done(answer)
    } catch {
      return .failed(SendOutcome(error, redact, now: now))
    }
  }

  /// What a refusal says, out of its JSON; nothing of a page.
  private func words(_ response: WebResponse) -> String {
    redact(JSONAnswer(response.body)?["detail"].texts.joined(separator: "; ") ?? "", limit: 200)
  }
}
