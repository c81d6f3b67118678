import Foundation
import Notices
import Units

/// The named values that a policy can see of one event at one moment. What is not known is absent.
public struct EventFacts: Hashable, Sendable {
  public let eventName: String
  public let realm: Realm
  public let status: EventStatus
  public private(set) var values: [FactName: FactValue]
  public private(set) var score: GrandmaScore?

  public subscript(_ name: FactName) -> FactValue? { values[name] }
  public func number(_ name: FactName) -> Double? {
    if case .number(let x)? = values[name] { x } else { nil }
  }
  public func word(_ name: FactName) -> String? {
    if case .word(let w)? = values[name] { w } else { nil }
  }

  /// Values by hand, for training and tests. Those of a wrong kind, NaN and infinities are left out.
  public init(
    eventName: String, realm: Realm = .real, status: EventStatus = .active, _ values: [FactName: FactValue]
  ) {
    self.eventName = eventName
    self.realm = realm
    self.status = status
    self.values = values.filter { name, value in
      if case .number(let x) = value, !x.isFinite { return false }
      return name.kind == value.kind
    }
  }

  /// - Parameters:
  ///   - map: of the localisation that is planned on, if it is a map and was read.
  ///   - now: for the age.
  ///   - stated: what people (or a later analysis) say; goes before what the notices say.
  ///   - coincidences: that count, see `Coincidence.counts(in:)`.
  public init(
    of event: Event, map: MapSummary? = nil, now: Instant, stated: [FactName: FactValue] = [:],
    coincidences: [Coincidence] = []
  ) {
    var gathered = FactGathering(event: event, map: map, now: now)
    gathered.gather()
    gathered.add(coincidences)
    self.init(
      eventName: event.name, realm: event.realm, status: event.status,
      gathered.values.merging(stated) { $1 })
  }

  /// Equal but for what passes by itself: the age, and the number of notices.
  func isSame(as other: EventFacts) -> Bool {
    var (a, b) = (self, other)
    for name in [FactName.age, .revision] {
      a.values[name] = nil
      b.values[name] = nil
    }
    return a == b
  }

  /// With `grandma_score` by a policy's cuts.
  func scored(_ cuts: ScoreCuts) -> EventFacts {
    guard word(.kind) == NoticeKind.gravitationalWave.rawValue else { return self }
    var copy = self
    let score = GrandmaScore(of: self, cuts: cuts)
    copy.score = score
    copy.values[.score] = .number(Double(score.value))
    return copy
  }
}

extension EventFacts: Codable {
  private enum Key: String, CodingKey { case event, realm, status, facts, score }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let named = try container.decode([String: FactValue].self, forKey: .facts)
    var values: [FactName: FactValue] = [:]
    for (key, value) in named {
      // A fact of another version of the program is dropped: policies cannot ask for it any more.
      if let name = FactName(rawValue: key) { values[name] = value }
    }
    self.init(
      eventName: try container.decode(String.self, forKey: .event),
      realm: try container.decode(Realm.self, forKey: .realm),
      status: try container.decode(EventStatus.self, forKey: .status), values)
    score = try container.decode(GrandmaScore?.self, forKey: .score)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(eventName, forKey: .event)
    try container.encode(realm, forKey: .realm)
    try container.encode(status, forKey: .status)
    try container.encode(
      Dictionary(uniqueKeysWithValues: values.map { ($0.rawValue, $1) }), forKey: .facts)
    try container.encode(score, forKey: .score)
  }
}

/// Collects the facts of an event.
private struct FactGathering {
  let event: Event
  let map: MapSummary?
  let now: Instant
  var values: [FactName: FactValue] = [:]

  private mutating func set(_ name: FactName, _ x: Double?) {
    if let x, x.isFinite { values[name] = .number(x) }
  }
  private mutating func set(_ name: FactName, _ word: String?) {
    if let word { values[name] = .word(word) }
  }

  /// The newest notice that has a value wins.
  private func newest<T>(_ value: (Notice) -> T?) -> T? {
    event.standing.reversed().lazy.compactMap(value).first
  }

  mutating func gather() {
    set(.revision, Double(event.revision))
    guard let latest = event.latest else { return }
    set(.kind, latest.kind.rawValue)
    set(.stage, latest.stage.name)
    set(.mission, latest.source.mission.rawValue)
    // A person must say it, so as long as nobody does it is not so.
    values[.particularlyInteresting] = .flag(false)
    if let t0 = newest(\.eventTime) {
      set(.age, now.seconds(since: t0) / 3600)
      set(.noticeDelay, latest.created.map { $0.seconds(since: t0) / 3600 })
    }
    set(.farPerYear, newest(\.falseAlarmRateHz).map { $0 * Self.secondsPerYear })
    let parts = event.standing.compactMap(\.source.instrument)
    values[.missions] = .words(Set(event.standing.map(\.source.mission.rawValue)).sorted())
    values[.instruments] = .words(Set(latest.wave?.instruments ?? parts).sorted())
    if case .notAstrophysical = latest.standing {
      values[.astrophysical] = .flag(false)
    } else {
      values[.astrophysical] = .flag(true)
    }
    if let wave = newest(\.wave) { gather(wave) }
    gatherPlace()
    gatherTransient(parts)
  }

