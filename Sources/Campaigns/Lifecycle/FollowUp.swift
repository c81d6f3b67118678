import Units

/// When to propose the end of a campaign. The network's texts disagree, so these are settings: 24 h is
/// when tiles are given up without a counterpart, 48 h the end of a robotic request, 72 h the end of
/// candidates and of gamma-ray bursts.
public struct StopTimers: Codable, Hashable, Sendable {
  /// After the start, increasing. All but the last are skipped once a counterpart was found.
  @Coded public var limits: [Duration] = [.hours(24), .hours(48), .hours(72)]
  /// A counterpart fainter than this is beyond most of the telescopes.
  @Coded public var faintest = Magnitude(21)
  public init() {}
}

/// The campaign on one event: a pure state machine. Inputs and the time go in, actions come out.
///
/// It never stops a campaign by itself except for a retraction or a decision that ends it: timers and
/// fading only propose, and a person confirms.
public struct FollowUp: Codable, Hashable, Sendable {
  public enum State: String, Codable, Hashable, Sendable { case new, watch, limited, go, no, stopped }

  public enum Cause: Hashable, Sendable {
    /// Hours without a counterpart, or at all for the last limit.
    case elapsed(Duration)
    case faded(Magnitude)
  }

  /// Who ended it decides who may begin it again.
  public enum End: String, Codable, Hashable, Sendable {
    /// Later notices may begin it again.
    case policy
    /// Only a person may.
    case person
    /// Only a reinstatement does.
    case retraction
  }

  public enum Input: Hashable, Sendable {
    case decided(Outcome, byPerson: Bool)
    case counterpartFound
    /// The newest brightness of the counterpart, measured or predicted.
    case measured(Magnitude)
    case stopConfirmed(role: String)
    /// The campaign goes on; the same cause is not brought up again.
    case stopDeclined(role: String)
    case retracted
    /// A withdrawn event stands after all.
    case reinstated(role: String)
    /// A campaign that a person had ended may begin again.
    case reopened(role: String)
    case tick
  }

  public enum Action: Hashable, Sendable {
    case begin(State)
    case proposeStop(Cause)
    /// Withdraw what has not started, tell all teams, replace the GO tag.
    case stop(reason: String)
    /// A decision for a campaign that a person ended, and which only a person can reopen.
    case askToReopen(Outcome)
  }

  /// Something that happened, for the record.
  public struct Entry: Codable, Hashable, Sendable {
    @Coded public private(set) var at: Instant
    /// Plain English.
    public let what: String
    public let state: State
  }

  public private(set) var state: State = .new
  @Coded public private(set) var startedAt: Instant? = nil
  public private(set) var hasCounterpart = false
  /// What waits for a person's answer.
  public private(set) var proposal: Cause?
  public private(set) var end: End?
  /// Everything but ticks.
  public private(set) var record: [Entry] = []
  public let timers: StopTimers
  @Coded private var settledLimit: Duration = .zero
  private var settledFading = false
  private(set) var isRetracted = false
  @Coded private var latest: Instant? = nil

  public init(timers: StopTimers = StopTimers()) { self.timers = timers }

  public var isRunning: Bool { state == .go || state == .limited }

  /// When the next timer runs out, also while an earlier one waits for its answer; nil when none does.
  public var nextTimer: Instant? {
    guard isRunning, let startedAt else { return nil }
    return openLimits.first.map { startedAt + $0 }
  }

  private var openLimits: [Duration] {
    let last = timers.limits.last
    var passed = settledLimit
    switch proposal {
    case .elapsed(let limit): passed = max(passed, limit)
    case .faded: return []
    case nil: break
    }
    return timers.limits.filter { $0 > passed && (!hasCounterpart || $0 == last) }
  }

  /// How a campaign that is over came to its end, such as `STOP confirmed by the shift leader`.
  public var ending: String? {
    guard state == .stopped else { return nil }
    return record.reversed().prefix { $0.state == .stopped }.last?.what
  }

