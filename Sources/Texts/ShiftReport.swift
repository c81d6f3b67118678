import Units

/// The texts that a shift writes, as the network's manual lays them out, from what is on record alone.
///
/// A field with no fact is `[____]`: whoever sends the text fills it in or takes it out.
public enum ShiftReport: String, CaseIterable, Sendable {
  /// What is posted in #observations and as a comment on the event.
  case comment
  /// The shift log in its five sections.
  case log
  case handover
  /// A draft of a GCN Circular.
  case circular
  case weekly

  public static let empty = "[____]"

  /// For people.
  public var title: String {
    switch self {
    case .comment: "Comment for Slack and ICARE"
    case .log: "Shift log"
    case .handover: "Hand-over"
    case .circular: "GCN Circular, draft"
    case .weekly: "Weekly report"
    }
  }

  /// Whether it is about one event.
  public var needsEvent: Bool { self == .comment || self == .circular }

  /// - Parameter event: what the text is about, where it is about one event.
  public func render(_ record: ShiftRecord, event: ReportedEvent? = nil) -> String {
    switch self {
    case .comment: CommentText.render(event, record)
    case .log: LogText.render(record)
    case .handover: HandoverText.render(record)
    case .circular: CircularText.render(event, record)
    case .weekly: WeeklyText.render(record)
    }
  }
}

/// Parts that several texts are made of.
enum Phrase {
  static func or(_ text: String?) -> String {
    guard let text, !text.isEmpty else { return ShiftReport.empty }
    return text
  }

  static func list(_ names: [String]) -> String {
    names.isEmpty ? ShiftReport.empty : names.joined(separator: ", ")
  }

  /// `2026-11-21 03:11`.
  static func minute(_ t: Instant) -> String { String(t.iso8601().prefix(16)).replacing("T", with: " ") }
  static func clock(_ t: Instant) -> String { String(t.iso8601().dropFirst(11).prefix(5)) }

  static func window(_ w: TimeWindow) -> String { "\(minute(w.start)) to \(minute(w.end)) UTC" }

  static func number(_ x: Double, _ decimals: Int) -> String {
    guard x.isFinite, abs(x) < 1e12 else { return ShiftReport.empty }
    let scale = [1.0, 10, 100, 1000][min(max(decimals, 0), 3)]
    let units = Int64((abs(x) * scale).rounded())
    let sign = x < 0 && units > 0 ? "-" : ""
    guard decimals > 0 else { return sign + "\(units)" }
    let digits = String(units)
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    return sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
  }

  static func area(_ a: SolidAngle?) -> String { or(a.map { number($0.squareDegrees, 1) + " deg2" }) }

  static func distance(_ e: ReportedEvent) -> String {
    guard let d = e.distance else { return ShiftReport.empty }
    let error = e.distanceDeviation.map { " +/- " + number($0.megaparsecs, 1) } ?? ""
    return number(d.megaparsecs, 1) + error + " Mpc"
  }

  static func percent(_ f: Fraction) -> String { number(f.value * 100, 1) + " %" }

  /// A name with the warning that it is no real event.
  static func name(_ e: ReportedEvent) -> String { e.isMock ? "\(e.id) (MOCK, not real)" : e.id }

  static func decision(_ e: ReportedEvent) -> String {
    if e.isRetracted { return "RETRACTED, STOP" }
    return or(e.outcome) + (e.clause.map { " (\($0))" } ?? "")
  }

  static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }
}

/// The block of an event: what it is, what was decided, what the network does.
enum CommentText {
  static func render(_ event: ReportedEvent?, _ record: ShiftRecord) -> String {
    guard let e = event else { return "Event: \(ShiftReport.empty)\n" }
    var lines = [Phrase.or(e.announcement), ""]
    lines += [
      "Event: \(Phrase.name(e))", "Class: \(Phrase.or(e.classification))",
      "T0: \(Phrase.or(e.time.map { Phrase.minute($0) + " UTC" }))",
      "Area: 90 % in \(Phrase.area(e.area90)), 50 % in \(Phrase.area(e.area50))",
      "Distance: \(Phrase.distance(e))", "False alarms: \(Phrase.or(e.falseAlarm))",
      "GRANDMA score: \(Phrase.or(e.score.map { "\($0)" }))", "Decision: \(Phrase.decision(e))",
      "GCN number: \(ShiftReport.empty)",
    ]
    if let plan = e.plan {
      lines += [
        "",
        "Plan \(plan.id), made \(Phrase.minute(plan.made)) UTC: "
          + "\(plan.telescopes.count) telescopes, \(Phrase.percent(plan.probability)) of the probability",
      ]
      lines += plan.telescopes.map(share)
    } else if e.outcome == "GO" || e.outcome == "LIMITED" {
      lines += ["", "We will now wait for the observation plan to be created."]
    }
    return lines.joined(separator: "\n") + "\n"
  }

