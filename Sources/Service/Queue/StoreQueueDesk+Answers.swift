import Channels
import Dashboard
import Foundation
import Observatories
import Queues
import Store
import Units

extension StoreQueueDesk {
  private static let words: [String: QueueState] = [
    "seen": .seen, "accepted": .accepted, "accept": .accepted, "refused": .refused, "refuse": .refused,
    "cannot": .refused, "started": .started, "start": .started, "observed": .observed, "data": .data,
    "photometry": .photometry,
  ]

  func answer(
    _ form: AnswerForm, for slug: String, by answerer: Answerer
  ) async throws(DeskError) -> AnswerView {
    let telescope = try telescope(slug)
    guard let state = Self.words[form.answer] else {
      throw .invalid(
        "the answer is one of seen, accepted, refused, started, observed, data and photometry")
    }
    let reason = try PlainWords.checked(form.reason, "reason", most: 500)
    if let report = form.observation {
      guard state == .observed else { throw .invalid("an observation goes with the answer observed") }
      return try await observed(report, form, telescope, answerer)
    }
    let subject = try await subject(of: form, slug)
    var until: Instant?
    if case .plan = subject {
      guard state != .observed, state != .data, state != .photometry else {
        throw .invalid("name the pointing or the tile that is \(state.rawValue)")
      }
      until = now + Self.refusalHolds
    }
    if let text = form.untilUTC {
      let end = try Self.time(text, "until_utc")
      guard end > now, end <= now + .hours(24 * 400) else {
        throw .invalid("until_utc lies after now and within 400 days")
      }
      until = end
    }
    let draft = AnswerDraft(
      key: try key(form.key, slug, answerer), telescope: slug, subject: subject, state: state,
      reason: state == .refused ? reason ?? "no reason given" : reason, until: until, actor: answerer.name,
      way: Self.way(answerer))
    return Self.view(try await record(draft), state)
  }

  private func record(_ draft: AnswerDraft) async throws(DeskError) -> AnswerReceipt {
    let now = now
    return try await asked { () async throws(StoreError) in try await store.record(draft, at: now) }
  }

  private static func view(_ receipt: AnswerReceipt, _ state: QueueState) -> AnswerView {
    var view = AnswerView(answer: state.rawValue, changed: receipt.changed, isRepeat: !receipt.isNew)
    (view.observation, view.replaced) = (receipt.observation, receipt.replaced)
    return view
  }

  /// What an answer is about: the pointing, the tile, the plan, the event's plan, or the only plan there is.
  private func subject(of form: AnswerForm, _ slug: String) async throws(DeskError) -> AnswerDraft.Subject {
    if let id = form.pointing { return .pointing(id) }
    let queue = try await current(slug)
    if let tile = form.tile {
      let named = queue.pointings.filter {
        ($0.tile == tile || String($0.id) == tile) && (form.event == nil || $0.event == form.event)
      }
      guard let best = named.first(where: { $0.standing.state.isOpen }) ?? named.last else {
        throw .notFound("no pointing of \(slug) is called \(tile.prefix(60))")
      }
      return .pointing(best.id)
    }
    if let plan = form.plan { return .plan(plan) }
    let own = queue.pointings.filter { form.event == nil || $0.event == form.event }
    let live = own.filter { $0.standing.state.isOpen && $0.window.end > now }
    // What was done or is under way of a plan that was replaced asks for no answer.
    let plans = Set((live.isEmpty ? own : live).map(\.plan)).sorted()
    guard plans.count == 1, let only = plans.first else {
      throw plans.isEmpty
        ? .notFound("\(slug) has nothing to answer for")
        : .invalid("\(slug) has several plans, name one: \(plans.joined(separator: ", "))")
    }
    return .plan(only)
  }

  // MARK: Observations

  private func observed(
    _ report: ReportForm, _ form: AnswerForm, _ telescope: Telescope, _ answerer: Answerer
  ) async throws(DeskError) -> AnswerView {
    var report = report
    report.tile = report.tile ?? form.tile ?? form.pointing.map { "\($0)" }
    report.event = report.event ?? form.event
    report.key = report.key ?? form.key
    let draft = try await draft(of: report, telescope, answerer)
    return Self.view(try await record(draft), .observed)
  }

  func report(
    _ reports: [ReportForm], for slug: String, by answerer: Answerer
  ) async throws(DeskError) -> [ReportView] {
    let telescope = try telescope(slug)
    var results: [ReportView] = []
    for (i, report) in reports.enumerated() {
      do {
        let draft = try await draft(of: report, telescope, answerer)
        let receipt = try await record(draft)
        var pointing: Int64?
        if case .pointing(let id) = draft.subject { pointing = id }
        let result = !receipt.isNew ? "repeated" : receipt.replaced == nil ? "recorded" : "corrected"
        var view = ReportView(row: i + 1, result: result, pointing: pointing)
        view.observation = receipt.observation
        results.append(view)
      } catch {
        switch error {
        // The others would fail as well, and are to be sent again.
        case .unavailable: throw error
        case .notFound(let why), .invalid(let why), .conflict(let why):
          results.append(ReportView(row: i + 1, result: "refused", error: why))
        }
      }
    }
    return results
  }