  /// - Parameter now: a clock that jumps back is taken to stand still.
  public mutating func receive(_ input: Input, at now: Instant) -> [Action] {
    let now = max(now, latest ?? now)
    latest = now
    let actions = respond(to: input, at: now) + expire(at: now)
    if input != .tick { record.append(Entry(at: now, what: input.text, state: state)) }
    return actions
  }

  private mutating func respond(to input: Input, at now: Instant) -> [Action] {
    switch input {
    case .tick: return []
    case .decided(let outcome, let byPerson): return decided(outcome, byPerson: byPerson, at: now)
    case .counterpartFound:
      hasCounterpart = true
      if case .elapsed(let limit)? = proposal, limit != timers.limits.last { proposal = nil }
      return []
    case .measured(let magnitude): return measured(magnitude)
    case .stopConfirmed(let role):
      guard isRunning, let cause = proposal else { return [] }
      return stop(.person, "\(cause.text), confirmed by the \(role)")
    case .stopDeclined:
      settle()
      return []
    case .retracted:
      isRetracted = true
      let wasStopped = state == .stopped
      let actions = stop(.retraction, "the event was retracted")
      // An event that never began is still announced as withdrawn.
      return wasStopped ? [] : actions
    case .reinstated:
      isRetracted = false
      return state == .stopped && end == .retraction ? reopen() : []
    case .reopened: return state == .stopped && !isRetracted ? reopen() : []
    }
  }

  private mutating func measured(_ magnitude: Magnitude) -> [Action] {
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
  }

  private mutating func decided(_ outcome: Outcome, byPerson: Bool, at now: Instant) -> [Action] {
    if state == .stopped {
      switch end {
      case .policy where outcome != .stop && outcome != .no: (state, end) = (.watch, nil)
      case .person where byPerson && outcome.isFollowUp: _ = reopen()
      case .person where outcome.isFollowUp: return [.askToReopen(outcome)]
      default: return []
      }
    }
    let who: End = byPerson ? .person : .policy
    switch outcome {
    case .stop: return stop(who, "the decision is STOP")
    case .no where isRunning:
      // GO must never stay open behind a NO.
      return stop(who, "the decision changed to NO")
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
    end = nil
    return [.begin(next)]
  }

  private mutating func reopen() -> [Action] {
    startedAt = nil
    settledLimit = .zero
    settledFading = false
    return begin(.watch)
  }

  private mutating func stop(_ who: End, _ reason: String) -> [Action] {
    state = .stopped
    end = who
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

extension FollowUp.Input {
  var text: String {
    switch self {
    case .decided(let outcome, let byPerson): "decision \(outcome.rawValue)\(byPerson ? " by a person" : "")"
    case .counterpartFound: "counterpart found"
    case .measured(let magnitude): "counterpart at \(Wording.number(magnitude.value)) mag"
    case .stopConfirmed(let role): "STOP confirmed by the \(role)"
    case .stopDeclined(let role): "STOP declined by the \(role)"
    case .retracted: "retracted"
    case .reinstated(let role): "reinstated by the \(role)"
    case .reopened(let role): "reopened by the \(role)"
    case .tick: "tick"
    }
  }
}

/// `{"elapsed_s":86400}` or `{"faded_mag":21.5}`.
extension FollowUp.Cause: Codable {
  private enum Key: String, CodingKey { case elapsed = "elapsed_s", faded = "faded_mag" }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    if let magnitude = try container.decodeIfPresent(Coded<Magnitude>.self, forKey: .faded) {
      self = .faded(magnitude.wrappedValue)
    } else {
      self = .elapsed(try container.decode(Coded<Duration>.self, forKey: .elapsed).wrappedValue)
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    switch self {
    case .elapsed(let time): try container.encode(Coded(wrappedValue: time), forKey: .elapsed)
    case .faded(let magnitude): try container.encode(Coded(wrappedValue: magnitude), forKey: .faded)
    }
  }
}
