import Units

extension EventMessage {
  /// A line of the message: what it is and what it says.
  struct Line: Hashable {
    let title: String
    let text: String
  }

  /// The facts, in the order in which the network reads them. Those of its checklist are always there.
  var lines: [Line] {
    var lines: [Line] = []
    func add(_ title: String, _ text: String?) {
      if let text { lines.append(Line(title: title, text: text)) }
    }
    add("Event time", time.map { "\(Wording.time($0)) (\(age(since: $0)))" } ?? Wording.unknown)
    if let c = classification {
      add("Class", PlainText.oneLine(c.name) + (c.probability.map { ", p = \(Wording.percent($0))" } ?? ""))
    } else if kind == .gravitationalWave {
      add("Class", Wording.unknown)
    }
    if let d = distance {
      add("Distance", Wording.distance(d.mean, d.deviation))
    } else if kind == .gravitationalWave {
      add("Distance", Wording.unknown)
    }
    add("Position", position.map(Wording.position))
    if position == nil || area50 != nil || area90 != nil {
      let a50 = area50.map(Wording.area) ?? Wording.unknown
      add("Area 50 / 90 %", "\(a50) / \(area90.map(Wording.area) ?? Wording.unknown)")
    }
    add("False alarms", falseAlarmsPerYear.map(Wording.falseAlarms))
    add("Instruments", instruments.isEmpty ? nil : instruments.map(PlainText.oneLine).joined(separator: ", "))
    add("GRANDMA score", score.map(String.init))
    add("Rule", rule.map(PlainText.oneLine))
    add("GCN", circular.map(String.init))
    return lines
  }

  private func age(since time: Instant) -> String {
    let seconds = made.seconds(since: time)
    return seconds >= 0 ? "\(Wording.span(seconds)) ago" : "in \(Wording.span(seconds))"
  }

  /// What everybody must do, when that is not in the decision's word.
  var order: String? {
    if isRetracted {
      return "The event was withdrawn by its sender. Stop observing it; do not start what is planned."
    }
    switch verdict {
    case .stop: return "The campaign has ended. Stop observing; do not start what is planned."
    case .limited:
      let names = observing.map { PlainText.oneLine($0.name) }
      return names.isEmpty ? nil : "Only these telescopes: \(names.joined(separator: ", "))."
    case .go where telescopes.isEmpty: return "We will now wait for the observation plan to be created."
    case .go, .watch, .no: return nil
    }
  }

  /// Columns of the telescope table: name, dark, first start, tiles, probability.
  func table(_ telescopes: [Telescope]) -> [String] {
    let rows =
      [["telescope", "dark UTC", "first", "tiles", "prob"]]
      + telescopes.map { t in
        let dark = t.dark.map { "\(Wording.clock($0.start, on: made))-\(Wording.clock($0.end, on: made))" }
        let first = t.firstStart.map { Wording.clock($0, on: made) }
        return [
          PlainText.cut(PlainText.oneLine(t.name), to: 24), dark ?? "-", first ?? "-", String(t.tiles),
          t.probability.map { Wording.percent($0).replacing(" ", with: "") } ?? "-",
        ]
      }
    let widths = (0..<5).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = zip(row, widths).enumerated().map { index, cell in
        let padding = String(repeating: " ", count: cell.1 - cell.0.count)
        return index < 3 ? cell.0 + padding : padding + cell.0
      }
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }
  }

  /// The whole message for mail, logs and terminals: plain text, lines end with a line feed.
  public var plainText: String {
    var out: [String] = []
    if let mock {
      out += ["*** \(PlainText.oneLine(mock)): THIS IS NOT A REAL EVENT. Nothing is to be observed. ***", ""]
    }
    out += [announcement, "", "Decision: \(decision)"]
    if let order { out.append(order) }
    out += reasons.map { "- \(PlainText.oneLine($0))" }
    out.append("")
    let width = lines.map(\.title.count).max() ?? 0
    out += lines.map { line in
      "\(line.title):\(String(repeating: " ", count: width - line.title.count)) \(line.text)"
    }
    if !changes.isEmpty {
      out += ["", "Changed since the last message:"] + changes.map { "- \(PlainText.oneLine($0))" }
    }
    out += telescopeText
    if !onDuty.isEmpty {
      out += ["", "On duty: \(onDuty.map(PlainText.oneLine).joined(separator: ", "))"]
    }
    let shown = links.filter { SlackText.isAddress($0.address) }
    if !shown.isEmpty { out += [""] + shown.map { "\(PlainText.oneLine($0.title)): \($0.address)" } }
    let plan = plan.map { "plan \(PlainText.oneLine($0)), " } ?? ""
    out += ["", "-- ", "Vesper, \(plan)made \(Wording.time(made))"]
    return out.joined(separator: "\n") + "\n"
  }

  private var telescopeText: [String] {
    guard !telescopes.isEmpty, !isStop else { return [] }
    let observing = observing
    var out: [String] = []
    if !observing.isEmpty {
      let together = probability.map { ", together \(Wording.percent($0)) of the map" } ?? ""
      out += ["", "\(Wording.count(observing.count, "telescope")) observing\(together):"] + table(observing)
    }
    for t in telescopes where t.note != nil {
      out.append("\(PlainText.oneLine(t.name)): \(PlainText.oneLine(t.note ?? ""))")
    }
    let idle = telescopes.filter { $0.tiles == 0 && $0.note == nil }
    if !idle.isEmpty {
      out += ["", "Nothing for: \(idle.map { PlainText.oneLine($0.name) }.joined(separator: ", "))"]
    }
    return out
  }

  /// `[GRANDMA GO] S230518h UPDATE 2: 12 telescopes, first TCA 03:11 UTC`; the same thread keeps the name
  /// first.
  public var subject: String {
    if let question {
      let text = "[GRANDMA QUESTION] \(mockMark)\(PlainText.oneLine(event)): \(PlainText.oneLine(question))"
      return PlainText.cut(text, to: 200)
    }
    let word = isStop ? "STOP" : verdict.rawValue
    var text = "[GRANDMA \(word)] \(mockMark)\(PlainText.oneLine(event))"
    if isRetracted { return text + " was retracted: stop observing" }
    if let revision { text += " \(PlainText.oneLine(revision))" }
    if verdict == .stop { return PlainText.cut(text + ": stop observing", to: 200) }
    if isFollowUp, let first = observing.first {
      let start = first.firstStart.map { " \(Wording.clock($0, on: made)) UTC" } ?? ""
      let name = PlainText.oneLine(first.name)
      text += ": \(Wording.count(observing.count, "telescope")), first \(name)\(start)"
    } else {
      text += ": \(decision.lowercased())"
    }
    return PlainText.cut(text, to: 200)
  }
}
