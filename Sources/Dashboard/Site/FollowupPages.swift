import Foundation
import HTTPTypes
import Hummingbird
import Units

/// The form for a point source, and what was asked lately.
struct FollowupFormPage: Sendable {
  struct Line: Sendable {
    let href: String
    let name: String
    let text: String
    let made: PageTime
  }
  let head: PageHead
  let problem: String?
  let name, ra, dec, error, mag, eventTime, changeValue, filters, hours, visits, approved, event, key: String
  let detected, mock: Bool
  let changes, policies, priorities: [FormOption]
  let lines: [Line]
  let hasLines: Bool
  /// Whether the reader may ask.
  let mayAsk: Bool

  init(
    head: PageHead, typed: FollowupTyped, problem: String?, lines: [FollowupLine], mayAsk: Bool, now: Instant?
  ) {
    self.head = head
    self.problem = problem
    self.mayAsk = mayAsk
    (name, ra, dec, error) = (typed["name"], typed["ra"], typed["dec"], typed["error_arcsec"])
    (mag, eventTime, changeValue) = (typed["mag"], typed["event_time_utc"], typed["change_value"])
    (filters, approved, event) = (typed["filters"], typed["approved"], typed["event"])
    hours = typed["hours"].isEmpty ? "48" : typed["hours"]
    visits = typed["visits"].isEmpty ? "1" : typed["visits"]
    (detected, mock) = (!typed["detected"].isEmpty, !typed["mock"].isEmpty)
    // Sent twice by a double tap, it is one request.
    key = typed["key"].isEmpty ? UUID().uuidString : typed["key"]
    func choices(_ field: String, _ list: [(String, String)], _ usual: String) -> [FormOption] {
      let chosen = typed[field].isEmpty ? usual : typed[field]
      return list.map { FormOption(value: $0.0, label: $0.1, isChosen: $0.0 == chosen) }
    }
    changes = choices(
      "change",
      [
        ("none", "stays as it is"), ("decay", "power law, flux as t^-x"), ("fade", "fades, mag a day"),
        ("model", "light curve by name"),
      ], "none")
    policies = choices(
      "policy",
      [
        ("candidate", "candidate"), ("grb", "gamma-ray burst"), ("svom", "SVOM"), ("ep", "Einstein Probe"),
        ("neutrino", "neutrino"),
      ], "candidate")
    priorities = choices(
      "priority", [("low", "low"), ("normal", "normal"), ("high", "high: rare telescopes too")], "normal")
    self.lines = lines.map { line in
      Line(
        href: "/followup/\(LocalPath.encoded(line.id))", name: line.name,
        text: "\(Figure.count(line.offers, "telescope")) can observe, \(line.sent.count) asked",
        made: PageTime(line.madeUTC, now: now))
    }
    hasLines = !lines.isEmpty
  }
}

/// Who can observe a source, with a button for each.
struct FollowupPage: Sendable {
  struct Row: Sendable {
    let rank: Int
    let slug: String
    let telescope: String
    let href: String
    let mark: Mark
    let start: PageTime
    let series: String
    let depth: String
    let sky: String
    let later: String?
    let notify: PageTime?
    let notes: [String]
    /// What became of it there.
    let standing: String?
    let canSend: Bool
    let canWithdraw: Bool
    let sendAction: String
    let withdrawAction: String
  }
  struct Out: Sendable {
    let telescope: String
    let reason: String
  }
  let head: PageHead
  let name: String
  let position: String
  let degrees: String
  let facts: String
  let event: String?
  let eventHref: String
  let made: PageTime
  let isMock: Bool
  let countText: String
  let rows: [Row]
  let hasRows: Bool
  let out: [Out]
  let outText: String
  let said: String?
  let maySend: Bool
  let dataHref: String

  init(head: PageHead, view: FollowupView, said: String?, maySend: Bool, now: Instant?) {
    self.head = head
    self.maySend = maySend
    name = view.name
    position =
      Angle.degrees(view.raDeg).hoursMinutesSeconds + " " + Angle.degrees(view.decDeg).degreesMinutesSeconds
    degrees = Figure.number(view.raDeg, decimals: 5) + " " + Figure.number(view.decDeg, decimals: 5)
    facts =
      "\(view.policy), priority \(view.priority), \(view.model); from \(view.startUTC) to \(view.endUTC)"
      + (view.errorArcsec.map { "; error \(Figure.number($0, decimals: 1, unit: "arcsec"))" } ?? "")
    event = view.event
    eventHref = "/events/\(LocalPath.encoded(view.event ?? ""))"
    made = PageTime(view.madeUTC, now: now)
    isMock = view.isMock
    countText = "\(Figure.count(view.offers.count, "telescope")) can observe, the best first"
    hasRows = !view.offers.isEmpty
    rows = view.offers.compactMap { Self.row($0, of: view, maySend: maySend, now: now) }
    out = view.leftOut.map { Out(telescope: $0.telescope, reason: $0.reason) }
    outText = "\(Figure.count(view.leftOut.count, "telescope")) left out, and why"
    self.said = said.flatMap { Self.saidText($0, view) }
    dataHref = "/api/followups/\(LocalPath.encoded(view.id))"
  }