  static func share(_ s: PlanRecord.Share) -> String {
    let first = s.first.map { ", first \(Phrase.minute($0)) UTC" } ?? ""
    let why = s.reason.map { ": \($0)" } ?? ""
    return "- \(s.name): \(s.tiles) tile\(s.tiles == 1 ? "" : "s")\(first), \(s.state)\(why)"
  }
}

/// General, telescope contacts, image status, GCN activity, comments and to-dos.
enum LogText {
  static func render(_ r: ShiftRecord) -> String {
    var lines = [
      "SHIFT LOG  \(Phrase.window(r.window))", "On shift: \(Phrase.list(r.people))",
      "Weekly coordinator: \(Phrase.or(r.coordinator))", "", "1. General: alerts and decisions",
    ]
    lines += r.events.isEmpty ? ["- no alert on record"] : r.events.map(alert)
    lines += r.entries.filter(isDecision).map(entry)
    lines += ["", "2. Telescope contacts"]
    let contacts = r.entries.filter(isContact)
    lines += contacts.map(entry)
    let open = r.events.compactMap { e in e.plan.map { (e, $0) } }
    for (event, plan) in open {
      for share in plan.telescopes where ["planned", "sent"].contains(share.state) {
        lines.append(
          "- \(event.id), \(share.name): plan \(share.state), no answer on record \(ShiftReport.empty)")
      }
    }
    if contacts.isEmpty, open.isEmpty { lines.append("- no contact on record") }
    lines += ["", "3. Image status"]
    let done = r.events.flatMap { e in e.observations.map { (e.id, $0) } }
    lines +=
      done.isEmpty
      ? ["- no observation on record"]
      : counted(done).map { "- \($0), images received \(ShiftReport.empty), photometry \(ShiftReport.empty)" }
    lines += ["", "4. GCN activity"]
    let notices = r.entries.filter { $0.kind == "notice.handled" }
    lines += notices.isEmpty ? ["- no notice on record"] : notices.map(entry)
    lines += ["- last circular read: \(ShiftReport.empty)", "", "5. Comments and to-dos"]
    lines += toDo(r)
    lines.append("- \(ShiftReport.empty)")
    return lines.joined(separator: "\n") + "\n"
  }

  static func alert(_ e: ReportedEvent) -> String {
    "- \(Phrase.name(e)): \(e.classification ?? e.kind), 90 % in \(Phrase.area(e.area90)), "
      + "distance \(Phrase.distance(e)), decision \(Phrase.decision(e))"
  }

  static func entry(_ e: ShiftRecord.Entry) -> String {
    "- \(Phrase.clock(e.at)) \(e.event.map { "\($0): " } ?? "")\(e.text) [\(e.actor)]"
  }

  static func isDecision(_ e: ShiftRecord.Entry) -> Bool {
    [
      "decision.made", "decision.answered", "campaign.stopped", "plan.made", "plan.failed", "whatif.adopted",
      "whatif.taken_back", "event.merged", "coincidence.found",
    ].contains(e.kind)
  }

  static func isContact(_ e: ShiftRecord.Entry) -> Bool {
    isAnswer(e) || e.kind == "telescope.outage" || e.kind == "reminder.sent" || e.kind.hasPrefix("followup.")
  }

  static func isAnswer(_ e: ShiftRecord.Entry) -> Bool { e.kind.hasPrefix("assignment.") }

  /// What the record itself leaves open.
  static func toDo(_ r: ShiftRecord) -> [String] {
    let answers = [
      "question.asked": "decision.answered", "stop.proposed": "decision.answered",
      "crossmatch.proposed": "crossmatch.applied", "plan.failed": "plan.made",
      "channel.held": "channel.resumed",
    ]
    return r.entries.filter { open in
      guard let answer = answers[open.kind] else { return false }
      return !r.entries.contains { $0.kind == answer && $0.event == open.event && $0.at >= open.at }
    }.map(entry)
  }

