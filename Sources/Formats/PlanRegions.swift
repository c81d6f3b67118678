import Units

/// `plan.reg`: footprints as DS9 regions (version 4.1), ICRS.
public enum PlanRegions {
  public static func render(_ plan: PlanDocument) -> String {
    var lines = head(
      comment: "plan_id=\(ASCIIText.token(plan.planID)) STATUS=\(plan.status.rawValue)"
        + " sha256=\(plan.sha256 ?? plan.digest())", color: Palette.colors[0])
    lines += plan.status == .stop ? [] : regions(plan, color: nil)
    lines.append(PlanHead.end(plan, mark: "#"))
    return lines.map { $0 + "\n" }.joined()
  }

  /// All telescopes in one file, each with its colour and tag.
  public static func render(_ network: NetworkPlanDocument) -> String {
    var lines = head(
      comment: "plan_id=\(ASCIIText.token(network.planID)) status=\(network.status.rawValue)",
      color: "#000000")
    for (i, plan) in network.plans.enumerated() {
      lines += regions(plan, color: Palette.colors[i % Palette.colors.count])
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private static func head(comment: String, color: String) -> [String] {
    [
      "# Region file format: DS9 version 4.1", "# \(comment)",
      "global color=\(color) width=1 font=\"helvetica 10 normal roman\" select=1 edit=0 move=0 delete=1 source=1",
      "icrs",
    ]
  }

  private static func regions(_ plan: PlanDocument, color: String?) -> [String] {
    let tag = safe(ASCIIText.token(plan.telescope.name).replacing(["/"], with: "_"))
    return plan.rows.flatMap { row in
      let label = "\(row.rank) #\(safe(row.fieldID)) \(row.prob.percent(decimals: 2, width: 6))%"
      let paint = color.map { " color=\($0)" } ?? ""
      return shapes(plan.instrument, row).enumerated().map { part, shape in
        shape + " #" + (shape.hasPrefix("point") ? " point=cross" : "") + paint
          + (part == 0 ? " text={\(label)}" : "") + " tag={\(tag)}"
      }
    }
  }

  /// A box only where no angle is involved: programs differ in its sense, and polygons have none.
  private static func shapes(_ instrument: PlanDocument.Instrument, _ row: PlanDocument.Row) -> [String] {
    let center = "\(row.raText(6)),\(row.decDeg.signedFixed(6))"
    switch instrument.shape {
    case nil: return ["point(\(center))"]
    case .circle: return ["circle(\(center),\((instrument.radiusDeg ?? 0).fixed(6))d)"]
    case .square, .rectangle:
      if row.paDeg == 0, let size = instrument.fovDeg, size.count == 2 {
        return ["box(\(center),\(size[0].fixed(6))d,\(size[1].fixed(6))d,0.0000)"]
      }
      fallthrough
    case .polygons:
      return FootprintOutline.corners(of: instrument, at: row).map { corners in
        "polygon("
          + corners.map { "\($0.ra.degrees.fixed(6)),\($0.dec.degrees.signedFixed(6))" }.joined(
            separator: ",")
          + ")"
      }
    }
  }

  private static func safe(_ text: String) -> String {
    ASCIIText.plain(text).filter { $0 != "{" && $0 != "}" && $0 != "\"" && $0 != "'" && $0 != ";" }
  }
}

/// Colours that stay apart under the common kinds of colour blindness and on paper (Okabe & Ito 2008,
/// "Color Universal Design", without yellow and sky blue, which are too light on white).
enum Palette {
  static let colors = ["#0072b2", "#d55e00", "#007a5a", "#b3478f", "#8a5a00", "#000000"]
}
