import Units

/// A number with `decimals` digits after the point, `-` for one that is not finite or beyond 1e15.
func fixed(_ value: Double, _ decimals: Int) -> String {
  var scale = 1.0
  for _ in 0..<decimals { scale *= 10 }
  let scaled = (abs(value) * scale).rounded()
  guard scaled < 1e15 else { return "-" }
  let digits = String(Int64(scaled))
  let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
  let sign = value < 0 && scaled > 0 ? "-" : ""
  return decimals == 0 ? sign + padded : sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
}

extension CheckReport {
  /// For a terminal: verdict, findings, figures. ASCII, ends with a line feed.
  /// - Parameter limit: at most this many violations and this many notes are listed.
  public func text(listing limit: Int = 50) -> String {
    let (violations, notes) = (violations, notes)
    var lines = [
      "\(planID ?? "plan"): \(isClean ? "clean" : plural(violations.count, "violation"))"
        + (notes.isEmpty ? "" : ", \(plural(notes.count, "note"))")
    ]
    lines.append("  " + networkLine)
    lines += telescopes.map { "  " + line(on: $0) }
    let margins = marginLine(network.margins)
    if !margins.isEmpty { lines.append("  least room: " + margins) }
    lines += Self.list(violations, "violations", limit)
    lines += Self.list(notes, "notes", limit)
    return lines.joined(separator: "\n") + "\n"
  }

  private var networkLine: String {
    var parts = [
      plural(network.assignments, "assignment"), plural(network.exposures, "exposure"),
      "\(fixed(network.area.squareDegrees, 2)) deg2",
    ]
    if let p = network.probability {
      parts.append("\(fixed(p * 100, 3)) % of the map")
      if let sum = network.sumOverTelescopes, sum > p {
        parts.append("\(fixed((sum - p) * 100, 3)) % of it by more than one telescope")
      }
    }
    return "network: " + parts.joined(separator: ", ")
  }

  private func line(on t: TelescopeReport) -> String {
    var parts = [plural(t.assignments, "assignment")]
    if let first = t.firstStart, let last = t.lastEnd {
      parts.append("\(first.iso8601()) to \(last.iso8601())")
      parts.append("open \(fixed(t.openShutter.seconds / 60, 1)) min")
    }
    if let p = t.probability { parts.append("\(fixed(p * 100, 3)) %") }
    if let added = t.added { parts.append("adds \(fixed(added * 100, 3)) %") }
    return "\(t.name): " + parts.joined(separator: ", ")
  }

  private func marginLine(_ m: Margins) -> String {
    let all: [(String, Margin?, Int)] = [
      ("altitude", m.altitude, 2), ("airmass", m.airmass, 3), ("Sun", m.sun, 2), ("Moon", m.moon, 2),
      ("gap", m.gap, 1),
    ]
    return all.compactMap { name, margin, decimals in
      margin.map {
        let unit = $0.room.unit == .airmass ? "" : " \($0.room.unit.rawValue)"
        return "\(name) \(fixed($0.room.value, decimals))\(unit) (\($0.telescope) row \($0.row))"
      }
    }.joined(separator: ", ")
  }

  private static func list(_ findings: [Finding], _ title: String, _ limit: Int) -> [String] {
    guard !findings.isEmpty else { return [] }
    var lines = ["\(title):"]
    for f in findings.prefix(limit) {
      var place = f.telescope ?? "plan"
      if let row = f.row { place += " row \(row)" }
      if let tile = f.tile { place += " (\(tile))" }
      lines.append("  \(f.rule.rawValue)  \(place)  \(f.time?.iso8601() ?? "-")  \(f.message)")
    }
    if findings.count > limit { lines.append("  ... and \(findings.count - limit) more") }
    return lines
  }
}

private func plural(_ n: Int, _ word: String) -> String { "\(n) \(word)\(n == 1 ? "" : "s")" }
