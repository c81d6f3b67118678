import Units

/// What ICARE said no to. The message is redacted: the server writes token ids into its messages.
public struct IcareRefusal: Hashable, Sendable, CustomStringConvertible {
  /// The HTTP status; 200 for a refusal inside a successful answer.
  public let status: Int
  public let message: String
  /// Method and path, such as `POST observation_plan/manual`.
  public let call: String

  public init(status: Int, message: String, call: String) {
    self.status = status
    self.message = message
    self.call = call
  }

  public var description: String { "\(call): \(status) \(message)" }
}

/// How a call to ICARE ended without a usable answer.
public enum IcareError: Error, Hashable, Sendable {
  /// Nothing left: the request would break ICARE's contract.
  case invalid(String)
  /// Surely nothing was changed there (no connection, rate limit): send again, not before `after`.
  case unsent(String, after: Duration?)
  /// A read was not answered, or by a proxy: ask again.
  case unavailable(String)
  /// A write may have been carried out: read back first.
  case ambiguous(String)
  /// ICARE answered and says no. A write answered 500 may have left a part behind.
  case refused(IcareRefusal)
  /// The token is good and lacks the right for this call.
  case missingRight(IcareRefusal)
  /// The token is unknown, revoked, or its user's account has expired: nothing can be sent.
  case tokenRejected(String)
  /// A successful answer that is not what the contract says.
  case unexpected(String)
}

extension IcareError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .invalid(let what): "not sent, since ICARE would not take it: \(what)"
    case .unsent(let why, _): "not sent: \(why)"
    case .unavailable(let why): "ICARE does not answer: \(why)"
    case .ambiguous(let why): "it is not known whether ICARE has it: \(why)"
    case .refused(let refusal): "ICARE refused: \(refusal)"
    case .missingRight(let refusal):
      "the token lacks the right for \(refusal.call) (ask an ICARE administrator)"
    case .tokenRejected(let why): "ICARE does not accept the token: \(why)"
    case .unexpected(let what): "ICARE answered otherwise than its contract: \(what)"
    }
  }
}
