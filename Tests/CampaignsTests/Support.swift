import Notices
import Units

@testable import Campaigns

/// The policies as shipped. Names are written out: a resource that gets lost must be missed.
let shippedNames = [
  "grandma", "grandma-ep", "grandma-grb", "grandma-neutrino", "grandma-r1", "grandma-r2", "grandma-r3",
  "grandma-r4", "grandma-r5", "grandma-r6", "grandma-r7", "grandma-r8", "grandma-svom",
]
private let shippedPolicies: [String: Policy] = {
  // A policy that cannot be read is missed by every test that asks for it.
  let library = try? PolicyLibrary(PolicyFolder.shipped())
  return Dictionary(
    uniqueKeysWithValues: shippedNames.compactMap { name in
      (try? library?.policy(named: name)).map { (name, $0) }
    })
}()
struct MissingPolicy: Error { let name: String }
func shipped(_ name: String) throws -> Policy {
  guard let policy = shippedPolicies[name] else { throw MissingPolicy(name: name) }
  return policy
}

func time(_ text: String) -> Instant { Instant(iso8601: text)! }

/// A gravitational-wave notice, made `minute` minutes after 02:30.
func wave(_ id: String, _ stage: NoticeStage, minute: Int, role: NoticeRole = .observation) -> Notice {
  let source = NoticeSource(mission: .lvk, stream: "igwn.gwalert", format: .gwAlertJSON)
  var notice = Notice(source: source, kind: .gravitationalWave, stage: stage)
  notice.ids = [NativeID("lvk", id)]
  notice.role = role
  notice.created = time("2031-02-03T02:30:00Z").advanced(bySeconds: Double(minute) * 60)
  if stage == .retraction {
    notice.retraction = Retraction(ids: notice.ids)
  } else {
    notice.eventTime = time("2031-02-03T02:29:00Z")
    notice.wave = GravitationalWaveFacts(supereventID: id)
  }
  return notice
}

func waveFacts(
  _ name: String, _ kind: String, distance: Double?, area90: Double?, area50: Double? = nil,
  stage: String = "preliminary", more: [FactName: FactValue] = [:]
) -> EventFacts {
  var values: [FactName: FactValue] = [
    .kind: .word("gravitationalWave"), .sourceClass: .word(kind), .significant: .flag(true),
    .stage: .word(stage), .astrophysical: .flag(true), .age: .number(0.5),
    .pBBH: .number(kind == "BBH" ? 0.99 : 0),
    .coincidence: .flag(false), .mission: .word("lvk"), .hasPosition: .flag(true),
  ]
  if let distance {
    values[.distance] = .number(distance)
    values[.distanceMedian] = .number(distance)
  }
  if let area90 { values[.area90] = .number(area90) }
  if let area50 { values[.area50] = .number(area50) }
  return EventFacts(eventName: name, values.merging(more) { $1 })
}

/// A burst notice, `seconds` after 02:29 when the waves of `wave` arrived.
func burst(
  _ namespace: String, _ id: String, seconds: Double, radius: Angle? = nil,
  at center: Direction<ICRS> = Direction(ra: .degrees(120), dec: .degrees(30)),
  kind: NoticeKind = .gammaRayBurst
) -> Notice {
  let source = NoticeSource(mission: Mission(rawValue: namespace), stream: namespace, format: .unifiedJSON)
  var notice = Notice(source: source, kind: kind, stage: .initial)
  notice.ids = [NativeID(namespace, id)]
  notice.eventTime = time("2031-02-03T02:29:00Z").advanced(bySeconds: seconds)
  notice.created = notice.eventTime?.advanced(bySeconds: 20)
  if let radius {
    notice.localization = .region(.circle(center: center, radius: radius, containment: Fraction(0.9)!))
  }
  return notice
}
