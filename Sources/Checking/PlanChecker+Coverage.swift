import Observatories
import Skymaps
import Units

/// The coverage of a plan, measured again.
struct CoverageResult {
  struct Share {
    /// Of the union of the telescope's own footprints; nil without a map or a field.
    var probability: Double?
    /// Not covered by any earlier exposure of the network.
    var added: Double?
    var area = SolidAngle(steradians: 0)
    /// By row: of the footprint alone, new to the network, and of the telescope so far.
    var rows: [RowShare] = []
  }
  struct RowShare {
    var alone: Double
    var added: Double
    var cumulative: Double
  }

  var probability: Double?
  var area: SolidAngle
  /// Parallel to the tracks.
  var telescopes: [Share]

  static func hasField(_ telescope: Telescope) -> Bool {
    guard let field = telescope.field else { return false }
    let anywhere = Direction<ICRS>(ra: .zero, dec: .zero)
    return Footprint(field, at: anywhere, positionAngle: nil, turn: { $0 }) != nil
  }

  /// Full width and height; nil for polygons.
  static func box(of field: FieldOfView) -> (width: Angle, height: Angle)? {
    switch field {
    case .rectangle(let width, let height, _): (width, height)
    case .circle(let radius): (2 * radius, 2 * radius)
    case .polygons: nil
    }
  }

  init(of tracks: [Track], on map: Skymap?) {
    let measure = MapMeasure(map)
    let raster = FootprintRaster(measure)
    let turn = map?.toMap
    // All exposures by start, then telescope: the order in which sky becomes covered.
    var order: [(track: Int, row: Int)] = []
    for (t, track) in tracks.enumerated() where track.telescope.map(Self.hasField) == true {
      order += track.rows.indices.map { (t, $0) }
    }
    order.sort {
      (tracks[$0.track].rows[$0.row].start, tracks[$0.track].id, $0.row)
        < (tracks[$1.track].rows[$1.row].start, tracks[$1.track].id, $1.row)
    }

    var pieces: [NewSky.Piece] = []
    var alone: [Double] = []
    for (owner, place) in order.enumerated() {
      let assignment = tracks[place.track].rows[place.row].assignment
      let field = tracks[place.track].telescope?.field
      let footprint = field.flatMap {
        Footprint($0, at: assignment.center, positionAngle: assignment.positionAngle) { v in
          turn.map { $0(v) } ?? v
        }
      }
      let ranges = footprint.map(raster.ranges) ?? []
      alone.append(ranges.reduce(0) { $0 + measure.probability(of: $1) })
      pieces += ranges.map { .init(start: $0.lowerBound, end: $0.upperBound, owner: Int32(owner)) }
    }
    pieces.sort { $0.start < $1.start }
    let network = NewSky(pieces, owners: order.count, measure: measure)
    probability = map == nil ? nil : network.total
    area = SolidAngle(steradians: network.area)
    telescopes = []
    for t in tracks.indices {
      let owners = order.indices.filter { order[$0].track == t }
      telescopes.append(
        Self.share(of: owners, pieces, network, alone: alone, measure: map == nil ? nil : measure))
    }
  }

  /// - Parameter owners: the positions of the telescope's exposures in time.
  private static func share(
    of owners: [Int], _ pieces: [NewSky.Piece], _ network: NewSky, alone: [Double], measure: MapMeasure?
  ) -> Share {
    var share = Share()
    guard !owners.isEmpty else { return share }
    var local = [Int32](repeating: -1, count: alone.count)
    for (n, owner) in owners.enumerated() { local[owner] = Int32(n) }
    var own: [NewSky.Piece] = []
    for piece in pieces where local[Int(piece.owner)] >= 0 {
      own.append(.init(start: piece.start, end: piece.end, owner: local[Int(piece.owner)]))
    }
    let sky = NewSky(own, owners: owners.count, measure: measure ?? MapMeasure(nil))
    share.area = SolidAngle(steradians: sky.area)
    guard measure != nil else { return share }
    share.probability = sky.total
    share.added = owners.reduce(0) { $0 + network.probability[$1] }
    var cumulative = 0.0
    for (n, owner) in owners.enumerated() {
      cumulative += sky.probability[n]
      share.rows.append(
        .init(alone: alone[owner], added: network.probability[owner], cumulative: cumulative))
    }
    return share
  }
}

extension PlanChecker {
  /// Claimed probabilities and areas against the measured ones.
  func checkCoverageClaims(
    _ plan: CheckedPlan, _ tracks: [Track], _ coverage: CoverageResult, _ findings: inout FindingList
  ) {
    guard let total = coverage.probability else { return }
    compare(plan.claimedProbability, total, .claimedNetwork, "probability of the network", &findings)
    if let bound = plan.claimedBound, !(total <= bound + tolerances.probability.violation) {
      findings.add(
        .claimedBound, measured: .probability(total), limit: .probability(bound),
        "found \(fixed(total * 100, 3)) % where the plan says that nothing exceeds \(fixed(bound * 100, 3)) %"
      )
    }
    if let claimed = plan.claimedArea {
      let difference = abs(claimed.steradians - coverage.area.steradians)
      let scale = max(claimed.steradians, coverage.area.steradians)
      if !(difference <= tolerances.area.note * scale) {
        findings.add(
          difference <= tolerances.area.violation * scale ? .note : .violation, .claimedNetwork,
          measured: .area(coverage.area), limit: .area(claimed),
          "area claimed \(fixed(claimed.squareDegrees, 2)) deg2, found"
            + " \(fixed(coverage.area.squareDegrees, 2)) deg2")
      }
    }
    for (track, share) in zip(tracks, coverage.telescopes) {
      guard let probability = share.probability, let added = share.added else { continue }
      if track.entries.count == 1 {
        let entry = plan.telescopes[track.entries[0]]
        let what = "probability of the telescope"
        compare(entry.claimedProbability, probability, .claimedProbability, what, on: track, &findings)
        compare(entry.claimedAdded, added, .claimedAdded, "added by the telescope", on: track, &findings)
      }
      for (row, found) in zip(track.rows, share.rows) {
        let claims = row.assignment.claims
        compare(
          claims.probability, found.alone, .claimedProbability, "probability of the tile", on: track,
          row: row,
          &findings)
        compare(claims.added, found.added, .claimedAdded, "added by the tile", on: track, row: row, &findings)
        compare(
          claims.cumulative, found.cumulative, .claimedCumulative, "cumulative probability", on: track,
          row: row,
          &findings)
      }
    }
    checkAddedSum(plan, total, &findings)
  }

  /// The shares of the telescopes must add up to the network.
  private func checkAddedSum(_ plan: CheckedPlan, _ total: Double, _ findings: inout FindingList) {
    let claims = plan.telescopes.compactMap(\.claimedAdded)
    guard !claims.isEmpty, claims.count == plan.telescopes.count else { return }
    compare(
      claims.reduce(0, +), total, .claimedAdded, "added by all telescopes together", &findings)
  }

  private func compare(
    _ claimed: Double?, _ found: Double, _ rule: Finding.Rule, _ what: String, on track: Track? = nil,
    row: Track.Row? = nil, _ findings: inout FindingList
  ) {
    guard let claimed else { return }
    let difference = abs(claimed - found)
    // Not-a-number fails both tests and counts as a violation.
    guard !(difference <= tolerances.probability.note) else { return }
    findings.add(
      difference <= tolerances.probability.violation ? .note : .violation, rule, on: track, row: row,
      measured: .probability(found), limit: .probability(claimed),
      "\(what): claimed \(fixed(claimed * 100, 3)) %, found \(fixed(found * 100, 3)) %")
  }
}
