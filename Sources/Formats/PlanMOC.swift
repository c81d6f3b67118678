import Healpix
import JSON
import Units

/// The sky of a plan's footprints as a multi-order coverage map (IVOA MOC 2.0): `plan.moc.json`,
/// `plan.moc.txt` and `plan.moc.fits`.
///
/// The cells **cover** the footprints: every cell of the finest order that touches one is in the map, so
/// the map is larger than the footprints by about a cell's width. The finest order has 16 to 32 cells
/// across the shorter side of the field.
struct PlanMOC: Sendable {
  private let plan: PlanDocument
  /// The finest order of the cells.
  let order: Int
  /// The union of all footprints, ICRS; empty when no field is known.
  let coverage: Coverage

  /// O(rows); most of what a plan's files cost, so its three forms should come from one.
  init(_ plan: PlanDocument) {
    self.plan = plan
    let order = Self.order(for: plan.instrument)
    let rows = plan.status == .stop ? [] : plan.rows
    self.order = order
    coverage = Coverage(unionOf: rows.flatMap { Self.regions(plan.instrument, $0) }, order: order)
  }

  /// The JSON form: orders with their cells, and before them members of other names with the plan's head.
  /// Readers of MOCs look at the orders alone.
  func json() -> String {
    let head: [(key: String, value: JSONValue)] = head.map { ($0.0, .string($0.1)) }
    let cells = coverage.mocJSON(maxOrder: order).dropFirst()
    return JSONPrinter.text(.object(head)).dropLast() + "," + cells + "\n"
  }

  /// The ASCII form between comment lines, which readers of the bare form need cut off.
  func ascii() -> String {
    let head = head.dropLast().map { "# \($0.0)=\(ASCIIText.plain($0.1))\n" }.joined()
    return head + coverage.mocASCII(maxOrder: order) + "\n" + PlanHead.end(plan, mark: "#") + "\n"
  }

  /// The FITS form; the plan's head is in cards. The number of ranges in the header shows a file cut short.
  func fits() -> [UInt8] {
    coverage.mocFITS(
      maxOrder: order,
      cards: [
        .init("STATUS", plan.status.rawValue, comment: "GO, WAIT or STOP"), .init("PLANID", plan.planID),
        .init("EVENT", plan.event.id), .init("TELESCOP", plan.telescope.name),
        .init("DATE", String(plan.made.text.dropLast()), comment: "when the plan was made, UTC"),
        .init("ORIGIN", "GRANDMA"), .init("PLANROWS", "\(plan.rows.count)", comment: "pointings"),
        .init("SHA256", plan.seal, comment: "of the plan"),
      ])
  }

  private var head: [(String, String)] {
    [
      ("STATUS", plan.status.rawValue), ("plan_id", plan.planID), ("event", plan.event.id),
      ("telescope", plan.telescope.name), ("made", plan.made.text), ("frame", "ICRS"),
      ("cells", "all that touch a footprint"), ("area_deg2", coverage.area.squareDegrees.fixed(4)),
      ("rows", "\(plan.rows.count)"), ("sha256", plan.seal),
    ]
  }

  private static func order(for instrument: PlanDocument.Instrument) -> Int {
    guard instrument.shape != nil, let size = instrument.fovDeg?.min(), size > 0, size.isFinite else {
      return 0
    }
    // A base cell is 58.6 degrees across.
    var order = 3
    while order < 13, size * Double(1 << order) < 16 * 58.6 { order += 1 }
    return order
  }

  private static func regions(
    _ instrument: PlanDocument.Instrument, _ row: PlanDocument.Row
  ) -> [ConvexRegion<ICRS>] {
    let center = Direction<ICRS>(ra: .degrees(row.raDeg), dec: .degrees(row.decDeg))
    if instrument.shape == .circle {
      guard let radius = instrument.radiusDeg, radius > 0, radius <= 180 else { return [] }
      return [ConvexRegion(center: center, radius: .degrees(radius))]
    }
    return FootprintOutline.corners(of: instrument, at: row).compactMap { corners in
      if let region = ConvexRegion(corners: corners) ?? ConvexRegion(corners: corners.reversed()) {
        return region
      }
      // Not convex: the cap that holds it still covers.
      guard let reach = corners.map({ center.separation(from: $0).radians }).max(), reach > 0 else {
        return nil
      }
      return ConvexRegion(center: center, radius: Angle(radians: min(reach, .pi)))
    }
  }
}