  private func draft(
    of form: ReportForm, _ telescope: Telescope, _ answerer: Answerer
  ) async throws(DeskError) -> AnswerDraft {
    let report = try Self.report(form)
    let now = now
    let slug = telescope.slug
    let pointings = try await asked { () async throws(StoreError) in
      try await store.pointings(of: slug, after: report.start - ObservationMatch.slack - .hours(24))
    }.map(\.queued)
    let side = telescope.field.map { min($0.extent.width, $0.extent.height) }
    let match: QueuedPointing?
    do throws(ReportError) {
      match = try ObservationMatch.pointing(of: report, among: pointings, shortSide: side, now: now)
    } catch {
      if case .unknownTile = error { throw .notFound("\(error)") }
      throw .invalid("\(error)")
    }
    if match == nil, let event = report.event {
      _ = try await asked { () async throws(StoreError) in try await store.event(event) }
    }
    guard let event = match?.event ?? report.event, let direction = report.direction ?? match?.direction
    else {
      throw .invalid("\(ReportError.noPlace)")
    }
    return AnswerDraft(
      key: try key(form.key, slug, answerer), telescope: slug,
      subject: match.map { .pointing($0.id) } ?? .none,
      state: .observed,
      observation: ObservationDraft(
        event: event, start: report.start, exposure: report.exposure, direction: direction,
        rotation: report.rotation, filter: report.filter, limit: report.limit,
        isPlaced: report.direction != nil),
      corrects: form.corrects, actor: answerer.name, way: Self.way(answerer))
  }

  private static func report(_ form: ReportForm) throws(DeskError) -> ObservationReport {
    guard form.exposureS.isFinite, form.exposureS > 0, form.exposureS <= 86_400 else {
      throw .invalid("exposure_s is more than 0 and up to 86400")
    }
    var report = ObservationReport(
      start: try time(form.startUTC, "start_utc"), exposure: .seconds(form.exposureS))
    guard (form.raDeg == nil) == (form.decDeg == nil) else {
      throw .invalid("ra_deg and dec_deg go together")
    }
    if let ra = form.raDeg, let dec = form.decDeg {
      guard (0..<360).contains(ra), (-90...90).contains(dec) else {
        throw .invalid("ra_deg lies in 0...360, dec_deg in -90...90")
      }
      report.direction = Direction(ra: .degrees(ra), dec: .degrees(dec))
    }
    if let rotation = form.rotationDeg {
      guard (-360...360).contains(rotation) else { throw .invalid("rotation_deg lies in -360...360") }
      report.rotation = .degrees(rotation)
    }
    report.limit = form.limitMag.map { Magnitude($0) }
    report.filter = try PlainWords.checked(form.filter, "filter", most: 64)
    report.tile = try PlainWords.checked(form.tile, "tile", most: 200)
    report.event = try PlainWords.checked(form.event, "event", most: 200)
    return report
  }

  // MARK: Links and Slack

  func answerer(of link: LinkQuery, for slug: String) async throws(DeskError) -> Answerer? {
    guard let secret = state.doors.linkSecret else { return nil }
    let signed = SignedLink(
      slug: slug, expires: link.expires, nonce: link.nonce, signature: link.signature)
    // Links live by the machine's clock, also while a drill has set the service's.
    guard signed.isValid(secret: secret, now: ServiceClock.system.now()) else { return nil }
    let isRevoked = try await asked { () async throws(StoreError) in
      try await store.isRevoked(link: link.nonce)
    }
    return isRevoked ? nil : Answerer(name: "link \(link.nonce.prefix(8))", way: "link")
  }

  func slackAction(
    _ body: [UInt8], timestamp: String?, signature: String?
  ) async throws(DeskError) -> String? {
    let verdict = state.doors.verdict(
      on: body, timestamp: timestamp, signature: signature, now: ServiceClock.system.now())
    guard verdict == .genuine else { return nil }
    guard let press = SlackInteraction(body: body) else { return "This is no button of ours." }
    guard let word = Self.word(of: press.action) else { return "This button does nothing here." }
    guard let value = press.value, let name = value.telescope,
      let telescope = state.settings.telescopes.first(where: { $0.id == name || $0.fullName == name })
    else { return "The button names no telescope." }
    let answerer = Answerer(name: "slack \(press.user)", way: "slack")
    let open = try await current(telescope.slug).pointings.filter { $0.event == value.event }
    guard let plan = open.last(where: { $0.standing.state.isOpen })?.plan ?? open.last?.plan else {
      return "\(telescope.id) has nothing to do for \(value.event) now."
    }
    if let revision = value.revision, !plan.contains("-r\(revision)-") {
      return "The button is of an older plan; the present one is \(plan)."
    }
    var form = AnswerForm(answer: word, plan: plan)
    if press.action == .cannot { form.reason = "cannot observe" }
    // The same press has the same key for ever, also after a restart.
    form.key = SHA256Key.short(press.key)
    let view: AnswerView
    do { view = try await answer(form, for: telescope.slug, by: answerer) } catch {
      if case .unavailable = error { throw error }
      return "Not recorded: \(error)"
    }
    return view.isRepeat ? "Known already." : "Recorded: \(telescope.id) \(view.answer) \(plan)."
  }

  private static func word(of action: SlackAction) -> String? {
    switch action {
    case .accept: "accepted"
    case .refuse, .cannot: "refused"
    case .followUp, .noFollowUp, .confirmStop, .open: nil
    }
  }
}

enum SHA256Key {
  /// Keys of any length as one of 32 digits.
  static func short(_ key: String) -> String { String(SHA256.hexDigest(of: key).prefix(32)) }
}
