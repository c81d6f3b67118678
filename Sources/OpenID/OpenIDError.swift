/// Why nobody is signed in. None of it holds a secret, a token or what a stranger wrote.
public enum OpenIDError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The provider does not answer, or not as it should.
  case provider(String)
  /// The answer belongs to no sign-in of this browser, or came too late, or twice.
  case unknownAttempt
  /// The person, or the provider, said no.
  case refused
  /// The identity token is not good.
  case token(String)
  /// The person has no role here.
  case noRole

  public var description: String {
    switch self {
    case .provider(let what): "the sign-in service cannot be used now: \(what)"
    case .unknownAttempt: "this sign-in is over or was begun elsewhere: begin again"
    case .refused: "the sign-in service did not let you in"
    case .token(let what): "what the sign-in service said is not good: \(what)"
    case .noRole: "your account has no role here: ask an administrator"
    }
  }
}
