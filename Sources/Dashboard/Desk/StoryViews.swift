/// How it went with an event, from what is stored: nothing is worked out anew.
public struct EventStory: Sendable {
  public struct Step: Sendable {
    public var timeUTC: String
    /// Since the event; nil where its time is not known.
    public var sinceEventS: Double?
    public var actor: String
    public var kind: String
    public var text: String
    /// The outcome that was decided.
    public var decision: String?
    /// The plan that was made, as it is now.
    public var plan: PlanLine?

    public init(
      timeUTC: String, sinceEventS: Double?, actor: String, kind: String, text: String,
      decision: String? = nil, plan: PlanLine? = nil
    ) {
      self.timeUTC = timeUTC
      self.sinceEventS = sinceEventS
      self.actor = actor
      self.kind = kind
      self.text = text
      self.decision = decision
      self.plan = plan
    }
  }
  public var event: String
  public var isMock: Bool
  public var timeUTC: String?
  public var steps: [Step]
  public var chart: Drawing?
  /// More than are shown.
  public var left: Int

  public init(event: String, isMock: Bool, timeUTC: String?, steps: [Step], chart: Drawing?, left: Int) {
    self.event = event
    self.isMock = isMock
    self.timeUTC = timeUTC
    self.steps = steps
    self.chart = chart
    self.left = left
  }
}

/// The drill that runs or ran last in this process.
public struct DrillView: Sendable {
  public enum State: String, Sendable { case none, running, passed, failed }
  public struct Step: Sendable {
    public var seconds: Double
    public var text: String
    public var isGood: Bool
    public init(seconds: Double, text: String, isGood: Bool) {
      self.seconds = seconds
      self.text = text
      self.isGood = isGood
    }
  }
  public var state: State
  public var event: String?
  public var beganUTC: String?
  public var by: String?
  public var steps: [Step]
  /// Why it could not be held.
  public var problem: String?

  public init(
    state: State, event: String? = nil, beganUTC: String? = nil, by: String? = nil, steps: [Step] = [],
    problem: String? = nil
  ) {
    self.state = state
    self.event = event
    self.beganUTC = beganUTC
    self.by = by
    self.steps = steps
    self.problem = problem
  }
}

extension Desk {
  public func story(of event: String) async throws(DeskError) -> EventStory {
    throw .unavailable("nothing is on record here")
  }
  /// Nil where no drill can be held: the command does it then.
  public func drill() async -> DrillView? { nil }
  public func beginDrill(by identity: Identity) async throws(DeskError) {
    throw .unavailable("no drill can be held here: use the command")
  }
}
