import Units

/// The night of a site: the one that is, or the next one.
public struct SiteNight: Hashable, Sendable {
  public enum State: String, Hashable, Sendable {
    case dark
    /// Dark within two hours: teams are told now.
    case soon
    case day
    /// No darkness within the two days that were looked at.
    case never
  }

  /// How long before its night a team is contacted.
  public static let notice = Duration.hours(2)
  private static let past = Duration.hours(18)
  private static let future = Duration.hours(42)

  public let now: Instant
  /// When the Sun is below the telescope's limit. Cut where the search ends: polar nights are longer.
  public let dark: TimeWindow?
  /// Longer than what was looked at, on either side.
  public let isEndless: Bool
  /// Sunset to sunrise about it with half an hour on both sides, for a chart.
  public let shown: TimeWindow
  /// When the Sun is below -6, -12 and -18 degrees, within `shown`.
  public let twilights: [[TimeWindow]]

  /// What an ephemeris must cover.
  public static func window(about now: Instant) -> TimeWindow { TimeWindow(now - past, now + future) }

  /// - Parameters:
  ///   - sunLimit: highest altitude of the Sun's centre under which the telescope observes.
  ///   - withTwilights: false leaves `twilights` empty, at a quarter of the cost.
  public init(
    _ ephemeris: Ephemeris, at observer: Observer, below sunLimit: Angle, now: Instant,
    withTwilights: Bool = true
  ) {
    let span = Self.window(about: now)
    let nights = ephemeris.windows(of: .sun, below: sunLimit, from: observer, in: span)
    let dark = nights.first { $0.end > now }
    self.now = now
    self.dark = dark
    isEndless = dark.map { $0.start == span.start || $0.end == span.end } ?? false
    guard withTwilights else {
      (shown, twilights) = (dark ?? span, [])
      return
    }
    let down = ephemeris.windows(of: .sun, below: Twilight.sunset.sunAltitude, from: observer, in: span)
    let night = dark.flatMap { dark in down.first { $0.start <= dark.start && dark.end <= $0.end } } ?? dark
    let margin = Duration.minutes(30)
    if let night, night.duration < .hours(23) {
      shown = TimeWindow(night.start - margin, night.end + margin)
    } else {
      shown = TimeWindow(now - .hours(6), now + .hours(18))
    }
    let (part, shownWindow) = ([Twilight.civil, .nautical, .astronomical], shown)
    twilights = part.map {
      ephemeris.windows(of: .sun, below: $0.sunAltitude, from: observer, in: shownWindow)
    }
  }

  public var state: State {
    guard let dark else { return .never }
    if dark.start <= now { return .dark }
    return dark.start - now <= Self.notice ? .soon : .day
  }

  /// `from 2026-11-21 18:02 to 2026-11-22 04:10 UTC`.
  public var words: String {
    guard let dark else { return "not within two days" }
    func text(_ t: Instant) -> String { String(t.iso8601().prefix(16)).replacing("T", with: " ") }
    return "from \(text(dark.start)) to \(text(dark.end)) UTC" + (isEndless ? " or longer" : "")
  }
}
