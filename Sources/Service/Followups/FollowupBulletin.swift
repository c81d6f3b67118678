import Channels
import Deliveries
import Formats
import Followups
import Icare
import JSON
import Observatories
import Units

/// What others are owed because a telescope is asked to follow up a source, or is not asked any more.
struct FollowupBulletin {
  /// Of the request.
  let id: String
  /// The source as it was named.
  let name: String
  let priority: FollowupRequest.Priority
  let telescope: Telescope
  /// The telescope's plan as it is stored.
  let document: NetworkPlanDocument
  let plan: PlanDocument
  let isMock: Bool
  let telescopes: [Telescope]
  let now: Instant

  /// - Parameter document: of one telescope; nil without a row in it.
  init?(
    id: String, name: String, priority: FollowupRequest.Priority, document: NetworkPlanDocument, isMock: Bool,
    telescopes: [Telescope], now: Instant
  ) {
    guard let plan = document.plans.first, !plan.rows.isEmpty,
      let telescope = telescopes.first(where: { $0.slug == plan.telescope.slug })
    else { return nil }
    self.id = id
    self.name = name
    self.priority = priority
    self.telescope = telescope
    self.document = document
    self.plan = plan
    self.isMock = isMock
    self.telescopes = telescopes
    self.now = now
  }

  private var slug: String { telescope.slug }
  private var planID: String { document.planID }
  private var urgency: Int { priority == .high ? 25 : 20 }
  private var start: Instant { plan.rows.map(\.startUTC.instant).min() ?? now }
  /// After the last visit nobody needs it.
  private var end: Instant { plan.rows.map(\.endUTC.instant).max() ?? now }
  private var position: Direction<ICRS> {
    Direction(ra: .degrees(plan.rows[0].raDeg), dec: .degrees(plan.rows[0].decDeg))
  }

  func deliveries(to recipients: Recipients) throws -> [Delivery] {
    var list: [Delivery] = []
    for entry in recipients.entries where entry.acceptsMocks || !isMock {
      switch entry.kind {
      case .slack:
        list.append(
          delivery(entry.channel, SlackPayload.post, try slackPayload.encoded(), slot: slot(entry.channel)))
      case .mail(let people):
        guard !people.isEmpty else { continue }
        let payload = try MailPayload(
          to: people, subject: "[GRANDMA FOLLOW-UP] \(title)", body: text, date: now, hidesRecipients: true)
        list.append(
          delivery(entry.channel, MailPayload.mail, try payload.encoded(), slot: slot(entry.channel)))
      case .webhook:
        let body = Array(JSONPrinter.text(hook("followup")).utf8)
        list.append(delivery(entry.channel, "followup", body, slot: slot(entry.channel)))
      case .files: list.append(try files(entry.channel, document.plans, FileDropPayload.plan))
      case .icare(let options): list += try icare(options)
      case .drop(let options): list += try drop(entry.channel, options, ends: false)
      case .treasureMap: break
      }
    }
    return list
  }

  private func drop(
    _ channel: String, _ options: DropOptions, ends: Bool, reason: String? = nil
  ) throws -> [Delivery] {
    guard options.slug == slug else { return [] }
    let payload = try options.payload(plan, event: id, ends: ends, reason: reason, at: now)
    let kind = ends ? SiteDropPayload.stop : SiteDropPayload.plan
    return [
      delivery(
        channel, kind, try payload.encoded(), key: "\(channel)/\(planID)/\(kind)", slot: "\(channel)/\(id)")
    ]
  }

  /// A request and its end: what has not left yet need not leave when it has ended.
  private func slot(_ channel: String) -> String { "\(channel)/\(planID)" }

  private func delivery(
    _ channel: String, _ kind: String, _ payload: [UInt8], key: String? = nil, slot: String? = nil
  ) -> Delivery {
    Delivery(
      key: DeliveryKey(key ?? "\(channel)/\(planID)"), channel: channel, kind: kind, payload: payload,
      event: id, isMock: isMock, notBefore: now, expires: max(end, now + .minutes(10)),
      urgency: urgency, slot: slot)
  }

  // MARK: Words

  private var title: String { "\(name): \(telescope.id) from \(start.iso8601())" }

  private var text: String {
    var lines = [
      "\(isMock ? "DRILL, do not observe. " : "")\(telescope.id) is asked to observe \(name).",
      "RA \(position.ra.hoursMinutesSeconds)  Dec \(position.dec.degreesMinutesSeconds)",
    ]
    for row in plan.rows {
      let seconds = Int(min(row.exptimeS.rounded(), 1e6))
      lines.append(
        "\(row.startUTC.instant.iso8601()): \(row.nexp) x \(seconds) s, filter \(row.filter ?? "of your choice"); "
          + row.reason)
    }
    lines += plan.notes
    lines.append("Plan \(planID).")
    return lines.joined(separator: "\n")
  }

  private var slackPayload: SlackPayload {
    get throws(ChannelError) {
      try SlackPayload(
        text: SlackText.escape("Follow-up: \(title)", limit: 150),
        blocks: [
          .header(.plain(SlackText.escape("Follow-up: \(name)", limit: 150))),
          .section(.plain(SlackText.escape(text, limit: 2900, keepsLines: true))),
        ])
    }
  }

