import Deliveries
import Units

/// One kind of push. `send` looks first and can therefore be called again after anything.
protocol Pusher: Sendable {
  /// Looks, then takes the next step, which may be to wait.
  func send(now: Instant) async throws(IcareError) -> SendOutcome
  /// Looks only.
  func readBack(now: Instant) async throws(IcareError) -> ReadBackVerdict
  /// Where ICARE differs from what was decided; nil when it does not have it.
  func differences(now: Instant) async throws(IcareError) -> [String]?
}

extension Pusher {
  /// For what either is there or is not.
  func differences(now: Instant) async throws(IcareError) -> [String]? {
    if case .present = try await readBack(now: now) { [] } else { nil }
  }
}

extension SendOutcome {
  /// What an error of the client means for the delivery. A read that failed is no doubt about a write:
  /// every attempt begins by looking.
  init(_ error: IcareError, now: Instant) {
    switch error {
    case .unsent(_, let after): self = .unsent(reason: error.description, after: after.map { now + $0 })
    // How long to stay away is the outbox's to say, which sees all that fails.
    case .unavailable: self = .unsent(reason: error.description, after: nil)
    case .ambiguous: self = .ambiguous(reason: error.description)
    case .tokenRejected: self = .halted(reason: error.description)
    case .invalid, .refused, .missingRight, .unexpected: self = .refused(reason: error.description)
    }
  }
}
