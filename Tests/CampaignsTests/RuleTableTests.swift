import Notices
import Testing
import Units

@testable import Campaigns

/// The network's rules, each side of every threshold.
@Suite struct RuleTableTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let policy: String
    let facts: EventFacts
    let outcome: Outcome
    let clause: String?
    let what: String
    var testDescription: String { "\(policy): \(what)" }
  }

  static func row(
    _ policy: String, _ kind: String, d: Double? = 400, a90: Double? = 900, a50: Double? = 300,
    stage: String = "preliminary", _ outcome: Outcome, _ clause: String? = nil,
    more: [FactName: FactValue] = [:]
  ) -> Row {
    let shown = more.map { "\($0.key.rawValue) \($0.value.text)" }.sorted().joined(separator: ", ")
    return Row(
      policy: policy,
      facts: waveFacts("S310203a", kind, distance: d, area90: a90, area50: a50, stage: stage, more: more),
      outcome: outcome, clause: clause,
      what:
        "\(kind) \(d.map { "\($0)" } ?? "?") Mpc \(a90.map { "\($0)" } ?? "?")/\(a50.map { "\($0)" } ?? "?") deg2 \(stage) \(shown)"
    )
  }

  /// All conditions: class, distance, area, score.
  static let r1: [Row] = [
    row("grandma-r1", "BNS", d: 199.9, a90: 199.9, .go, "near and well localised"),
    row("grandma-r1", "NSBH", d: 199.9, a90: 199.9, .go),
    row("grandma-r1", "BNS", d: 200, a90: 199.9, .no, "otherwise"),
    row("grandma-r1", "BNS", d: 199.9, a90: 200, .no),
    row("grandma-r1", "BBH", d: 100, a90: 100, .no),
    row("grandma-r1", "Terrestrial", d: 100, a90: 100, .no),
    // A score of 0: not significant.
    row("grandma-r1", "BNS", d: 100, a90: 100, .no, more: [.significant: .flag(false)]),
    row("grandma-r1", "BNS", d: nil, a90: 100, .watch),
    row("grandma-r1", "BNS", d: 100, a90: nil, .watch),
    // What is known already rules it out.
    row("grandma-r1", "BNS", d: 900, a90: nil, .no),
    row("grandma-r1", "BNS", d: 100, a90: 100, stage: "earlyWarning", .watch, "early warning"),
  ]

  /// Any one of three.
  static let r2: [Row] = [
    row("grandma-r2", "BNS", d: 900, a90: 199.9, a50: 900, .go, "near or small"),
    row("grandma-r2", "BNS", d: 900, a90: 900, a50: 199.9, .go),
    row("grandma-r2", "NSBH", d: 199.9, a90: 900, a50: 900, .go),
    row("grandma-r2", "BNS", d: 200, a90: 200, a50: 200, .no),
    row("grandma-r2", "BBH", d: 10, a90: 10, a50: 10, .no),
    row("grandma-r2", "BNS", d: 199.9, a90: nil, a50: nil, .go),
    row("grandma-r2", "BNS", d: 200, a90: nil, a50: 200, .watch),
  ]

  /// Of any class.
  static let r3: [Row] = [
    row("grandma-r3", "BBH", d: 900, a90: 199.9, .go), row("grandma-r3", "BBH", d: 199.9, a90: 900, .go),
    row("grandma-r3", "BBH", d: 200, a90: 200, .no), row("grandma-r3", "BNS", d: 199.9, a90: 200, .go),
  ]

  static let r4: [Row] = [
    row("grandma-r4", "BNS", d: 199.9, a90: 199.9, a50: 50, .go, "golden"),
    // Near is not enough, and a small 90 % region alone neither.
    row("grandma-r4", "BNS", d: 200, a90: 199.9, a50: 50, .no),
    row("grandma-r4", "NSBH", d: 900, a90: 200, a50: 199.9, .go, "small 50 % region"),
    row("grandma-r4", "BNS", d: 900, a90: 200, a50: 200, .no),
    row("grandma-r4", "BBH", d: 100, a90: 100, a50: 50, .no),
  ]

  static let r5: [Row] = [
    row("grandma-r5", "BNS", d: 900, a90: 199.9, .watch, "worth waiting for"),
    row("grandma-r5", "BNS", d: 900, a90: 199.9, stage: "initial", .go, "confirmed and near or small"),
    row("grandma-r5", "BNS", d: 900, a90: 199.9, stage: "update", .go),
    row("grandma-r5", "BNS", d: 900, a90: 200, a50: 200, stage: "initial", .no),
    row("grandma-r5", "BNS", d: 199.9, a90: 199.9, .go, "particularly interesting"),
    row("grandma-r5", "BNS", d: 200, a90: 199.9, .watch),
    row("grandma-r5", "BBH", d: 900, a90: 900, .go, more: [.particularlyInteresting: .flag(true)]),
    row("grandma-r5", "BBH", d: 900, a90: 900, .no, more: [.particularlyInteresting: .flag(false)]),
    row("grandma-r5", "BBH", d: 10, a90: 10, stage: "initial", .no),
  ]

  static let r6: [Row] = [
    row("grandma-r6", "BBH", d: 900, a90: 199.9, .go, "everybody"),
    row("grandma-r6", "BBH", d: 900, a90: 200, .no),
    row("grandma-r6", "BBH", d: 199.9, a90: 999.9, .go, "everybody"),
    row("grandma-r6", "BBH", d: 200, a90: 999.9, .no), row("grandma-r6", "BBH", d: 199.9, a90: 1000, .no),
    // The page's own example.
    row("grandma-r6", "BBH", d: 60, a90: 4000, .no),
    row(
      "grandma-r6", "BBH", d: 900, a90: 4000, .limited, "coincident burst or neutrino",
      more: [.coincidence: .flag(true)]),
    row(
      "grandma-r6", "BBH", d: 199.9, a90: 4000, .go, "coincident and near", more: [.coincidence: .flag(true)]),
    row(
      "grandma-r6", "BBH", d: 200, a90: 4000, .go, "counterparts in circulars",
      more: [.coincidence: .flag(true), .opticalCounterpart: .flag(true)]),
    row("grandma-r6", "BNS", d: 10, a90: 10, .no, "does not apply"),
  ]

  static let r7: [Row] = [
    // BNS and NSBH are always GO there.
    row("grandma-r7", "BNS", d: 499.9, a90: 499.9, .go), row("grandma-r7", "NSBH", d: 9000, a90: 30_000, .go),
    row("grandma-r7", "BNS", .no, more: [.significant: .flag(false)]),
    row("grandma-r7", "BBH", d: 499.9, a90: 499.9, .go, more: [.pBBH: .number(0.51)]),
    row("grandma-r7", "BBH", d: 499.9, a90: 499.9, .no, more: [.pBBH: .number(0.5)]),
    row("grandma-r7", "BBH", d: 500, a90: 499.9, .no), row("grandma-r7", "BBH", d: 499.9, a90: 500, .no),
    row("grandma-r7", "Terrestrial", d: 10, a90: 10, .no),
  ]

  static let r8: [Row] = [
    row("grandma-r8", "BBH", d: 199.9, a90: 199.9, stage: "initial", .limited, "near, small and confirmed"),
    row("grandma-r8", "BNS", d: 199.9, a90: 199.9, .no),
    row("grandma-r8", "BNS", d: 199.9, a90: 199.9, stage: "update", .no),
    row("grandma-r8", "BNS", d: 200, a90: 199.9, stage: "initial", .no),
    row("grandma-r8", "BNS", d: 199.9, a90: 200, stage: "initial", .no),
    row("grandma-r8", "BNS", d: 199.9, a90: 199.9, stage: "initial", .limited, more: [.age: .number(47.9)]),
    row("grandma-r8", "BNS", d: 199.9, a90: 199.9, stage: "initial", .no, more: [.age: .number(48)]),
    row(
      "grandma-r8", "BNS", d: 150, a90: 150, stage: "initial", .no, more: [.distanceMedian: .number(210)]),
  ]

  static let standard: [Row] = [
    row("grandma", "BNS", d: 199.9, a90: 199.9, .go, "golden"),
    row("grandma", "BNS", d: 200, a90: 199.9, .go, "near or small"),
    row("grandma", "BNS", d: 200, a90: 200, a50: 199.9, .go, "near or small"),
    row("grandma", "BNS", d: 200, a90: 200, a50: 200, .no),
    row("grandma", "BBH", d: 199.9, a90: 999.9, .go, "grandma-r6: everybody"),
    row("grandma", "BBH", d: 300, a90: 600, .no, "grandma-r6: otherwise"),
    row("grandma", "BNS", d: 100, a90: 100, .no, "not significant", more: [.significant: .flag(false)]),
    row("grandma", "BNS", d: 100, a90: 100, .go, more: [.noticeDelay: .number(24)]),
    row("grandma", "BNS", d: 100, a90: 100, .no, "stale preliminary", more: [.noticeDelay: .number(24.1)]),
    row("grandma", "BNS", d: 100, a90: 100, stage: "update", .go, more: [.noticeDelay: .number(240)]),
    row("grandma", "BNS", stage: "earlyWarning", .watch, "early warning"),
    row("grandma", "Burst", d: nil, .watch, "unmodelled burst", more: [.group: .word("Burst")]),
    row("grandma", "BNS", d: 100, a90: 100, .no, "not astrophysical", more: [.astrophysical: .flag(false)]),
  ]

  @Test(arguments: r1 + r2 + r3 + r4 + r5 + r6 + r7 + r8 + standard) func waveRule(_ row: Row) throws {
    try check(row)
  }

  // MARK: Other messengers

  static func other(
    _ policy: String, _ kind: NoticeKind, _ mission: Mission, _ values: [FactName: FactValue],
    _ outcome: Outcome, _ clause: String? = nil, realm: Realm = .real
  ) -> Row {
    var all: [FactName: FactValue] = [
      .kind: .word(kind.rawValue), .mission: .word(mission.rawValue), .age: .number(0.2),
      .astrophysical: .flag(true), .hasPosition: .flag(true), .particularlyInteresting: .flag(false),
    ]
    all.merge(values) { $1 }
    let shown = values.map { "\($0.key.rawValue) \($0.value.text)" }.sorted().joined(separator: ", ")
    return Row(
      policy: policy, facts: EventFacts(eventName: "X1", realm: realm, all), outcome: outcome, clause: clause,
      what: "\(mission.rawValue) \(shown)")
  }

  /// A burst of which all is known and nothing speaks for it.
  static let dull: [FactName: FactValue] = [
    .t90: .number(30), .durationClass: .word("long"), .photonEnergy: .number(0.1), .redshift: .number(2),
    .xRayCounterpart: .flag(false), .opticalCounterpart: .flag(false), .errorRadius: .number(300),
  ]
  static func grb(_ change: [FactName: FactValue], _ outcome: Outcome, _ clause: String? = nil) -> Row {
    other("grandma-grb", .gammaRayBurst, .fermi, dull.merging(change) { $1 }, outcome, clause)
  }

  static let bursts: [Row] = [
    grb([:], .no, "otherwise"), grb([.t90: .number(1.99)], .go, "short"), grb([.t90: .number(2)], .no),
    grb([.photonEnergy: .number(10.1)], .go, "very high energy"), grb([.photonEnergy: .number(10)], .no),
    grb([.redshift: .number(0.99)], .go, "near or very far"), grb([.redshift: .number(1)], .no),
    grb([.redshift: .number(4)], .no), grb([.redshift: .number(4.01)], .go),
    grb([.xRayCounterpart: .flag(true)], .go, "X-ray counterpart"),
    grb(
      [.opticalCounterpart: .flag(true), .errorRadius: .number(4.9)], .go,
      "optical counterpart within 5 arcmin"),
    grb([.opticalCounterpart: .flag(true), .errorRadius: .number(5)], .no),
    grb([.particularlyInteresting: .flag(true)], .go, "exceptional"),
    grb([.hasPosition: .flag(false), .t90: .number(1)], .watch, "not placed"),
    grb([.age: .number(72), .t90: .number(1)], .go),
    grb([.age: .number(72.1), .t90: .number(1)], .no, "too old"),
    // Without a counterpart so far: not NO, because one may come.
    other("grandma-grb", .gammaRayBurst, .fermi, [.t90: .number(30)], .watch),
    other("grandma-grb", .gammaRayBurst, .fermi, [.durationClass: .word("short")], .go, "short"),
    other("grandma-grb", .neutrino, .icecube, [:], .no, "does not apply"),
    other(
      "grandma", .gammaRayBurst, .swift, [.xRayCounterpart: .flag(true)], .go,
      "grandma-grb: X-ray counterpart"),
  ]

  static func neutrino(_ values: [FactName: FactValue], _ outcome: Outcome, _ clause: String? = nil) -> Row {
    let known: [FactName: FactValue] = [
      .neutrinoEnergy: .number(50), .signalness: .number(0.3), .coincidence: .flag(false),
      .eventCount: .number(1),
    ]
    return other("grandma-neutrino", .neutrino, .icecube, known.merging(values) { $1 }, outcome, clause)
  }
  static let neutrinos: [Row] = [
    neutrino([:], .no, "otherwise"), neutrino([.neutrinoEnergy: .number(99.9)], .no),
    neutrino([.neutrinoEnergy: .number(100)], .watch, "for the experts"),
    neutrino([.signalness: .number(0.49)], .no), neutrino([.signalness: .number(0.5)], .watch),
    neutrino([.coincidence: .flag(true)], .watch), neutrino([.eventCount: .number(2)], .watch),
    neutrino([.expertValidated: .flag(true)], .go, "validated"),
    neutrino([.neutrinoEnergy: .number(900), .expertValidated: .flag(false)], .no, "refused by the experts"),
    other(
      "grandma", .supernovaNeutrinos, .snews, [.hasPosition: .flag(false)], .watch,
      "grandma-neutrino: supernova"),
  ]

  static func ep(_ b: Double, _ values: [FactName: FactValue], _ outcome: Outcome, _ clause: String? = nil)
    -> Row
  {
    let known: [FactName: FactValue] = [.galacticLatitude: .number(b), .errorRadius: .number(3)]
    return other(
      "grandma-ep", .xRayTransient, .einsteinProbe, known.merging(values) { $1 }, outcome, clause)
  }
  static let einsteinProbe: [Row] = [
    ep(4.9, [:], .no, "Galactic"), ep(5, [:], .watch, "in between"), ep(30, [:], .watch, "in between"),
    ep(30.1, [:], .watch, "extragalactic"), ep(60, [.expertValidated: .flag(true)], .go, "validated"),
    ep(60, [.expertValidated: .flag(false)], .no), ep(4.9, [.expertValidated: .flag(true)], .no),
    ep(60, [.expertValidated: .flag(true), .errorRadius: .number(29.9)], .go, "validated"),
    ep(60, [.expertValidated: .flag(true), .errorRadius: .number(30)], .go, "validated, but wide"),
    other("grandma-ep", .gammaRayBurst, .swift, [:], .no, "does not apply"),
  ]

  static func svom(_ error: Double?, age: Double = 0.2, _ outcome: Outcome, _ clause: String? = nil) -> Row {
    var values: [FactName: FactValue] = [.age: .number(age), .hasPosition: .flag(error != nil)]
    values[.errorRadius] = error.map { .number($0) }
    return other("grandma-svom", .gammaRayBurst, .svom, values, outcome, clause)
  }
  static let svomRows: [Row] = [
    svom(12, .go, "well localised, first hour"), svom(12.1, .go, "well localised"),
    svom(12, age: 1, .go, "well localised"), svom(30, .go, "well localised"),
    svom(30.1, .watch, "otherwise"), svom(nil, .watch, "not placed"), svom(3, age: 72, .go),
    svom(3, age: 72.1, .no, "too old"),
  ]

  @Test(arguments: bursts + neutrinos + einsteinProbe + svomRows) func otherRule(_ row: Row) throws {
    try check(row)
  }

  private func check(_ row: Row) throws {
    let decision = try shipped(row.policy).decide(on: row.facts)
    #expect(decision.outcome == row.outcome, "\(DecisionCard(decision).text)")
    if let clause = row.clause { #expect(decision.clause == clause, "\(DecisionCard(decision).text)") }
  }

  // MARK: What the orders say

  @Test func tarotRequestIsWrittenOut() throws {
    let row = try #require(Self.r8.first)
    let orders = try shipped("grandma-r8").decide(on: row.facts).effectiveOrders
    #expect(orders.telescopes == ["TAROT-TCH", "TAROT-TRE", "TAROT-TCA"])
    #expect(orders.exposures == ExposureRecipe(count: 3, each: .seconds(200), filters: ["clear"]))
    #expect(orders.maximumAirmass == 2.5)
    #expect(orders.probability == Fraction(0.7))
    #expect(orders.fieldsPerNight == 20)
    let card = DecisionCard(try shipped("grandma-r8").decide(on: row.facts)).text
    #expect(card.contains("up to 70 % of the map") && card.contains("at most 20 a night"), "\(card)")
    #expect(orders.validity == .hours(48))
    #expect(orders.allows("TAROT-TCA"))
    #expect(!orders.allows("FRAM-Auger"))
  }

  @Test func blackHolesWithABurstGoToRobotsOnly() throws {
    let facts = waveFacts("S310203a", "BBH", distance: 900, area90: 4000, more: [.coincidence: .flag(true)])
    let orders = try shipped("grandma").decide(on: facts).effectiveOrders
    #expect(orders.outcome == .limited)
    #expect(orders.telescopes == ["TAROT-TCH", "TAROT-TCA", "TAROT-TRE", "FRAM-Auger", "FRAM-CTA-N"])
    #expect(orders.validity == .hours(24))
  }

  @Test func svomKeepsItsOwnTelescopes() throws {
    for row in Self.svomRows where row.outcome == .go {
      let orders = try shipped("grandma-svom").decide(on: row.facts).effectiveOrders
      #expect(!orders.allows("Xinglong-TNT"))
      #expect(!orders.allows("GMG-2.4m"))
      #expect(orders.allows("TAROT-TRE"))
    }
  }

  @Test func mocksAreDecidedAlikeAndMarked() throws {
    let values = waveFacts("MS310203a", "BNS", distance: 100, area90: 100).values
    let facts = EventFacts(eventName: "MS310203a", realm: .mock, values)
    let decision = try shipped("grandma").decide(on: facts)
    #expect(decision.outcome == .go)
    #expect(decision.facts.score?.value == 3)
    #expect(!decision.isReal)
    let card = DecisionCard(decision)
    #expect(card.text.hasPrefix("*** MOCK: not a real event ***"))
    #expect(!card.observationsPost.contains("@channel"))
    #expect(card.observationsPost.hasPrefix("MOCK, not real"))
  }

  @Test func retractionAndReturnGoBeforeAnyRule() throws {
    let values = waveFacts("S310203a", "BNS", distance: 100, area90: 100).values
    for name in shippedNames {
      let gone = EventFacts(eventName: "S310203a", status: .retracted, values)
      #expect(try shipped(name).decide(on: gone).outcome == .stop)
      #expect(try shipped(name).decide(on: gone).effectiveOrders.tags == ["STOP GRANDMA"])
      let back = EventFacts(eventName: "S310203a", status: .awaitingReinstatement, values)
      #expect(try shipped(name).decide(on: back).outcome == .watch)
    }
  }
}
