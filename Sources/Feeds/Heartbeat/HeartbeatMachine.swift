import Units

/// How bad it is.
public enum AlarmLevel: Int, Comparable, Hashable, Sendable {
  case green, amber, red
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// What the watch over the heartbeat has to say, once at each change.
public enum HeartbeatEvent: Hashable, Sendable {
  /// Nothing came for that long; `.red` follows `.amber`.
  case silence(AlarmLevel, lasting: Duration)
  /// It is back, after that long without.
  case recovered(silence: Duration)
  /// This machine's clock is ahead of the heartbeat's by `offset` (negative: behind).
  case clockOff(AlarmLevel, offset: Duration)
  case clockRight(offset: Duration)
  /// Connections that look open may be dead: clients should be made anew. Repeats while silence lasts.
  case stalled(silence: Duration)
}

/// Above which silence and which clock offset alarms are raised.
public struct HeartbeatLimits: Hashable, Sendable {
  public var amberSilence = Duration.seconds(60)
  public var redSilence = Duration.seconds(120)
  public var amberOffset = Duration.seconds(5)
  public var redOffset = Duration.seconds(60)
  /// When clients are to be made anew, and how often again.
  public var stall = Duration.seconds(20)
  /// The offset is the smallest delay of the beats of this time.
  public var offsetWindow = Duration.seconds(15)

  public init() {}
}

/// The alarms about `gcn.heartbeat`, which beats once a second. Event and time in, announcements out.
///
/// Silence is counted by uptime, which a jump of the clock does not touch. The clock is judged by the beat with
/// the smallest delay in a window: beats that were held up on the way say nothing, and the one that was
/// held up least differs from our clock by that clock's error and a network delay well below a second.
public struct HeartbeatMachine: Sendable {
  public let limits: HeartbeatLimits
  private var lastBeat: Duration
  private var lastStall: Duration
  private var beats: [(at: Duration, delay: Duration)] = []
  public private(set) var silenceLevel = AlarmLevel.green
  public private(set) var clockLevel = AlarmLevel.green
  /// By the last judgement; nil before the first, and while there are no recent beats.
  public private(set) var offset: Duration?
  public private(set) var beatCount = 0

  /// - Parameter uptime: of the start, from which silence counts.
  public init(limits: HeartbeatLimits = HeartbeatLimits(), uptime: Duration) {
    self.limits = limits
    lastBeat = uptime
    lastStall = uptime
  }

  public func silence(at uptime: Duration) -> Duration { uptime - lastBeat }

  /// A beat came.
  /// - Parameters:
  ///   - sent: what the beat says; nil if it is not legible, which still is a sign of life.
  ///   - received: by our clock.
  public mutating func beat(sent: Instant?, received: Instant, uptime: Duration) -> [HeartbeatEvent] {
    beatCount += 1
    let silence = silence(at: uptime)
    lastBeat = max(lastBeat, uptime)
    lastStall = lastBeat
    if let sent { beats.append((uptime, received - sent)) }
    guard silenceLevel > .green else { return [] }
    silenceLevel = .green
    return [.recovered(silence: silence)]
  }

  /// To be called about once a second; judges.
  public mutating func tick(uptime: Duration) -> [HeartbeatEvent] {
    judgeSilence(uptime) + judgeClock(uptime)
  }

  private mutating func judgeSilence(_ uptime: Duration) -> [HeartbeatEvent] {
    var events: [HeartbeatEvent] = []
    let silence = silence(at: uptime)
    if uptime - lastStall > limits.stall {
      lastStall = uptime
      events.append(.stalled(silence: silence))
    }
    let level: AlarmLevel =
      silence > limits.redSilence ? .red : silence > limits.amberSilence ? .amber : .green
    // It goes back by a beat alone.
    if level > silenceLevel {
      silenceLevel = level
      events.append(.silence(level, lasting: silence))
    }
    return events
  }

  private mutating func judgeClock(_ uptime: Duration) -> [HeartbeatEvent] {
    beats.removeAll { uptime - $0.at > limits.offsetWindow }
    // Of a clock that is right no beat can come before it was sent, so the smallest delay is nearest.
    offset = beats.map(\.delay).min()
    guard let offset else { return [] }
    let size = offset < .zero ? .zero - offset : offset
    let level: AlarmLevel = size > limits.redOffset ? .red : size > limits.amberOffset ? .amber : .green
    guard level != clockLevel else { return [] }
    clockLevel = level
    return [level == .green ? .clockRight(offset: offset) : .clockOff(level, offset: offset)]
  }
}
