import Foundation

/// A receiver of webhooks: `POST /hook`, and `GET /deliveries/<key>` to ask for one.
public final class WebhookFarSide: Sendable {
  public let server: HTTPFarSide
  public let history: History
  private let keys: Guarded<[String: Int]>

  public var address: String { "http://127.0.0.1:\(server.port)/hook" }
  public var readBackAddress: String { "http://127.0.0.1:\(server.port)/deliveries/{key}" }
  /// How often each key took effect.
  public var effects: [String: Int] { keys { $0 } }

  /// - Parameters:
  ///   - collapses: a key that was seen takes no effect again.
  ///   - isGenuine: judges the headers and body of a request; those it denies get a 401.
  public init(
    port: Int = 0, history: History, faults: FaultPlan = FaultPlan(), readFaults: FaultPlan = FaultPlan(),
    collapses: Bool = false, isGenuine: @escaping @Sendable (FarRequest) -> Bool = { _ in true }
  ) throws {
    let keys = Guarded<[String: Int]>([:])
    self.keys = keys
    self.history = history
    server = try HTTPFarSide(port: port, faults: faults, readFaults: readFaults) { request in
      guard isGenuine(request) else { return .json(401, ["error": "signature"]) }
      if request.method == "GET" {
        let key = String(request.path.dropFirst("/deliveries/".count)).removingPercentEncoding ?? ""
        return keys { $0[key] } == nil ? .json(404, ["error": "unknown"]) : .json(200, ["key": key])
      }
      let key = request.header("Idempotency-Key") ?? ""
      let isNew = keys { keys in
        if collapses, keys[key] != nil { return false }
        keys[key, default: 0] += 1
        return true
      }
      if isNew {
        let body = String(decoding: request.body, as: UTF8.self)
        history.record("webhook", "post", key: key, ["body": body])
      }
      return .json(200, ["accepted": key])
    }
  }

  public func stop() { server.stop() }
}