  /// `S230518h, TAROT-TCA: 12 fields observed`, in the order of the telescopes' first.
  static func counted(_ list: [(String, Observation)]) -> [String] {
    var order: [String] = []
    var fields: [String: Set<String>] = [:]
    for (event, one) in list {
      let key = "\(event), \(one.telescope)"
      if fields[key] == nil { order.append(key) }
      fields[key, default: []].insert(one.field)
    }
    return order.map { key in
      let count = fields[key]?.count ?? 0
      return "\(key): \(count) field\(count == 1 ? "" : "s") observed"
    }
  }
}

/// What the next shift must know, shortest first.
enum HandoverText {
  static func render(_ r: ShiftRecord) -> String {
    let going = r.events.filter { !$0.isRetracted && ["GO", "LIMITED", "WATCH"].contains($0.outcome) }
    var lines = [
      "HAND-OVER at \(Phrase.minute(r.now)) UTC", "From: \(Phrase.list(r.people))",
      "To: \(Phrase.list(r.nextPeople))", "Weekly coordinator: \(Phrase.or(r.coordinator))", "",
      sentence(r, going), "", "Active events",
    ]
    lines += going.isEmpty ? ["- none on record"] : going.flatMap(status)
    let stopped = r.events.filter { $0.isRetracted || $0.outcome == "STOP" }
    if !stopped.isEmpty {
      lines += ["", "Stopped"] + stopped.map { "- \(Phrase.name($0)): \(Phrase.decision($0))" }
    }
    lines += ["", "Open questions"]
    let open = LogText.toDo(r)
    lines += open.isEmpty ? ["- none on record"] : open
    lines += ["- last circular read: \(ShiftReport.empty)", "- \(ShiftReport.empty)"]
    return lines.joined(separator: "\n") + "\n"
  }

  private static func sentence(_ r: ShiftRecord, _ going: [ReportedEvent]) -> String {
    guard !going.isEmpty else { return "Nothing is running." }
    let shares = going.flatMap { $0.plan?.telescopes ?? [] }
    let observing = shares.count { $0.state == "observing" }
    let silent = shares.count { ["planned", "sent"].contains($0.state) }
    return "\(going.count) event\(going.count == 1 ? "" : "s") running: "
      + "\(going.map { Phrase.name($0) }.joined(separator: ", ")); \(shares.count) telescopes have a plan, "
      + "\(observing) observe, \(silent) have not answered."
  }

  private static func status(_ e: ReportedEvent) -> [String] {
    var lines = [LogText.alert(e)]
    if let plan = e.plan {
      lines.append(
        "  plan \(plan.id): \(Phrase.percent(plan.probability)) by \(plan.telescopes.count) telescopes")
      lines += plan.telescopes.map { "  " + CommentText.share($0) }
      for group in plan.left {
        lines.append("  not planned: \(group.telescopes.joined(separator: ", ")): \(group.reason)")
      }
    }
    return lines
  }
}

/// Seven days in numbers and lines.
enum WeeklyText {
  static func render(_ r: ShiftRecord) -> String {
    let real = r.events.filter { !$0.isMock }
    func count(_ outcome: String) -> Int { real.count { !$0.isRetracted && $0.outcome == outcome } }
    var lines = [
      "WEEKLY REPORT  \(Phrase.window(r.window))", "Weekly coordinator: \(Phrase.or(r.coordinator))", "",
      "Alerts: \(real.count), of which GO \(count("GO")), LIMITED \(count("LIMITED")), WATCH \(count("WATCH")), "
        + "NO \(count("NO")), retracted \(real.count { $0.isRetracted }); drills \(r.events.count - real.count)",
      "Notices handled: \(r.entries.count { $0.kind == "notice.handled" })",
      "Plans made: \(r.entries.count { $0.kind == "plan.made" })",
      "Telescopes' answers: \(r.entries.count(where: LogText.isAnswer))", "", "Events",
    ]
    lines += real.isEmpty ? ["- none on record"] : real.map(LogText.alert)
    lines += ["", "Observations"]
    let done = LogText.counted(real.flatMap { e in e.observations.map { (e.id, $0) } })
    lines += done.isEmpty ? ["- none on record"] : done.map { "- \($0)" }
    lines += ["", "Circulars sent: \(ShiftReport.empty)", "Problems: \(ShiftReport.empty)"]
    return lines.joined(separator: "\n") + "\n"
  }
}
