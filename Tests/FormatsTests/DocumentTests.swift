import Foundation
import Observatories
import TestSupport
import Testing
import Units

@testable import Formats
@testable import Planning

enum PlanCase: String, CaseIterable, Sendable {
  case example, awkward, stopped, empty
  var plan: Plan {
    switch self {
    case .example: Synthetic.example
    case .awkward: Synthetic.awkward
    case .stopped: Synthetic.stopped
    case .empty: Synthetic.empty
    }
  }
  var document: NetworkPlanDocument { NetworkPlanDocument(plan) }
}

@Suite struct DocumentTests {
  @Test(arguments: PlanCase.allCases)
  func readsBackWhatItWrote(_ c: PlanCase) throws {
    let document = c.document
    let json = document.json()
    let back = try NetworkPlanDocument(json: Array(json.utf8))
    #expect(back == document)
    #expect(back.json() == json)
    #expect(back.brokenDigests().isEmpty)
    for plan in document.plans {
      #expect(try PlanDocument(json: Array(plan.json().utf8)) == plan)
    }
  }

  @Test func sameRequestSameBytes() {
    #expect(NetworkPlanDocument(Synthetic.awkward).json() == NetworkPlanDocument(Synthetic.awkward).json())
  }

  @Test(arguments: PlanCase.allCases)
  func followsThePublishedSchema(_ c: PlanCase) throws {
    let validator = try SchemaValidator(folder: fixture("schema"))
    let errors = try validator.errors(c.document.json(), schema: "urn:grandma:schema:network-plan:1")
    #expect(errors.isEmpty, "\(errors.prefix(5))")
    for plan in c.document.plans {
      let errors = try validator.errors(plan.json(), schema: "urn:grandma:schema:plan:1")
      #expect(errors.isEmpty, "\(errors.prefix(5))")
    }
  }

  /// The validator must see what is wrong, or the test above proves nothing.
  @Test(arguments: [
    ("\"rank\":1", "\"rank\":\"1\""), ("\"status\":\"GO\"", "\"status\":\"MAYBE\""),
    ("\"dec_deg\":23.8094", "\"dec_deg\":93"),
    ("\"target\":\"S230518h_r4_001\"", "\"target\":\"a b\""), ("\"moon_sep_deg\":30", "\"moon_sep\":30"),
    ("Z\",\"event\"", "\",\"event\""), ("\"ra_deg\":221.3382,", ""), ("grandma.plan/1", "grandma.plan/2"),
  ])
  func theSchemaRefuses(_ original: String, _ changed: String) throws {
    let validator = try SchemaValidator(folder: fixture("schema"))
    let json = NetworkPlanDocument(Synthetic.example).json()
    #expect(json.contains(original))
    let errors = try validator.errors(
      json.replacingOccurrences(of: original, with: changed), schema: "urn:grandma:schema:network-plan:1")
    #expect(!errors.isEmpty)
  }

  @Test func valuesOfTheExample() throws {
    let document = NetworkPlanDocument(Synthetic.example)
    let plan = try #require(document.plans.first)
    #expect(plan.planID == "S230518h-r4-tarot-tca-1a2b-3f9a1c02")
    #expect(plan.telescope.latDeg == 43.75203)
    #expect(plan.instrument.fovDeg == [1.86, 1.86] && plan.instrument.shape == .square)
    #expect(plan.limits.minAltDeg == 30 && plan.limits.sunAltDeg == -12)
    #expect(plan.timing.slewDegPerS == 20)
    #expect(plan.totals.tiles == 2 && plan.totals.exposures == 4 && plan.totals.exptimeS == 300)
    #expect(plan.valid.start.text == "2026-11-21T03:05:00.000Z")
    #expect(plan.rows[1].endUTC.text == "2026-11-21T03:17:40.000Z")
    #expect(plan.rows[0].haH == -1.25)
    #expect(document.event.t0?.text == "2023-05-18T12:59:08.167Z")
    #expect(document.inputs.telescopes.map(\.telescope) == ["A B", "TAROT/TCA"])
    let gap = try #require(document.network.gap)
    #expect(abs(gap - (1 - 0.00635 / 0.008)) < 1e-9)
  }

  /// A bound that is rounded to nearest would be none half of the time.
  @Test(arguments: [(0.5, 0.5), (0.123_456_789_01, 0.123_456_789_1), (0.999_999_999_99, 1), (0, 0)])
  func boundsAreRoundedUp(_ bound: Double, _ written: Double) {
    var plan = Synthetic.example
    plan.network.probability = Fraction(clamping: 0)
    plan.network.upperBound = Fraction(clamping: bound)
    let network = NetworkPlanDocument(plan).network
    #expect(network.upperBound == written)
    #expect(network.gap == (bound > 0 ? 1 : 0))
  }

  @Test func stopHasNoRows() {
    let document = NetworkPlanDocument(Synthetic.stopped)
    #expect(document.status == .stop)
    #expect(document.plans.allSatisfy { $0.rows.isEmpty && $0.totals.prob == 0 && $0.totals.tiles == 0 })
  }

  @Test func absentIsNullAndNothingIsNaN() throws {
    var plan = Synthetic.example
    plan.event.time = nil
    plan.map.distanceMean = nil
    plan.network.upperBound = nil
    plan.telescopes[0].assignments[0].conditions.airmass = .infinity
    let document = NetworkPlanDocument(plan)
    let json = document.json()
    for member in [
      "\"t0\":null", "\"distance_mean_mpc\":null", "\"upper_bound\":null", "\"gap\":null", "\"airmass\":null",
    ] {
      #expect(json.contains(member), "\(member)")
    }
    #expect(!json.contains("nan") && !json.contains("inf,"))
    #expect(try NetworkPlanDocument(json: Array(json.utf8)) == document)
  }

