import Units

/// An answer of ICARE, read and judged.
struct IcareAnswer: Sendable {
  let data: JSONNode
  /// The server's clock when it answered; ages of its rows are counted from it.
  let serverTime: Instant?
  /// SkyPortal's version, which every answer carries.
  let version: String?
}

/// What a status means. The rules are ICARE's own, found by trying: 500 also means a client mistake, 400
/// also a missing right, 200 also a refusal, and an HTML page is the proxy's, not the application's.
enum AnswerRules {
  /// How long to stay away when a limit was hit and the server does not say: its bucket refills in this.
  static let pauseAfterLimit = Duration.seconds(3)

  static func judge(
    status: Int, body: [UInt8], isSafe: Bool, call: String, retryAfter: Duration?, secrets: [String]
  ) -> Result<(data: JSONNode, version: String?), IcareError> {
    let node = JSONReader.parse(body)
    let envelope = node?["status"]?.text
    let message = Redaction.clean(node?["message"]?.text ?? "", secrets: secrets)
    func lost(_ why: String) -> Result<(data: JSONNode, version: String?), IcareError> {
      .failure(isSafe ? .unavailable("\(call): \(why)") : .ambiguous("\(call): \(why)"))
    }
    switch status {
    case 200..<300:
      guard let node, let envelope else { return lost("status \(status) with a page instead of an answer") }
      guard envelope == "success" else {
        return .failure(.refused(IcareRefusal(status: status, message: message, call: call)))
      }
      return .success((node["data"] ?? .object([:]), node["version"]?.text))
    case 429: return .failure(.unsent("\(call): rate limit", after: retryAfter ?? pauseAfterLimit))
    case 401:
      let why = message.isEmpty ? "status 401" : message
      return .failure(.missingRight(IcareRefusal(status: 401, message: why, call: call)))
    case 403 where message.contains("expired"): return .failure(.tokenRejected(message))
    case 408, 425, 502, 503, 504: return lost("status \(status)")
    case 400..<500, 500:
      guard envelope != nil else {
        // A proxy's page: 413 and the like are final, a proxy's 500 says nothing about the application.
        return status == 500
          ? lost("status 500 without an answer")
          : .failure(.refused(IcareRefusal(status: status, message: "a proxy's page", call: call)))
      }
      return .failure(.refused(IcareRefusal(status: status, message: message, call: call)))
    default: return lost("status \(status)")
    }
  }
}
