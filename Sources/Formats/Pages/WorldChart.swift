import Ephemerides
import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The Earth with day and night and the telescopes on it, for a page. About 9 KB for the network.
public struct WorldChart: Sendable {
  public struct Site: Sendable {
    public let name: String
    public let position: GeodeticPosition
    /// What it does now, in a word.
    public let word: String
    /// A class of the page's style sheet: `go`, `limited`, `wait`, `no`, `stop`.
    public let tone: String
    /// Where a click leads.
    public let href: String
    public init(name: String, position: GeodeticPosition, word: String, tone: String, href: String) {
      self.name = name
      self.position = position
      self.word = word
      self.tone = tone
      self.href = href
    }
  }

  public var now: Instant
  public var sites: [Site]
  /// Where the Sun is in the zenith.
  public var subsolar: GeodeticPosition

  public init(now: Instant, sites: [Site], subsolar: GeodeticPosition) {
    self.now = now
    self.sites = sites
    self.subsolar = subsolar
  }

  /// - Returns: nil for times outside the models.
  public init?(now: Instant, sites: [Site], ephemeris: Ephemeris) {
    let origin = GeodeticPosition(latitude: .zero, longitude: .zero, height: .metres(0))
    guard let observer = try? Observer(origin) else { return nil }
    let frame = ephemeris.frame(of: observer, at: now)
    let sun = ephemeris.sun(in: frame)
    // At the origin of latitude and longitude up, east and north are the axes of the Earth.
    let (up, east, north) = (frame.up, frame.east, frame.north)
    let unit = sun.apparent.unit
    let (x, y, z) = (dot(up, unit), dot(east, unit), dot(north, unit))
    self.init(
      now: now, sites: sites,
      subsolar: GeodeticPosition(
        latitude: .radians(atan2(z, (x * x + y * y).squareRoot())), longitude: .radians(atan2(y, x)),
        height: .metres(0)))
  }

  // Two pixels a degree; the ends without telescopes are cut off.
  private static let top = 14.0
  private static let height = 336

  public func render(id: String = "world") -> String {
    var svg = SVGWriter()
    svg.raw(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart world\" viewBox=\"0 \(Int(Self.top)) 720 \(Self.height)\""
        + " role=\"group\" aria-labelledby=\"\(id)-t \(id)-d\">")
    svg.raw("<title id=\"\(id)-t\">Telescopes on the day and night side</title>")
    svg.raw(
      "<desc id=\"\(id)-d\">\(sites.count) telescopes at \(SVGWriter.escaped(now.dateAndMinutes)) UTC. The table"
        + " below says the same.</desc>")
    svg.raw("<path d=\"\(WorldOutline.path)\" class=\"c-land\" fill-rule=\"evenodd\"/>")
    for altitude in [-0.833, -12, -18] {
      let path = night(below: .degrees(altitude))
      for shift in [-720, 0, 720] {
        let move = shift == 0 ? "" : " transform=\"translate(\(shift))\""
        svg.raw("<path d=\"\(path)\" class=\"c-night\"\(move)/>")
      }
    }
    // What needs eyes is drawn last, on top.
    let order = ["no", "mock", "wait", "go", "limited", "stop"]
    let sorted = sites.sorted { (order.firstIndex(of: $0.tone) ?? 0) < (order.firstIndex(of: $1.tone) ?? 0) }
    for site in sorted { svg.raw(mark(site)) }
    return svg.finish()
  }

  private static func x(_ longitude: Angle) -> Double { (longitude.wrapped.degrees + 180) * 2 }
  private static func y(_ latitude: Angle) -> Double { (90 - latitude.degrees) * 2 }

  /// Where the Sun stands below an altitude, as one outline about the place of midnight; parts may lie beyond
  /// the edges and are drawn again a turn away.
  func night(below altitude: Angle) -> String {
    let (delta, middle) = (subsolar.latitude, Self.x(.radians(subsolar.longitude.radians + .pi)))
    var (left, right): ([SIMD2<Double>], [SIMD2<Double>]) = ([], [])
    for degrees in stride(from: 90.0, through: -90, by: -3) {
      let phi = Angle.degrees(min(max(degrees, -89.9), 89.9))
      // sin h = sin(phi) sin(delta) + cos(phi) cos(delta) cos(H), solved for the hour angle H.
      let cosine =
        (altitude.sine - phi.sine * delta.sine) / (phi.cosine * delta.cosine)
      guard cosine > -1 else { continue }
      let half = cosine >= 1 ? 180 : 180 - Angle.radians(acos(cosine)).degrees
      left.append(SIMD2(middle - 2 * half, Self.y(.degrees(degrees))))
      right.append(SIMD2(middle + 2 * half, Self.y(.degrees(degrees))))
    }
    var path = SVGPath()
    path.add(left + right.reversed(), closed: true)
    return path.text
  }

  /// A shape of its own for each state: none is told by colour alone.
  private func mark(_ site: Site) -> String {
    let (x, y) = (Self.x(site.position.longitude), Self.y(site.position.latitude))
    let shape =
      switch site.tone {
      case "go": "M0-7 7 6H-7z"
      case "limited": "M0-7 7 0 0 7-7 0z"
      case "wait": "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0"
      case "stop": "M-6-6 6 6M6-6-6 6"
      default: "M-3-3H3V3H-3z"
      }
    return "<a href=\"\(SVGWriter.escaped(site.href))\" class=\"c-site \(site.tone)\" tabindex=\"-1\">"
      + "<title>\(SVGWriter.escaped("\(site.name): \(site.word)"))</title>"
      + "<path transform=\"translate(\(x.trimmed(1)) \(y.trimmed(1)))\" d=\"\(shape)\"/></a>"
  }
}
