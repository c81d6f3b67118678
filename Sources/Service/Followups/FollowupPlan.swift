import Ephemerides
import Followups
import Formats
import Observatories
import Planning
import Store
import Units
import Visibility

/// One telescope's part of a request as the plan that its queue and files are made from.
struct FollowupPlan {
  let id: String
  let planID: String
  let revision: Int
  let request: FollowupRequest
  let offer: FollowupAnswer.Offer
  let version: String
  let earth: EarthOrientation

  var slug: String { offer.telescope.slug }
  /// Each telescope's part lives by itself.
  static func scope(_ slug: String) -> String { "followup/\(slug)" }
  static func slug(ofScope scope: String) -> String? {
    scope.hasPrefix("followup/") ? String(scope.dropFirst("followup/".count)) : nil
  }

  /// - Throws: when the sky about the visits cannot be computed.
  func document() throws -> NetworkPlanDocument {
    let telescope = offer.telescope
    let ephemeris = try Ephemeris(
      covering: TimeWindow(request.window.start - .hours(24), request.window.end + .hours(24)),
      earthOrientation: earth)
    let observer = try Observer(telescope.site.position)
    let whole = Fraction.one
    let assignments = offer.visits.enumerated().map { i, visit in
      let here = Conditions(
        of: request.target.position, in: ephemeris.frame(of: observer, at: visit.middle), ephemeris)
      return Plan.Assignment(
        rank: i + 1, fieldID: tile(i), center: request.target.position, start: visit.start, end: visit.end,
        latestStart: i == 0 ? max(offer.latestStart, visit.start) : visit.start,
        exposure: visit.exposures.each, exposureCount: visit.exposures.count, filter: offer.filter,
        probability: whole,
        conditions: .init(
          altitude: here.altitude, azimuth: here.azimuth, hourAngle: here.hourAngle, airmass: here.airmass,
          moonSeparation: here.moonSeparation, moonAltitude: here.moonAltitude, sunAltitude: here.sunAltitude)
      )
    }
    let dark = ephemeris.windows(
      of: .sun, below: telescope.limits.maxSunAltitude, from: observer, in: request.window)
    let plan = Plan(
      id: planID, status: .go,
      event: .init(
        id: Self.objectName(request.target.name), alert: "FOLLOWUP", revision: revision,
        time: request.eventTime),
      made: request.now, window: request.window,
      map: .init(
        area50: SolidAngle(steradians: 0), area90: SolidAngle(steradians: 0), peak: request.target.position,
        instruments: [], findings: []),
      telescopes: [
        .init(
          telescope: telescope, darkWindows: dark, assignments: assignments, probability: whole, added: whole,
          notes: offer.notes)
      ], omissions: [],
      network: .init(
        probability: whole, area: SolidAngle(steradians: 0), assignmentCount: assignments.count,
        reachable: whole),
      inputs: .init(
        mapDigest: "", telescopeDigests: [telescope.id: telescope.digest],
        earthOrientation: earth.source, softwareVersion: version))
    var document = NetworkPlanDocument(plan)
    document.plans = document.plans.map { explained($0) }
    return document
  }

  private func explained(_ plan: PlanDocument) -> PlanDocument {
    var plan = plan
    for (i, visit) in offer.visits.enumerated() where plan.rows.indices.contains(i) {
      plan.rows[i].reason =
        "visit \(i + 1) of \(offer.visits.count) to \(request.target.name): expected "
        + "\(Self.tenths(visit.expected.value)) mag, limit \(Self.tenths(visit.limit.value)) mag"
    }
    return plan.sealed()
  }

  static func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

  /// A name that files, addresses and other systems take.
  static func objectName(_ name: String) -> String {
    let legal = name.filter { $0 != " " }.map {
      $0.isASCII && ($0.isLetter || $0.isNumber || "-+.".contains($0)) ? $0 : "-"
    }
    let text = String(legal.drop { !$0.isLetter && !$0.isNumber }.prefix(40))
    return text.isEmpty ? "source" : text
  }

  func pointings() -> [PlanAssignment] {
    offer.visits.enumerated().map { i, visit in
      PlanAssignment(
        telescope: slug, position: i, window: TimeWindow(visit.start, visit.end),
        direction: request.target.position, filter: offer.filter ?? "", exposure: visit.exposures.each,
        tile: tile(i))
    }
  }

  /// Reports name it, so it is not that of another source's visit.
  private func tile(_ visit: Int) -> String { "\(Self.objectName(request.target.name))-\(visit + 1)" }
}
