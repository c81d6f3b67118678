import Campaigns
import Channels
import Deliveries
import Ephemerides
import Foundation
import JSON
import Logging
import Observatories
import Queues
import Store
import Units

/// Reminds teams that have something to do and have not answered: two hours before their night begins, once a
/// night for each event, never in their day before that.
struct Reminders: Sendable {
  let store: Store
  let settings: EngineSettings
  let doors: Doors
  let clock: ServiceClock
  /// Of the lease under which it acts; nil in tests and replays.
  let epoch: Int64?
  let logger: Logger

  static let kind = "reminder.sent"
  static let interval = Duration.seconds(60)
  /// A plan that has just been made is its own message.
  static let patience = Duration.minutes(30)
  /// Reminders older than this are of other nights.
  private static let memory = 5000

  func run() async throws {
    while !Task.isCancelled {
      do throws(StoreError) {
        try await turn()
      } catch {
        switch error {
        case .cancelled: return
        case .fenced: throw error
        default: logger.error("reminders could not be kept", metadata: ["error": "\(error)"])
        }
      }
      try await clock.sleep(for: Self.interval)
    }
  }

  /// - Returns: how many teams were reminded.
  @discardableResult
  func turn() async throws(StoreError) -> Int {
    let now = clock.now()
    let silent = try await SilentTeams(
      store: store, telescopes: settings.telescopes, earth: settings.earth
    ).list(at: now)
    guard !silent.isEmpty else { return 0 }
    let said = Set(try await Self.sent(store).map { $0.key })
    var outcome = StepOutcome()
    outcome.epoch = epoch
    var keys: Set<String> = []
    for team in silent {
      guard let key = Self.key(of: team), !said.contains(key), !keys.contains(key) else { continue }
      let plan = try await store.plan(team.plan).plan
      guard Self.isDue(team, madeAt: plan.createdAt, at: now) else { continue }
      let isMock = try await store.event(team.event).isMock
      let deliveries: [Delivery]
      do { deliveries = try self.deliveries(to: team, key: key, isMock: isMock, at: now) } catch {
        logger.error("a reminder cannot be written", metadata: ["error": "\(error)", "key": "\(key)"])
        continue
      }
      guard !deliveries.isEmpty else { continue }
      keys.insert(key)
      outcome.deliveries += deliveries
      outcome.log.append(
        LogDraft(
          actor: "vesper", kind: Self.kind, event: team.event,
          fields: [
            "key": key, "telescope": team.telescope.slug, "plan": team.plan,
            "text": "\(team.telescope.id) was reminded of \(team.pointings.count) pointings",
          ]))
    }
    guard !keys.isEmpty else { return 0 }
    try await store.commit(outcome, at: now)
    return keys.count
  }

  /// Whether the two hours before the night in which the first pointing lies have come, and not the night.
  static func isDue(_ team: SilentTeam, madeAt made: Instant, at now: Instant) -> Bool {
    guard let night = team.night, !night.isEndless, let dark = night.dark, let first = team.pointings.first
    else { return false }
    let due = max(dark.start - SiteNight.notice, made + patience)
    return now >= due && now < dark.start && first.assignment.window.start < dark.end
  }

  /// One for each event, team and night; nil without a night.
  static func key(of team: SilentTeam) -> String? {
    // The night is named by the day on which it begins; its start moves by minutes when it is looked at anew.
    guard let start = team.night?.dark?.start else { return nil }
    let day = (start - .hours(6)).iso8601().prefix(10)
    return "reminder/\(team.event)/\(team.telescope.slug)/\(day)"
  }

  /// Reminders that were sent, newest first.
  static func sent(_ store: Store) async throws(StoreError) -> [(key: String, plan: String, at: Instant)] {
    try await store.latestLog(kind: kind, limit: memory).compactMap { entry in
      guard let fields = try? JSONDecoder().decode([String: String].self, from: Data(entry.body.utf8)),
        let key = fields["key"]
      else { return nil }
      return (key, fields["plan"] ?? "", entry.at)
    }
  }

  // MARK: What teams read

  /// A team with an address of its own is written to; the others are called where all teams read. Robots
  /// without people to write to are not reminded.
  private func deliveries(
    to team: SilentTeam, key: String, isMock: Bool, at now: Instant
  ) throws -> [Delivery] {
    let entries = settings.recipients.entries.filter { $0.acceptsMocks || !isMock }
    let own = settings.recipients.teams[team.telescope.slug] ?? []
    let text = text(for: team, isMock: isMock, at: now)
    var list: [Delivery] = []
    func add(_ channel: String, _ kind: String, _ payload: [UInt8]) {
      list.append(
        Delivery(
          key: DeliveryKey("\(channel)/\(key)"), channel: channel, kind: kind, payload: payload,
          event: team.event, isMock: isMock, notBefore: now, expires: team.night?.dark?.start, urgency: 15))
    }
    if !own.isEmpty {
      for entry in entries {
        guard case .mail = entry.kind else { continue }
        let payload = try MailPayload(
          to: own, subject: "[GRANDMA] \(team.event): can \(team.telescope.id) observe tonight?", body: text,
          date: now, hidesRecipients: true)
        add(entry.channel, MailPayload.mail, try payload.encoded())
      }
      if !list.isEmpty { return list }
    }
    if team.telescope.automation?.isRobotic == true { return [] }
    for entry in entries {
      switch entry.kind {
      case .slack:
        let payload = try SlackPayload(
          text: SlackText.escape("\(team.telescope.id): \(team.event) waits for an answer", limit: 150),
          blocks: [.section(.plain(SlackText.escape(text, limit: 2900, keepsLines: true)))])
        add(entry.channel, SlackPayload.post, try payload.encoded())
      case .webhook:
        let body = JSONValue.object([
          ("occasion", .string("reminder")), ("event", .string(team.event)), ("is_mock", .bool(isMock)),
          ("telescope", .string(team.telescope.slug)), ("plan", .string(team.plan)),
          ("pointings", .integer(team.pointings.count)),
          ("night_start_utc", .text(team.night?.dark?.start.iso8601())),
          ("made_utc", .string(now.iso8601())), ("text", .string(text)),
        ])
        add(entry.channel, "reminder", Array(JSONPrinter.text(body).utf8))
      default: break
      }
    }
    return list
  }

  private func text(for team: SilentTeam, isMock: Bool, at now: Instant) -> String {
    let count = team.pointings.count
    var lines = [
      "\(isMock ? "DRILL. " : "")\(team.telescope.id): \(count) pointing\(count == 1 ? "" : "s") for "
        + "\(team.event) wait\(count == 1 ? "s" : "") for your answer."
    ]
    if let first = team.pointings.first?.assignment.window.start, let dark = team.night?.dark?.start {
      lines.append("Your night begins at \(dark.iso8601()); the first pointing is at \(first.iso8601()).")
    }
    lines.append("Plan \(team.plan).")
    if let secret = doors.linkSecret, let base = doors.base, let end = team.night?.dark?.end {
      var generator = SystemRandomNumberGenerator()
      let random = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
      // Links live by the machine's clock, also while a drill has set the service's.
      let until = ServiceClock.system.now() + max(end - now, .hours(1))
      let link = SignedLink.sign(slug: team.telescope.slug, until: until, random: random, secret: secret)
      lines.append("Answer with one tap: \(base.hasSuffix("/") ? String(base.dropLast()) : base)\(link.path)")
    }
    return lines.joined(separator: "\n")
  }
}
