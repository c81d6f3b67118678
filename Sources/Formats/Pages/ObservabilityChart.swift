import Ephemerides
import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// When a telescope sees its targets: altitude over one night, with twilight, Moon, limits and the plan.
///
/// A value with every input; `render()` is pure. About 6 KB.
public struct ObservabilityChart: Sendable {
  public struct Block: Sendable {
    public let window: TimeWindow
    public let direction: Direction<ICRS>
    public init(window: TimeWindow, direction: Direction<ICRS>) {
      self.window = window
      self.direction = direction
    }
  }

  public var site: String
  public var observer: Observer
  public var ephemeris: Ephemeris
  public var night: SiteNight
  public var now: Instant
  /// What the curve is drawn of; none draws the Moon alone.
  public var target: (name: String, direction: Direction<ICRS>)?
  /// Lowest altitude and largest airmass under which it observes.
  public var minAltitude: Angle
  public var maxAirmass: Double
  /// What the plan has for the night.
  public var blocks: [Block] = []

  public init(
    site: String, observer: Observer, ephemeris: Ephemeris, night: SiteNight, now: Instant,
    minAltitude: Angle, maxAirmass: Double
  ) {
    self.site = site
    self.observer = observer
    self.ephemeris = ephemeris
    self.night = night
    self.now = now
    self.minAltitude = minAltitude
    self.maxAirmass = maxAirmass
  }

  /// The target as the observer sees it at one moment.
  public struct Look: Sendable {
    public let altitude: Angle
    public let airmass: Double
    public let moonSeparation: Angle
    public let moonAltitude: Angle
    public let moonIllumination: Fraction
  }

  public func look(at direction: Direction<ICRS>, _ t: Instant) -> Look {
    let frame = ephemeris.frame(of: observer, at: t)
    let seen = frame(direction)
    let moon = ephemeris.moon(in: frame)
    return Look(
      altitude: seen.altitude, airmass: AirmassModel.planeParallel.airmass(atAltitude: seen.altitude),
      moonSeparation: frame.apparent(of: direction).separation(from: moon.apparent),
      moonAltitude: moon.horizontal.altitude,
      moonIllumination: ephemeris.moonPhase(at: t).illuminated)
  }

  /// When the target goes below the lowest altitude, within the night; nil if it is up to the end, or never.
  public var setting: Instant? {
    guard let target else { return nil }
    let rest = TimeWindow(max(now, night.shown.start), max(night.shown.end, now))
    return ephemeris.crossings(of: .fixed(target.direction), through: minAltitude, from: observer, in: rest)
      .first { !$0.isRising }?.instant
  }

  public func render(id: String = "sky") -> String {
    let (start, end) = (night.shown.start, night.shown.end)
    let length = end.seconds(since: start)
    var chart = PageChart(
      id: id, title: "Altitude over the night at \(site)", description: description, x: 0...max(length, 1),
      y: 0...90)
    // Civil, nautical and astronomical night lie over one another: each is darker than the one before.
    for window in night.twilights.flatMap(\.self) {
      chart.band(from: window.start.seconds(since: start), to: window.end.seconds(since: start), "c-band")
    }
    for altitude in [30.0, 60] { chart.horizontal(altitude, "c-grid") }
    for altitude in [0, 30, 60, 90] { chart.yLabel("\(altitude)°", at: Double(altitude)) }
    // sec z = 2.0 at 30 degrees, 2.5 at 23.58 degrees.
    chart.horizontal(23.578, "c-grid")
    // 1.0, at the zenith, goes without saying: the name of the axis stands there.
    for (text, altitude) in [("1.2", 56.44), ("1.5", 41.81), ("2.0", 30), ("2.5", 23.578)] {
      chart.rightLabel(text, at: altitude)
    }
    chart.horizontal(limit, "c-limit")
    let samples = stride(from: 0.0, through: length, by: max(length / 96, 60))
    let frames = samples.map { ($0, ephemeris.frame(of: observer, at: start.advanced(bySeconds: $0))) }
    chart.curve(frames.map { ($0, ephemeris.moon(in: $1).horizontal.altitude.degrees) }, "c-moon")
    if let target { chart.curve(frames.map { ($0, $1.altitude(of: target.direction).degrees) }, "c-line") }
    draw(into: &chart)
    if night.shown.contains(now) { chart.vertical(now.seconds(since: start), "c-now") }
    chart.hours(from: start, to: end)
    chart.label("airmass", Double(chart.width), 8, anchor: "end", "c-dim")
    return chart.finish(note: note)
  }

  /// The higher of the two limits.
  private var limit: Double {
    // sec z = X at the altitude asin(1 / X).
    let byAirmass = maxAirmass > 1 ? Angle(radians: asin(1 / maxAirmass)).degrees : 0
    return max(minAltitude.degrees, byAirmass, 0)
  }

  /// Pointings at the altitude they have; neighbours that touch become one stroke.
  private func draw(into chart: inout PageChart) {
    let start = night.shown.start
    for block in blocks.prefix(200) {
      guard let shown = block.window.intersection(night.shown) else { continue }
      let ends = [shown.start, shown.end].map { t in
        (t.seconds(since: start), ephemeris.frame(of: observer, at: t).altitude(of: block.direction).degrees)
      }
      chart.curve(ends, "c-block")
    }
  }

  private var note: String {
    let line = target == nil ? "" : "line: next tile; "
    return "UTC; \(line)\(blocks.isEmpty ? "" : "thick: plan; ")dashed: Moon, limit \(limit.fixed(0))°"
  }

  private var description: String {
    var text = "Dark \(night.words). "
    if let target {
      let seen = look(at: target.direction, now)
      text += "\(target.name) is at \(seen.altitude.degrees.fixed(0)) degrees now"
      text += ", \(seen.moonSeparation.degrees.fixed(0)) degrees from the Moon, "
      text += "\((seen.moonIllumination.value * 100).fixed(0)) % of which is lit. "
    }
    return text + "The limit is \(limit.fixed(0)) degrees. \(blocks.count) pointings of the plan are drawn."
  }
}