  /// Readers in other languages recompute the digest from the text: cut the last member and hash.
  @Test func digestIsOfTheTextWithoutItsLastMember() throws {
    for plan in NetworkPlanDocument(Synthetic.awkward).plans {
      let json = plan.json().replacingOccurrences(of: "\n", with: "")
      #expect(json.hasPrefix("{\"schema\":\"grandma.plan/1\",\"plan_id\":\""))
      let digest = try #require(plan.sha256)
      let tail = ",\"sha256\":\"\(digest)\"}"
      #expect(json.hasSuffix(tail))
      #expect(SHA256.hexDigest(of: json.dropLast(tail.count) + "}") == digest)
    }
  }

  @Test func rightAscensionStaysBelow360() {
    let row = NetworkPlanDocument(Synthetic.awkward).plans[0].rows[0]
    #expect(row.raDeg < 360)
    #expect(row.raText(6) == "0.000000")
    var plan = Synthetic.example
    plan.telescopes[0].assignments[0].center = Direction(ra: .degrees(359.999999999), dec: .degrees(1))
    #expect(NetworkPlanDocument(plan).plans[0].rows[0].raDeg == 0)
  }

  @Test func slugsKeepPlanIDsApart() {
    var plan = Synthetic.example
    plan.telescopes = [("A/B", "a-b-01"), ("A_B", "a-b-02")].map {
      Synthetic.part(Synthetic.telescope($0.0, slug: $0.1), [])
    }
    #expect(Set(NetworkPlanDocument(plan).plans.map(\.planID)).count == 2)
  }

  @Test func digestsSeeEveryChange() throws {
    var document = NetworkPlanDocument(Synthetic.example)
    document.plans[0].rows[0].raDeg += 1e-8
    #expect(document.brokenDigests() == [document.plans[0].planID])
    document.plans[0] = document.plans[0].sealed()
    #expect(document.brokenDigests().isEmpty)
    document.plans[0].replaces = "S230518h-r3-x"
    #expect(!document.brokenDigests().isEmpty)
  }

  @Test(arguments: [
    ("", ""), ("{", ""), ("[]", ""), ("null", ""), ("{\"schema\":\"grandma.network-plan/1\"}", "plan_id"),
  ])
  func refusesWhatIsNoPlan(_ json: String, _ path: String) {
    #expect {
      _ = try NetworkPlanDocument(json: Array(json.utf8))
    } throws: { error in
      guard case .malformed(let found, let reason) = error as? FormatError else { return false }
      return found == path && !reason.isEmpty
    }
  }

  @Test func refusesOtherSchemas() {
    let json = NetworkPlanDocument(Synthetic.example).json()
    let newer = json.replacingOccurrences(of: "network-plan/1", with: "network-plan/2")
    #expect(
      throws: FormatError.unknownSchema(found: "grandma.network-plan/2", expected: "grandma.network-plan/1")
    ) {
      try NetworkPlanDocument(json: Array(newer.utf8))
    }
    #expect(throws: FormatError.unknownSchema(found: nil, expected: "grandma.network-plan/1")) {
      try NetworkPlanDocument(json: Array("{}".utf8))
    }
    let inner = json.replacingOccurrences(of: "grandma.plan/1", with: "grandma.plan/9")
    #expect(throws: FormatError.unknownSchema(found: "grandma.plan/9", expected: "grandma.plan/1")) {
      try NetworkPlanDocument(json: Array(inner.utf8))
    }
  }

  @Test func namesThePlaceOfAnError() {
    let json = NetworkPlanDocument(Synthetic.example).json()
    let broken = json.replacingOccurrences(of: "\"dec_deg\":23.8094", with: "\"dec_deg\":\"north\"")
    #expect {
      _ = try NetworkPlanDocument(json: Array(broken.utf8))
    } throws: { error in
      guard case .malformed(let path, _) = error as? FormatError else { return false }
      return path == "plans[0].rows[0].dec_deg"
    }
  }

  /// Any cut of a plan is refused, none traps.
  @Test func truncatedDocumentsAreRefused() {
    let bytes = Array(NetworkPlanDocument(Synthetic.empty).json().utf8)
    for length in stride(from: 0, to: bytes.count - 2, by: 17) {
      #expect(throws: FormatError.self) { try NetworkPlanDocument(json: bytes[..<length]) }
    }
  }

  @Test func instrumentsComeBackAsFields() {
    let fields: [FieldOfView?] = [
      .rectangle(width: .degrees(4.2), height: .degrees(2.1), rotation: .degrees(12)),
      .circle(radius: .degrees(0.25)),
      .polygons([
        [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)].map { .init(east: .degrees($0.0), north: .degrees($0.1)) }
      ]),
      nil,
    ]
    for field in fields {
      var plan = Synthetic.example
      plan.telescopes[0].telescope.field = field
      let back = NetworkPlanDocument(plan).plans[0].instrument.field
      #expect("\(String(describing: back))" == "\(String(describing: field))" || close(back, field))
    }
  }

  private func close(_ a: FieldOfView?, _ b: FieldOfView?) -> Bool {
    guard let a, let b else { return a == nil && b == nil }
    let center = Direction<ICRS>(ra: .degrees(10), dec: .degrees(20))
    let (p, q) = [a, b].map {
      FootprintOutline.corners(of: $0, at: center, positionAngle: .zero).flatMap { $0 }
    }
    .reduce(into: ([Direction<ICRS>](), [Direction<ICRS>]())) { r, x in r = r.0.isEmpty ? (x, []) : (r.0, x) }
    return p.count == q.count && zip(p, q).allSatisfy { $0.separation(from: $1).arcseconds < 1e-3 }
  }
}