  private mutating func gather(_ wave: GravitationalWaveFacts) {
    if let flag = wave.significant { values[.significant] = .flag(flag) }
    set(.group, wave.group)
    let classes: [(FactName, String)] = [
      (.pBNS, "BNS"), (.pNSBH, "NSBH"), (.pBBH, "BBH"), (.pMassGap, "MassGap"),
      (.pTerrestrial, "Terrestrial"),
    ]
    for (fact, name) in classes { set(fact, wave.probability(of: name)?.value) }
    for (fact, name) in [
      (FactName.hasNS, "HasNS"), (.hasRemnant, "HasRemnant"), (.hasMassGap, "HasMassGap"),
    ] {
      set(fact, wave.property(name)?.value)
    }
    // Of equal probabilities the first in the sender's order, so that the answer never wavers.
    if let top = wave.classification.map(\.probability).max(),
      let name = wave.classification.first(where: { $0.probability == top })?.name
    {
      set(.sourceClass, name)
    } else if wave.group == "Burst" {
      set(.sourceClass, "Burst")
    }
    values[.coincidence] = .flag(wave.coincidence != nil)
    set(
      .coincidenceFARPerYear,
      (wave.coincidence?.timeSkyFARHz ?? wave.coincidence?.timeFARHz).map { $0 * Self.secondsPerYear })
  }

  private mutating func gatherPlace() {
    set(.area50, map?.area50?.squareDegrees)
    set(.area90, map?.area90?.squareDegrees)
    set(.distance, map?.distanceMean?.megaparsecs ?? newest(\.transient.distance)?.megaparsecs)
    set(
      .distanceError, map?.distanceDeviation?.megaparsecs ?? newest(\.transient.distanceError)?.megaparsecs)
    set(.distanceMedian, map?.distanceMedian?.megaparsecs)
    let region = event.localizing?.bestLocalization.region
    values[.hasPosition] = .flag(event.localizing != nil)
    if let center = region?.center ?? map?.peak {
      let galactic = Rotation<ICRS, Galactic>.standard(center)
      set(.galacticLatitude, abs(galactic.latitude.degrees))
    }
    if let region {
      set(.errorRadius, region.ninetyPercentRadius?.arcminutes)
    }
  }

  private mutating func gatherTransient(_ parts: [String]) {
    let seen = Set(parts.map { $0.uppercased() })
    // Only presence is a fact: that no counterpart was reported yet does not make it absent.
    if !seen.isDisjoint(with: ["XRT", "MXT", "FXT"]) { values[.xRayCounterpart] = .flag(true) }
    let optical = event.standing.contains { $0.transient.magnitude != nil }
    if optical || !seen.isDisjoint(with: ["UVOT", "VT"]) { values[.opticalCounterpart] = .flag(true) }
    let t90 = newest { $0.transient.duration(.t90) }
    set(.t90, t90?.seconds)
    set(.durationClass, newest(\.transient.durationClass)?.rawValue)
    set(.significance, newest(\.transient.significance))
    set(.neutrinoEnergy, newest(\.transient.neutrinoEnergyTeV))
    set(.signalness, newest(\.transient.signalness)?.value)
    set(.eventCount, newest(\.transient.eventCount).map(Double.init))
    set(.redshift, newest(\.transient.redshift))
    set(.magnitude, newest(\.transient.magnitude)?.value)
    if values[.coincidence] == nil, event.related.contains(where: { $0.namespace == "lvk" }) {
      values[.coincidence] = .flag(true)
    }
  }

  /// The search of our own adds to what the senders say, and never takes away.
  mutating func add(_ coincidences: [Coincidence]) {
    guard !coincidences.isEmpty else { return }
    values[.coincidence] = .flag(true)
    let rates = coincidences.compactMap(\.farPerYear) + [number(.coincidenceFARPerYear)].compactMap { $0 }
    set(.coincidenceFARPerYear, rates.min())
  }

  private func number(_ name: FactName) -> Double? {
    if case .number(let x)? = values[name] { x } else { nil }
  }

  /// A Julian year.
  private static let secondsPerYear = 365.25 * 86_400
}

extension ErrorRegion {
  /// Radius of the circle that holds 90 %, for a Gaussian on the plane; of an ellipse, of its longer axis.
  /// At most 180 degrees. Nil when the region is said to hold nothing or everything.
  var ninetyPercentRadius: Angle? {
    let held = containment.value
    guard held > 0, held < 1 else { return nil }
    return min(.degrees(180), largestRadius * (log(0.1) / log(1 - held)).squareRoot())
  }
}
