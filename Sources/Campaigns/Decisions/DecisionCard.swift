/// A decision as lines for people: `text` for a terminal, `lines` for pages and messages.
public struct DecisionCard: Hashable, Sendable {
  public let decision: Decision
  public init(_ decision: Decision) { self.decision = decision }

  /// One line, with its meaning. Labels are plain words, texts are not escaped for anything.
  public struct Line: Codable, Hashable, Sendable {
    public enum Kind: String, Codable, Hashable, Sendable {
      /// Shown above everything: drills, overrides.
      case warning
      case outcome
      /// Plain facts of the event: class, distance, areas, false-alarm rate, score.
      case fact
      case reason, order, change
      /// The heading of a rule; its clauses follow.
      case rule
      case clause
    }
    public let kind: Kind
    public let label: String
    public let text: String
    /// Of rules and clauses.
    public let verdict: Truth?
  }

  /// The outcome first, then the event, why, what is ordered, what changed, and every clause with the
  /// value it saw.
  public var lines: [Line] {
    heading + facts + reasons + orders + changes + rules
  }

  /// The lines as plain text.
  /// - Parameter width: of the terminal; longer lines are broken and indented. At least 40.
  public func text(width: Int = 80) -> String {
    let width = max(40, width)
    var result: [String] = []
    for line in lines {
      switch line.kind {
      case .warning: result += Self.wrap("*** " + line.text + " ***", width: width, indent: 4)
      case .outcome: result += Self.wrap("\(line.label): \(line.text)", width: width, indent: 2)
      case .clause:
        let mark = line.verdict.map { "[" + $0.word + "] " } ?? ""
        result += Self.wrap(
          String(repeating: " ", count: 13) + Self.pad(mark, 10) + line.text, width: width, indent: 23)
      case .rule:
        let verdict = line.verdict.map { ": \($0.rawValue)" } ?? ""
        result += Self.wrap("  " + Self.pad(line.label, 11) + line.text + verdict, width: width, indent: 13)
      default: result += Self.wrap("  " + Self.pad(line.label, 11) + line.text, width: width, indent: 13)
      }
    }
    return result.joined(separator: "\n") + "\n"
  }
  public var text: String { text() }
}

extension DecisionCard {
  private var heading: [Line] {
    let d = decision
    var lines: [Line] = []
    if !d.isReal {
      lines.append(line(.warning, "drill", "\(d.facts.realm.rawValue.uppercased()): not a real event"))
    }
    lines.append(line(.outcome, d.eventName, d.outcome.rawValue))
    if let by = d.override {
      lines.append(
        line(
          .reason, "override",
          "\(by.outcome.rawValue) by the \(by.role) at \(by.at.iso8601()): \(by.reason) "
            + "(the policy says \(d.orders.outcome.rawValue))"))
    }
    return lines + [line(.reason, "policy", "\(d.policy) (\(d.policyDigest.prefix(8))), clause: \(d.clause)")]
  }

  private var facts: [Line] {
    let f = decision.facts
    var lines: [Line] = []
    let kind = [f.word(.sourceClass), f.word(.kind), f.word(.stage)].compactMap { $0.map(FactName.spaced) }
    if !kind.isEmpty { lines.append(line(.fact, "event", kind.joined(separator: ", "))) }
    if let distance = f.number(.distance) {
      let error = f.number(.distanceError).map { " +/- \(Wording.tenth($0))" } ?? ""
      lines.append(line(.fact, "distance", "\(Wording.tenth(distance))\(error) Mpc"))
    }
    let areas = [("90 %", f.number(.area90)), ("50 %", f.number(.area50))]
    let known = areas.compactMap { name, area in area.map { "\(name) in \(Wording.tenth($0)) deg2" } }
    if !known.isEmpty { lines.append(line(.fact, "area", known.joined(separator: ", "))) }
    if let radius = f.number(.errorRadius) {
      lines.append(line(.fact, "error", "\(Wording.short(radius)) arcmin (90 %)"))
    }
    if let rate = f.number(.farPerYear), rate > 0 {
      let text = rate < 1 ? "1 per \(Wording.short(1 / rate)) years" : "\(Wording.short(rate)) per year"
      lines.append(line(.fact, "FAR", text))
    }
    if let score = f.score {
      let lacks = score.missing.map(\.rawValue).joined(separator: ", ")
      let text = "\(score.value)\(lacks.isEmpty ? "" : " (missing: \(lacks))")"
      lines.append(line(.fact, "score", text))
    }
    return lines
  }

  private var reasons: [Line] { decision.reasons.map { line(.reason, "because", $0) } }

  private var orders: [Line] {
    let o = decision.effectiveOrders
    var lines: [Line] = []
    func add(_ label: String, _ text: String?) {
      if let text, !text.isEmpty { lines.append(line(.order, label, text)) }
    }
    add("priority", o.priority.map(String.init))
    add("tags", o.tags.joined(separator: ", "))
    if o.outcome.isFollowUp { add("only", o.telescopes.joined(separator: ", ")) }
    add("not", o.excluded.joined(separator: ", "))
    if let e = o.exposures {
      add("expose", "\(e.count) x \(Wording.number(e.each.seconds)) s \(e.filters.joined(separator: ", "))")
    }
    add("valid", o.validity.map { "\(Wording.number($0.seconds / 3600)) h after the event" })
    add("airmass", o.maximumAirmass.map { "at most \(Wording.number($0))" })
    add("tile", o.probability.map { "up to \(Wording.number($0.percent)) % of the map" })
    add("fields", o.fieldsPerNight.map { "at most \($0) a night" })
    return lines
  }

  private var changes: [Line] {
    guard let before = decision.previousOutcome else { return [] }
    let now = decision.outcome
    let text = before == now ? "still \(now.rawValue)" : "\(before.rawValue) -> \(now.rawValue)"
    return [line(.change, "changed", "outcome: \(text)")]
      + decision.changes.map { line(.change, "", $0.text) }
  }

  private var rules: [Line] {
    decision.rules.flatMap { rule in
      [Line(kind: .rule, label: "rule", text: "\(rule.policy)/\(rule.rule)", verdict: rule.truth)]
        + rule.clauses.map {
          Line(
            kind: .clause, label: $0.fact.rawValue, text: "\($0.asked): \($0.saw?.text ?? "not known")",
            verdict: $0.verdict)
        }
    }
  }

  private func line(_ kind: Line.Kind, _ label: String, _ text: String) -> Line {
    Line(kind: kind, label: label, text: text, verdict: nil)
  }

  private static func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  /// Breaks at blanks, and words that are longer than a line anywhere.
  static func wrap(_ text: String, width: Int, indent: Int) -> [String] {
    let margin = String(repeating: " ", count: indent)
    var lines: [String] = []
    var rest = Substring(text)
    while rest.count > width {
      let head = rest.prefix(width + 1)
      // A blank in the margin is no place to break at.
      let start = head.index(head.startIndex, offsetBy: lines.isEmpty ? min(indent, head.count) : indent)
      let blank = head[start...].lastIndex(of: " ")
      let end = blank ?? rest.index(rest.startIndex, offsetBy: width)
      lines.append(String(rest[..<end]))
      let next = blank.map { rest.index(after: $0) } ?? end
      rest = Substring(margin + rest[next...])
    }
    return lines + [String(rest)]
  }
}
