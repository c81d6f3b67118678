import Deliveries
import Units

/// One pointing as the Gravitational Wave Treasure Map knows it.
///
/// The server compares pointings exactly, so the same pointing must always be written with the same numbers:
/// they are rounded once, here. Times go without a zone: the server stores UTC without one, and its own test
/// for duplicates never finds a time that was sent with `Z`.
public struct TreasureMapPointing: Hashable, Sendable, Codable {
  public let ra: Double
  public let dec: Double
  /// UTC start, `2026-11-21T03:11:00`, in whole seconds.
  public let time: String
  public let band: String
  public let pos_angle: Double
  public let depth: Double?
  public let depth_err: Double?
  public let depth_unit: String?

  /// Bands of its interface.
  public static let bands: Set<String> = [
    "U", "B", "V", "R", "I", "J", "H", "K", "u", "g", "r", "i", "z", "UVW1", "UVW2", "UVM2", "XRT", "clear",
    "open", "UHF", "VHF", "L", "S", "C", "X", "other", "TESS", "BAT", "HESS", "WISEL", "q",
  ]

  /// - Parameters:
  ///   - start: of the first exposure.
  ///   - band: one of `bands`; `Self.band(for:)` finds it for a filter's name.
  ///   - depth: AB, expected for a planned pointing and reached for a completed one.
  ///   - positionAngle: of the camera, east of north.
  /// - Throws: `.payload` for what the server would refuse.
  public init(
    at direction: Direction<ICRS>, start: Instant, band: String, depth: Magnitude? = nil,
    depthError: Magnitude? = nil, positionAngle: Angle = .zero
  ) throws(ChannelError) {
    guard Self.bands.contains(band) else {
      throw .payload("the Treasure Map knows no band \"\(band.prefix(20))\"")
    }
    let numbers = [direction.ra.degrees, direction.dec.degrees, positionAngle.degrees]
    guard numbers.allSatisfy({ abs($0) < 1e6 }), depth.map({ $0.value.isFinite && $0.value != 0 }) ?? true,
      depthError.map({ $0.value.isFinite }) ?? true
    else { throw .payload("a pointing with a number that is none") }
    func rounded(_ x: Double, _ scale: Double) -> Double { (x * scale).rounded() / scale }
    let ra = rounded(direction.ra.degrees, 1e6)
    self.ra = ra >= 360 ? ra - 360 : ra
    dec = rounded(direction.dec.degrees, 1e6)
    time = String(start.iso8601().dropLast())
    self.band = band
    pos_angle = rounded(positionAngle.degrees, 1e3)
    self.depth = depth.map { rounded($0.value, 1e3) }
    depth_err = depthError.map { rounded($0.value, 1e3) }
    depth_unit = depth == nil ? nil : "ab_mag"
  }

  /// The band of a filter by its usual names; `other` if none fits.
  public static func band(for filter: String) -> String {
    if bands.contains(filter) { return filter }
    switch filter.lowercased() {
    case "nofilter", "luminance", "lum", "clear", "c", "white", "none": return "clear"
    case "open": return "open"
    default: break
    }
    let sloan = filter.lowercased()
    for prefix in ["sdss", "ps1::", "sloan"] where sloan.hasPrefix(prefix) {
      let band = sloan.dropFirst(prefix.count).trimmingPrefix { !$0.isLetter }.prefix(1)
      if "ugriz".contains(band), !band.isEmpty { return String(band) }
    }
    for prefix in ["bessell", "johnson", "cousins"] where sloan.hasPrefix(prefix) {
      let band = sloan.dropFirst(prefix.count).trimmingPrefix { !$0.isLetter }.prefix(1).uppercased()
      if ["U", "B", "V", "R", "I"].contains(band) { return band }
    }
    return "other"
  }
}

/// What a Treasure Map delivery reports; made when it is decided.
///
/// Kinds: `planned`; `completed`, which turns planned pointings into completed ones and reports others anew;
/// `corrected`, which changes completed ones; `cancelled`. Planned ones are found again by what they are, not by receipts, so a lost answer breaks
/// nothing. When the map turns a planned pointing into a completed one it keeps the depth of the planned:
/// report one anew (without `planned`, and cancel the planned) if the depth differs by much.
public struct TreasureMapPayload: Hashable, Sendable, Codable {
  public static let planned = "planned"
  public static let completed = "completed"
  public static let corrected = "corrected"
  public static let cancelled = "cancelled"

  public struct Item: Hashable, Sendable, Codable {
    public let pointing: TreasureMapPointing
    /// How it was planned, in a completed item; nil if it was not, or is reported anew. In a corrected item: as
    /// what it was reported completed.
    public let planned: TreasureMapPointing?

    public init(_ pointing: TreasureMapPointing, planned: TreasureMapPointing? = nil) {
      self.pointing = pointing
      self.planned = planned
    }
  }

  public let graceid: String
  /// The map's number of the instrument.
  public let instrument: Int
  public let items: [Item]

  private static let maxItems = 2000

  /// - Throws: `.payload` for an event that the map does not carry, or nothing to report.
  public init(event: String, instrument: Int, items: [Item]) throws(ChannelError) {
    graceid = event
    self.instrument = instrument
    self.items = items
    if let fault { throw .payload(fault) }
  }

  public func encoded() throws(ChannelError) -> [UInt8] { try PayloadJSON.encode(self) }

  private var fault: String? {
    guard Self.isGraceID(graceid) else { return "the Treasure Map has no events named like this one" }
    guard instrument > 0 else { return "an instrument's number is above zero" }
    return (1...Self.maxItems).contains(items.count)
      ? nil : "\(items.count) pointings, 1 to \(Self.maxItems) are allowed"
  }

  /// A superevent (`S230518h`, `MS…`, `TS…`) or a catalogue name (`GW190814`, `GW190521_074359`).
  static func isGraceID(_ name: String) -> Bool {
    if SafeName.isSuperevent(name) { return true }
    let digits = name.dropFirst(2).split(separator: "_", omittingEmptySubsequences: false)
    return name.hasPrefix("GW") && (1...2).contains(digits.count)
      && digits.allSatisfy { $0.utf8.count == 6 && $0.utf8.allSatisfy { (48...57).contains($0) } }
  }

  init(of delivery: Delivery) throws(ChannelError) {
    guard [Self.planned, Self.completed, Self.corrected, Self.cancelled].contains(delivery.kind) else {
      throw .payload("the Treasure Map knows no kind \"\(PlainText.oneLine(delivery.kind).prefix(40))\"")
    }
    self = try PayloadJSON.decode(TreasureMapPayload.self, from: delivery.payload)
    if let fault { throw .payload(fault) }
    let isCompleted = [Self.completed, Self.corrected].contains(delivery.kind)
    guard !isCompleted || items.allSatisfy({ $0.pointing.depth != nil }) else {
      throw .payload("a completed pointing needs its depth")
    }
    guard delivery.kind != Self.corrected || items.allSatisfy({ $0.planned != nil }) else {
      throw .payload("a corrected pointing needs what it was")
    }
  }
}