  private func hook(_ occasion: String, reason: String? = nil) -> JSONValue {
    .object([
      ("occasion", .string(occasion)), ("followup", .string(id)), ("is_mock", .bool(isMock)),
      ("target", .string(name)), ("ra_deg", .number(position.ra.degrees)),
      ("dec_deg", .number(position.dec.degrees)), ("telescope", .string(slug)),
      ("plan", .string(planID)), ("start_utc", .string(start.iso8601())),
      ("made_utc", .string(now.iso8601())), ("text", .string(text)), ("reason", .text(reason)),
    ])
  }

  // MARK: Files

  /// A folder of its own for each telescope: `current` in it is nobody else's.
  private func files(
    _ channel: String, _ plans: [PlanDocument], _ kind: String, reason: String? = nil
  ) throws -> Delivery {
    let payload = try FileDropPayload(
      category: "FOLLOWUP", event: "\(id)-\(slug)", revision: document.revision, plan: 1,
      label: "FOLLOWUP", reason: reason,
      files: plans.map { .init(folder: "", name: $0.telescope.name, text: PlanText.render($0)) })
    return delivery(
      channel, kind, try payload.encoded(), key: "\(channel)/\(planID)/\(kind)",
      slot: "\(channel)/\(id)/\(slug)")
  }

  // MARK: ICARE

  private func icare(_ options: IcareOptions) throws -> [Delivery] {
    // ICARE's interfaces start up to minutes later than asked, and a facility may be late: as long as the visit
    // may begin, and what it takes.
    let last = plan.rows.map { $0.latestStartUTC.instant + ($0.endUTC.instant - $0.startUTC.instant) }.max()
    let window = TimeWindow(start, max(end, last ?? end, start + .minutes(1)))
    return try requests(options).map { key, source, allocation, request in
      let push = FollowupPush(
        source: source, allocation: allocation, request: request, window: window, groups: [options.group])
      return try IcarePush.followup(push).delivery(
        key: key, event: id, isMock: isMock, notBefore: now,
        expires: now + max(window.end - now, .minutes(1)), urgency: urgency, slot: key)
    }
  }

  /// Where the telescope is reached through ICARE; long series as several requests where it takes no longer
  /// ones.
  private func requests(
    _ options: IcareOptions
  ) -> [(key: String, source: SourceTarget, allocation: AllocationKey, request: FacilityRequest)] {
    guard let instrument = options.instruments[slug], options.requests[slug] != nil else { return [] }
    let maker = FollowUpRequests(event: id, options: options, telescopes: telescopes)
    let source = SourceTarget(id: FollowupPlan.objectName(name), position: position)
    let number = [FollowupRequest.Priority.low: 2, .normal: 3, .high: 5][priority]
    let total = plan.rows[0].nexp
    let most = max(1, min(telescope.terms.exposuresPerRequest ?? total, total))
    return stride(from: 0, to: total, by: most).enumerated().compactMap { i, first in
      guard
        let request = maker.facility(
          slug, plan, airmass: nil, priority: number, exposures: min(most, total - first))
      else { return nil }
      // The last part is the telescope, as everywhere.
      return (
        "icare/\(planID)/followup/\(i + 1)/\(slug)", source,
        AllocationKey(instrument: instrument, group: options.group), request
      )
    }
  }
}

extension FollowupBulletin {
  /// What tells everybody that the telescope is not asked any more.
  func withdrawals(to recipients: Recipients, reason: String) throws -> [Delivery] {
    var list: [Delivery] = []
    let words = "Not wanted any more: \(name) by \(telescope.id): \(reason)"
    for entry in recipients.entries where entry.acceptsMocks || !isMock {
      let key = "\(entry.channel)/\(planID)/end"
      switch entry.kind {
      case .slack:
        let payload = try SlackPayload(
          text: SlackText.escape(words, limit: 150),
          blocks: [.section(.plain(SlackText.escape(words, limit: 2900)))])
        list.append(
          delivery(
            entry.channel, SlackPayload.post, try payload.encoded(), key: key, slot: slot(entry.channel)))
      case .mail(let people):
        guard !people.isEmpty else { continue }
        let payload = try MailPayload(
          to: people, subject: "[GRANDMA STOP] \(name): \(telescope.id)", body: words, date: now,
          hidesRecipients: true)
        list.append(
          delivery(
            entry.channel, MailPayload.mail, try payload.encoded(), key: key, slot: slot(entry.channel)))
      case .webhook:
        let body = Array(JSONPrinter.text(hook("stop", reason: reason)).utf8)
        list.append(delivery(entry.channel, "stop", body, key: key, slot: slot(entry.channel)))
      case .files:
        list.append(
          try files(entry.channel, document.plans.map(\.stopped), FileDropPayload.stop, reason: reason))
      case .icare(let options):
        for (request, source, allocation, _) in requests(options) {
          let cancel = CancelPush(followup: request, source: source.id, allocation: allocation)
          list.append(
            try IcarePush.cancel(cancel).delivery(
              key: "\(request)/cancel", event: id, isMock: isMock, notBefore: now,
              expires: now + .hours(72), urgency: 30, slot: request))
        }
      case .drop(let options): list += try drop(entry.channel, options, ends: true, reason: reason)
      case .treasureMap: break
      }
    }
    return list
  }
}
