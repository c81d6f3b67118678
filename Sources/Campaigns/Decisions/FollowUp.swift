import Units

/// When to propose the end of a campaign. The network's texts disagree, so these are settings: 24 h is
/// when tiles are given up without a counterpart, 48 h the end of a robotic request, 72 h the end of
/// candidates and of gamma-ray bursts.
public struct StopTimers: Hashable, Sendable {
  /// After the start, increasing. All but the last are skipped once a counterpart was found.
  public var limits: [Duration] = [.hours(24), .hours(48), .hours(72)]
  /// A counterpart fainter than this is beyond most of the telescopes.
  public var faintest = Magnitude(21)
  public init() {}
}

/// The campaign on one event: a pure state machine. Inputs and the time go in, actions come out.
///
/// It never stops a campaign by itself except for a retraction or a STOP that the policy or a person
/// ordered: timers and fading only propose, and a person confirms.
public struct FollowUp: Hashable, Sendable {
  public enum State: String, Hashable, Sendable { case new, watch, limited, go, no, stopped }

  public enum Cause: Hashable, Sendable {
    /// Hours without a counterpart, or at all for the last limit.
    case elapsed(Duration)
    case faded(Magnitude)
  }

  public enum Input: Hashable, Sendable {
    case decided(Outcome)
    case counterpartFound
    /// The newest brightness of the counterpart, measured or predicted.
    case measured(Magnitude)
    case stopConfirmed(role: String)
    /// The campaign goes on; the same cause is not brought up again.
    case stopDeclined(role: String)
    case retracted
    /// A person confirmed that a withdrawn event stands.
    case reinstated(role: String)
    case tick
  }

  public enum Action: Hashable, Sendable {
    case begin(State)
    case proposeStop(Cause)
    /// Withdraw what has not started, tell all teams, replace the GO tag.
    case stop(reason: String)
    /// A decision for an event that had ended, which only a person can reopen.
    case askToReopen(Outcome)
  }

  /// Something that happened, for the record.
  public struct Entry: Hashable, Sendable {
    public let at: Instant
    public let input: Input
    public let state: State
  }

  public private(set) var state: State = .new
  public private(set) var startedAt: Instant?
  public private(set) var hasCounterpart = false
  /// What waits for a person's answer.
  public private(set) var proposal: Cause?
  /// Everything but ticks.
  public private(set) var record: [Entry] = []
  public let timers: StopTimers
  private var settledLimit: Duration = .zero
  private var settledFading = false
  private var isRetracted = false
  private var latest: Instant?

  public init(timers: StopTimers = StopTimers()) { self.timers = timers }

  public var isRunning: Bool { state == .go || state == .limited }

  /// When the next timer runs out; nil when none does or a proposal already waits.
  public var nextTimer: Instant? {
    guard isRunning, proposal == nil, let startedAt else { return nil }
    return openLimits.first.map { startedAt + $0 }
  }

  private var openLimits: [Duration] {
    let last = timers.limits.last
    return timers.limits.filter { $0 > settledLimit && (!hasCounterpart || $0 == last) }
  }

  /// - Parameter now: a clock that jumps back is taken to stand still.
  public mutating func receive(_ input: Input, at now: Instant) -> [Action] {
    let now = max(now, latest ?? now)
    latest = now
    var actions = respond(to: input, at: now)
    actions += expire(at: now)
    if input != .tick { record.append(Entry(at: now, input: input, state: state)) }
    return actions
  }

  private mutating func respond(to input: Input, at now: Instant) -> [Action] {
    switch input {
    case .tick: return []
    case .decided(let outcome): return decided(outcome, at: now)
    case .counterpartFound:
      hasCounterpart = true
      if case .elapsed(let limit)? = proposal, limit != timers.limits.last { proposal = nil }
      return []
    case .measured(let magnitude):
      hasCounterpart = true
      guard magnitude > timers.faintest else {
        // It brightened again: an old proposal no longer stands, and a new one may come.
        settledFading = false
        if case .faded? = proposal { proposal = nil }
        return []
      }
      guard isRunning, proposal == nil, !settledFading else { return [] }
      proposal = .faded(magnitude)
      return [.proposeStop(.faded(magnitude))]
    case .stopConfirmed(let role):
      guard isRunning, let cause = proposal else { return [] }
      return end("\(cause.text), confirmed by the \(role)")
    case .stopDeclined:
      settle()
      return []
    case .retracted:
      isRetracted = true
      // An event that never began is still announced as withdrawn.
      return state == .stopped ? [] : end("the event was retracted")
    case .reinstated:
      isRetracted = false
      if state == .stopped { state = .watch }
      return [.begin(.watch)]
    }
  }

  private mutating func decided(_ outcome: Outcome, at now: Instant) -> [Action] {
    if state == .stopped {
      return outcome.isFollowUp || outcome == .watch && !isRetracted ? [.askToReopen(outcome)] : []
    }
    switch outcome {
    case .stop: return end("the decision is STOP")
    case .no where isRunning:
      // GO must never stay open behind a NO.
      return end("the decision changed to NO")
    case .watch where isRunning: return []
    case .no: return begin(.no)
    case .watch: return begin(.watch)
    case .go, .limited:
      if startedAt == nil { startedAt = now }
      return begin(outcome == .go ? .go : .limited)
    }
  }

  private mutating func begin(_ next: State) -> [Action] {
    guard state != next else { return [] }
    state = next
    return [.begin(next)]
  }

  private mutating func end(_ reason: String) -> [Action] {
    state = .stopped
    proposal = nil
    return [.stop(reason: reason)]
  }

  private mutating func settle() {
    switch proposal {
    case .elapsed(let limit): settledLimit = max(settledLimit, limit)
    case .faded: settledFading = true
    case nil: break
    }
    proposal = nil
  }

  private mutating func expire(at now: Instant) -> [Action] {
    guard let due = nextTimer, due <= now, let startedAt else { return [] }
    // After a long silence only the latest limit that has passed is brought up.
    let passed = openLimits.filter { startedAt + $0 <= now }
    guard let limit = passed.last else { return [] }
    proposal = .elapsed(limit)
    return [.proposeStop(.elapsed(limit))]
  }
}

extension FollowUp.Cause {
  public var text: String {
    switch self {
    case .elapsed(let time): "\(Wording.number(time.seconds / 3600)) h have passed"
    case .faded(let magnitude): "the counterpart has faded to \(Wording.number(magnitude.value)) mag"
    }
  }
}