  private static func row(
    _ offer: FollowupView.Offer, of view: FollowupView, maySend: Bool, now: Instant?
  ) -> Row? {
    guard let first = offer.visits.first else { return nil }
    let sent = view.sent.last { $0.slug == offer.slug }
    let isLive = sent?.state == "live"
    let base = "/followup/\(LocalPath.encoded(view.id))/"
    let later = offer.visits.dropFirst().map { PageTime($0.startUTC, now: nil).utc }
    return Row(
      rank: offer.rank, slug: offer.slug, telescope: offer.telescope,
      href: "/t/\(LocalPath.encoded(offer.slug))",
      mark: offer.deepEnough ? Mark("deep enough", "▲", "go") : Mark("too shallow", "◆", "limited"),
      start: PageTime(first.startUTC, now: now),
      series:
        "\(first.exposures) x \(Figure.number(first.exposureS, unit: "s")), filter \(offer.filter ?? "to be asked")",
      depth:
        "expected \(Figure.number(first.expectedMag, decimals: 1)), limit \(Figure.number(first.limitMag, decimals: 1))",
      sky:
        "altitude \(Figure.number(first.altDeg)) deg, airmass \(Figure.number(first.airmass, decimals: 2)), Moon at \(Figure.number(first.moonSepDeg)) deg",
      later: later.isEmpty ? nil : "again " + later.joined(separator: ", "),
      notify: offer.notifyUTC > view.madeUTC ? PageTime(offer.notifyUTC, now: now) : nil,
      notes: [offer.allocation].compactMap { $0 } + offer.notes,
      standing: sent.map {
        "\($0.state == "live" ? "asked" : $0.state): \($0.answers.joined(separator: ", "))"
      },
      canSend: maySend && !isLive, canWithdraw: maySend && isLive, sendAction: base + "send",
      withdrawAction: base + "withdraw")
  }

  /// Only telescopes of the answer come back from the address.
  private static func saidText(_ said: String, _ view: FollowupView) -> String? {
    for (word, text) in [("sent-", "was asked"), ("withdrawn-", "is not asked any more")]
    where said.hasPrefix(word) {
      let slug = String(said.dropFirst(word.count))
      if let sent = view.sent.last(where: { $0.slug == slug }) { return "\(sent.slug) \(text)." }
    }
    return nil
  }
}

extension PageRoutes {
  func followupForm(
    _ typed: FollowupTyped, _ request: Request, _ context: DashboardContext, problem: String? = nil,
    status: HTTPResponse.Status = .ok
  ) async throws -> Response {
    let library = try library.get()
    let health = await desk.health()
    // A form that comes back may come from somebody who may not read here. Without its list it is still of use.
    let lines = problem == nil ? (try? await desk.openFollowups().followups(limit: 20)) ?? [] : []
    let page = FollowupFormPage(
      head: head("Follow-up", .followup, request, context, health, library), typed: typed, problem: problem,
      lines: lines, mayAsk: context.identity?.may(.lead) ?? false, now: Instant(iso8601: health.nowUTC))
    return shown(try library.render(page, "followup"), status)
  }

  func followup(_ id: String, _ request: Request, _ context: DashboardContext) async throws -> Response {
    let library = try library.get()
    let health = await desk.health()
    let view = try await desk.openFollowups().followup(id)
    let page = FollowupPage(
      head: head("Follow-up of \(view.name)", .followup, request, context, health, library), view: view,
      said: request.formValue("said"), maySend: context.identity?.may(.lead) ?? false,
      now: Instant(iso8601: health.nowUTC))
    return shown(try library.render(page, "followup-answer"), .ok)
  }

  private func shown(_ file: FileView, _ status: HTTPResponse.Status) -> Response {
    Response(
      status: status, headers: [.contentType: file.mediaType, .cacheControl: "no-store"],
      body: .init(byteBuffer: ByteBuffer(bytes: file.bytes)))
  }
}
