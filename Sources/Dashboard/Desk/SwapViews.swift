/// Somebody wants to give a shift away, perhaps for another.
public struct SwapForm: Hashable, Sendable {
  /// User names of the roster, and shifts as day and slot: `2026-11-27/3`.
  public var giver: String
  public var shift: String
  public var taker: String
  public var inReturn: String?

  public init(giver: String, shift: String, taker: String, inReturn: String? = nil) {
    self.giver = giver
    self.shift = shift
    self.taker = taker
    self.inReturn = inReturn
  }
}

/// A request as it stands.
public struct SwapView: Encodable, Hashable, Sendable {
  public var id: Int64
  public var giver: String
  public var shift: String
  public var taker: String
  public var inReturn: String?
  /// `open`, `accepted`, `declined`, `withdrawn`.
  public var state: String
  public var askedBy: String
  public var askedUTC: String
  public var answeredBy: String?
  /// What the checks of the roster would find newly; of open requests.
  public var findings: [String]

  public init(
    id: Int64, giver: String, shift: String, taker: String, inReturn: String?, state: String,
    askedBy: String, askedUTC: String, answeredBy: String? = nil, findings: [String] = []
  ) {
    self.id = id
    self.giver = giver
    self.shift = shift
    self.taker = taker
    self.inReturn = inReturn
    self.state = state
    self.askedBy = askedBy
    self.askedUTC = askedUTC
    self.answeredBy = answeredBy
    self.findings = findings
  }
}

public enum SwapAnswer: String, Hashable, Sendable { case accepted, declined, withdrawn }

extension Desk {
  public func askSwap(_ form: SwapForm, by identity: Identity) async throws(DeskError) {
    throw .notFound("no roster is configured: name its file under `roster`")
  }
  public func answerSwap(
    _ id: Int64, _ answer: SwapAnswer, by identity: Identity
  ) async throws(DeskError) {
    throw .notFound("no roster is configured: name its file under `roster`")
  }
}
