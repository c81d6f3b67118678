import Foundation

/// How a far side treats one request.
public struct Treatment: Hashable, Sendable {
  public enum Reply: Hashable, Sendable {
    /// What it has to say.
    case normal
    case status(Int, retryAfter: Int? = nil)
    /// The connection breaks.
    case reset
    /// Nothing more comes until the client gives up.
    case hang
    /// Its answer, a byte at a time with a pause (milliseconds) after each.
    case slow(Int)
    /// A portal's page with status 200.
    case loginPage
    /// Half of its answer, then the end of the connection.
    case truncated
  }
  /// Whether the request takes effect; what the client hears of it is another matter.
  public let accepts: Bool
  public let reply: Reply

  public init(accepts: Bool, _ reply: Reply) {
    self.accepts = accepts
    self.reply = reply
  }

  public static let normal = Treatment(accepts: true, .normal)
  /// Of accepted requests the client does not hear the truth.
  public static let acceptedThen504 = Treatment(accepts: true, .status(504))
  public static let acceptedThenReset = Treatment(accepts: true, .reset)
  public static let acceptedThenHang = Treatment(accepts: true, .hang)
  public static let acceptedThenTruncated = Treatment(accepts: true, .truncated)
  public static let acceptedThenPage = Treatment(accepts: true, .loginPage)
  public static let tooMany = Treatment(accepts: false, .status(429, retryAfter: 7))
  public static let resetUnread = Treatment(accepts: false, .reset)
  public static let hangUnread = Treatment(accepts: false, .hang)
  public static let pageUnread = Treatment(accepts: false, .loginPage)
}

/// What happens to the next requests: first those said one by one, then the usual.
public final class FaultPlan: Sendable {
  private struct State {
    var scripted: [Treatment]
    var usual: Treatment = .normal
    var random: (faults: [Treatment], share: Double, generator: UInt64)?
  }
  private let state: Guarded<State>

  public init(_ scripted: [Treatment] = []) { state = Guarded(State(scripted: scripted)) }

  /// These come next.
  public func add(_ treatments: Treatment...) { state { $0.scripted += treatments } }

  /// From now on, when nothing is scripted.
  public func always(_ treatment: Treatment) {
    state {
      $0.usual = treatment
      $0.random = nil
    }
  }

  /// From now on a share of requests gets one of the faults, drawn from a seed.
  public func sometimes(_ faults: [Treatment], share: Double, seed: UInt64) {
    state { $0.random = (faults, share, seed) }
  }

  func next() -> Treatment {
    state { state in
      if !state.scripted.isEmpty { return state.scripted.removeFirst() }
      guard let (faults, share, start) = state.random, !faults.isEmpty else { return state.usual }
      var seed = start
      func draw() -> UInt64 {
        // SplitMix64.
        seed &+= 0x9E37_79B9_7F4A_7C15
        var z = seed
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
      }
      let isFault = Double(draw() >> 11) * 0x1p-53 < share
      let fault = faults[Int(draw() % UInt64(faults.count))]
      state.random = (faults, share, seed)
      return isFault ? fault : state.usual
    }
  }
}
