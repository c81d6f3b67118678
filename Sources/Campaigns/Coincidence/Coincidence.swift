import Notices
import Units

/// Which time differences count, and how often the other kind of event happens anyway.
public struct CoincidenceWindow: Codable, Hashable, Sendable {
  /// Other time minus gravitational-wave time, both ends included.
  @Coded public private(set) var earliest: Duration
  @Coded public private(set) var latest: Duration
  /// Events of the other kind per year from all senders together, repeats of one event not counted.
  public let otherPerYear: Double

  public init(earliest: Duration, latest: Duration, otherPerYear: Double) {
    self.earliest = min(earliest, latest)
    self.latest = max(earliest, latest)
    self.otherPerYear = otherPerYear
  }

  public var length: Duration { latest - earliest }
  public func contains(_ difference: Duration) -> Bool { (earliest...latest).contains(difference) }
}

/// The windows of the coincidence search.
///
/// Those for bursts are LVK's own (gwcelery's `raven_coincidence_windows`, as external minus
/// gravitational-wave time; 310 bursts a year are the rate in ligo-raven). For neutrinos +-500 s (Baret et
/// al. 2011, Astropart. Phys. 35, 1) and the rate of IceCube Gold and Bronze tracks, 30 a year (Blaufuss et
/// al. 2019, PoS ICRC2019 1021). For supernova neutrinos +-10 s; a false alert a year is what the
/// experiments aim at.
public struct CoincidenceWindows: Codable, Hashable, Sendable {
  public var burstWithCBC = CoincidenceWindow(earliest: .seconds(-1), latest: .seconds(5), otherPerYear: 310)
  public var burstWithUnmodelled = CoincidenceWindow(
    earliest: .seconds(-60), latest: .seconds(600), otherPerYear: 310)
  public var neutrino = CoincidenceWindow(earliest: .seconds(-500), latest: .seconds(500), otherPerYear: 30)
  public var supernova = CoincidenceWindow(earliest: .seconds(-10), latest: .seconds(10), otherPerYear: 1)
  /// Coincidences that chance makes more often than this are kept but do not count as one in policies.
  public var countedBelowPerYear = 1.0

  public init() {}

  /// Nil for pairs that are not compared.
  func window(wave: Event, other: Event) -> CoincidenceWindow? {
    switch other.standing.last(where: { $0.kind != .counterpart })?.kind {
    case .gammaRayBurst, .xRayTransient:
      wave.standing.contains { $0.wave?.group == "Burst" } ? burstWithUnmodelled : burstWithCBC
    case .neutrino: neutrino
    case .supernovaNeutrinos: supernova
    default: nil
    }
  }
}

/// A gravitational-wave event and another one that may be of the same source. It joins nothing by itself:
/// both events keep their own notices, and the numbers are for people and policies.
public struct Coincidence: Codable, Hashable, Sendable {
  @Coded public private(set) var wave: NativeID
  @Coded public private(set) var other: NativeID
  /// Other time minus gravitational-wave time.
  @Coded public private(set) var difference: Duration
  public let window: CoincidenceWindow
  /// Of the gravitational-wave event, as its newest notice says; nil when it does not.
  public let waveFARHz: Double?
  /// `SkyOverlap.integral`; nil while one of them has no map.
  public private(set) var overlap: Double?

  public init(
    wave: NativeID, other: NativeID, difference: Duration, window: CoincidenceWindow, waveFARHz: Double?,
    overlap: Double?
  ) {
    self.wave = wave
    self.other = other
    self.difference = difference
    self.window = window
    self.waveFARHz = waveFARHz
    self.overlap = overlap
  }

  /// Chance coincidences of a given gravitational-wave event with any other: rate times window.
  public var expectedByChance: Double {
    window.otherPerYear / Self.secondsPerYear * window.length.seconds
  }

  /// How often chance makes such a pair in time: FAR x rate x window (Urban 2016, PhD thesis,
  /// University of Wisconsin-Milwaukee).
  public var temporalFARHz: Double? { waveFARHz.map { $0 * expectedByChance } }

  /// The same with the sky: divided by the overlap integral. Nil without maps; infinite when they exclude
  /// each other.
  public var spatialFARHz: Double? {
    guard let temporalFARHz, let overlap else { return nil }
    return overlap > 0 ? temporalFARHz / overlap : .infinity
  }

  /// The better informed of both, per year.
  public var farPerYear: Double? { (spatialFARHz ?? temporalFARHz).map { $0 * Self.secondsPerYear } }

  /// With the sky taken into account.
  public func with(overlap: Double) -> Coincidence {
    var copy = self
    copy.overlap = overlap
    return copy
  }

  /// `GRB +1.7 s, sky overlap 32, by chance once per 4.2e+04 years`
  public var text: String {
    let seconds = difference.seconds
    var parts = ["\(other.value) \(seconds < 0 ? "" : "+")\(Wording.number(seconds)) s"]
    if let overlap { parts.append("sky overlap \(Wording.short(overlap))") }
    switch farPerYear {
    case .some(let rate) where rate > 1e6: parts.append("the maps exclude each other")
    case .some(let rate) where rate > 0: parts.append("by chance once per \(Wording.short(1 / rate)) years")
    default: parts.append("by chance \(Wording.short(expectedByChance)) per event")
    }
    return parts.joined(separator: ", ")
  }

  /// A Julian year.
  static let secondsPerYear = 365.25 * 86_400
}

extension Coincidence {
  /// Whether it is so unlikely by chance that policies should treat the events as related. Without a
  /// false-alarm rate nothing can be said, and a person must look.
  public func counts(in windows: CoincidenceWindows) -> Bool {
    farPerYear.map { $0 < windows.countedBelowPerYear } ?? false
  }

  /// All coincidences in time of one event with others of its realm; withdrawn ones are left out.
  /// Nearest in time first. O(others).
  public static func found(
    for event: Event, among others: some Sequence<Event>, windows: CoincidenceWindows = CoincidenceWindows()
  ) -> [Coincidence] {
    var found: [Coincidence] = []
    for other in others where other.realm == event.realm && other.id != event.id {
      let isWave = event.standing.contains { $0.kind == .gravitationalWave }
      let otherIsWave = other.standing.contains { $0.kind == .gravitationalWave }
      guard isWave != otherIsWave, event.status == .active, other.status == .active else { continue }
      if let pair = Self(wave: isWave ? event : other, other: isWave ? other : event, windows) {
        found.append(pair)
      }
    }
    return found.sorted {
      (abs($0.difference.seconds), $0.wave, $0.other) < (abs($1.difference.seconds), $1.wave, $1.other)
    }
  }

  private init?(wave: Event, other: Event, _ windows: CoincidenceWindows) {
    guard let window = windows.window(wave: wave, other: other), let merger = wave.time,
      let burst = other.time
    else { return nil }
    let difference = burst - merger
    guard window.contains(difference) else { return nil }
    self.init(
      wave: wave.id, other: other.id, difference: difference, window: window,
      waveFARHz: wave.standing.reversed().lazy.compactMap(\.falseAlarmRateHz).first, overlap: nil)
  }
}
