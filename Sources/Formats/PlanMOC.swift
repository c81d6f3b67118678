import Healpix
import JSON
import Units

/// The sky of a plan's footprints as a multi-order coverage map (IVOA MOC 2.0): `plan.moc.json` and
/// `plan.moc.txt`.
///
/// The cells **cover** the footprints: every cell of the finest order that touches one is in the map, so
/// the map is larger than the footprints by about a cell's width. The finest order has 16 to 32 cells
/// across the shorter side of the field.
public enum PlanMOC {
  /// The union of all footprints, ICRS; empty when no field is known.
  public static func coverage(of plan: PlanDocument) -> (coverage: Coverage, order: Int) {
    let order = order(for: plan.instrument)
    let rows = plan.status == .stop ? [] : plan.rows
    return (Coverage(unionOf: rows.flatMap { regions(plan.instrument, $0) }, order: order), order)
  }

  /// The JSON form: orders with their cells, and before them members of other names with the plan's head.
  /// Readers of MOCs look at the orders alone.
  static func json(_ plan: PlanDocument) -> String {
    let (coverage, order) = coverage(of: plan)
    let head: [(key: String, value: JSONValue)] = head(plan, coverage).map { ($0.0, .string($0.1)) }
    let cells = coverage.mocJSON(maxOrder: order).dropFirst()
    return JSONPrinter.text(.object(head)).dropLast() + "," + cells + "\n"
  }

  /// The ASCII form between comment lines, which readers of the bare form need cut off.
  static func ascii(_ plan: PlanDocument) -> String {
    let (coverage, order) = coverage(of: plan)
    let head = head(plan, coverage).dropLast().map { "# \($0.0)=\(ASCIIText.plain($0.1))\n" }.joined()
    return head + coverage.mocASCII(maxOrder: order) + "\n" + PlanHead.end(plan, mark: "#") + "\n"
  }

  private static func head(_ plan: PlanDocument, _ coverage: Coverage) -> [(String, String)] {
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
