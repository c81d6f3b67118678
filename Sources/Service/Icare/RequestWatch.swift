import Deliveries
import Foundation
import Icare
import Logging
import Queues
import Store
import Units

/// Follows what facilities make of our requests: each change of a status becomes a line of the event's history,
/// and what a telescope completed or failed is marked in its queue.
struct RequestWatch: Sendable {
  let store: Store
  let channel: IcareChannel
  let clock: ServiceClock
  let logger: Logger
  /// When facilities were asked last, by ICARE's number of the request.
  private let asked = Guard<[Int: Instant]>([:])

  static let kind = "followup.status"
  static let interval = Duration.seconds(60)
  /// Older requests are history.
  static let memory = Duration.hours(72)
  /// How often a facility is asked about one request through ICARE; each call takes it some seconds.
  static let retrieval = Duration.minutes(10)
  /// Asked in one turn: the others wait for the next.
  static let mostRetrievals = 4

  init(store: Store, channel: IcareChannel, clock: ServiceClock, logger: Logger) {
    (self.store, self.channel, self.clock, self.logger) = (store, channel, clock, logger)
  }

  func run() async throws {
    while !Task.isCancelled {
      do throws(StoreError) {
        try await turn()
      } catch {
        if case .cancelled = error { return }
        logger.error("statuses of requests could not be kept", metadata: ["error": "\(error)"])
      }
      try await clock.sleep(for: Self.interval)
    }
  }

  /// Asks once, if anything was requested lately. - Returns: how many statuses changed.
  @discardableResult
  func turn() async throws(StoreError) -> Int {
    let now = clock.now()
    var ours: [String: OutboxEntry] = [:]
    for entry in try await store.latestDeliveries(
      channel: IcareChannel.channelName, Set(DeliveryState.allCases), limit: 2000)
    where entry.kind == IcareKind.followup.rawValue && now - entry.notBefore < Self.memory
      && entry.attempts > 0
    { ours[entry.key.text] = entry }
    guard !ours.isEmpty else { return 0 }
    let rows: [IcareFollowup]
    do throws(IcareError) {
      let before = try await channel.followups(createdSince: now - Self.memory)
      let isAsked = try await retrieve(before, ours, at: now)
      rows = isAsked ? try await channel.followups(createdSince: now - Self.memory) : before
    } catch {
      // The outbox and the read-back say that ICARE is away; the next turn asks again.
      return 0
    }
    let known = try await lastStatuses()
    var changed = 0
    for row in rows {
      guard let key = row.key, let entry = ours[key] else { continue }
      let status = Self.plain(row.status)
      guard known["\(row.id)"] != status else { continue }
      changed += 1
      let line = LogDraft(
        actor: "icare", kind: Self.kind, event: entry.event,
        fields: [
          "key": key, "request": "\(row.id)", "status": status, "state": row.state.rawValue,
          "text": "\(Self.telescope(of: key)): \(status)",
        ])
      try await store.append([line], at: now)
      try await mark(row.state, key: key, event: entry.event, at: now)
    }
    return changed
  }

  /// Has ICARE ask facilities that tell it nothing by themselves.
  /// - Returns: whether any was asked.
  private func retrieve(
    _ rows: [IcareFollowup], _ ours: [String: OutboxEntry], at now: Instant
  ) async throws(IcareError) -> Bool {
    var due: [(id: Int, last: Instant)] = []
    for row in rows {
      guard let key = row.key, ours[key] != nil, [.submitted, .pending].contains(row.state) else { continue }
      let last = asked.withLock { $0[row.id] } ?? row.created?.instant ?? now
      if now - last >= Self.retrieval { due.append((row.id, last)) }
    }
    var left = Self.mostRetrievals
    for (id, _) in due.sorted(by: { ($0.last, $0.id) < ($1.last, $1.id) }) where left > 0 {
      let isNeeded = await needsRetrieval(rows.first { $0.id == id }?.key ?? "")
      // The others are never due again.
      asked.withLock { $0[id] = isNeeded ? now : now + Self.memory * 2 }
      guard isNeeded else { continue }
      left -= 1
      do throws(IcareError) {
        try await channel.retrieve(id)
      } catch {
        guard case .refused = error else { throw error }
        logger.warning(
          "a facility could not be asked about a request",
          metadata: ["request": "\(id)", "error": "\(error)"])
      }
    }
    return left < Self.mostRetrievals
  }

  private func needsRetrieval(_ key: String) async -> Bool {
    guard let delivery = try? await store.delivery(DeliveryKey(key)),
      case .followup(let push)? = try? IcarePush(kind: delivery.entry.kind, payload: delivery.payload)
    else { return false }
    return push.request.needsRetrieval
  }

  /// By id of the request.
  private func lastStatuses() async throws(StoreError) -> [String: String] {
    var known: [String: String] = [:]
    for entry in try await store.latestLog(kind: Self.kind, limit: 5000) {
      guard let fields = try? JSONDecoder().decode([String: String].self, from: Data(entry.body.utf8)),
        let id = fields["request"], let status = fields["status"], known[id] == nil
      else { continue }
      known[id] = status
    }
    return known
  }

  /// The request's end is the answer of its telescope about what it had to do in the live plan.
  private func mark(
    _ state: FollowupState, key: String, event: String, at now: Instant
  ) async throws(StoreError) {
    let new: QueueState
    switch state {
    case .complete: new = .observed
    case .rejected, .failed: new = .refused
    default: return
    }
    let slug = Self.telescope(of: key)
    for plan in try await store.plans(of: event, state: .live) {
      let own = try await store.assignments(of: plan.id).filter { $0.assignment.telescope == slug }
      guard own.contains(where: { $0.state.verdict(on: new) == .changes }) else { continue }
      try await store.record(
        AnswerDraft(
          key: "icare/\(key)/\(new.rawValue)", telescope: slug, subject: .plan(plan.id), state: new,
          reason: new == .refused ? "ICARE: the request was \(state.rawValue)" : nil, actor: "icare",
          way: .icare), at: now)
    }
  }

  private static func telescope(of key: String) -> String {
    key.split(separator: "/").last.map(String.init) ?? key
  }

  /// Statuses are free text from outside; facilities repeat the whole of it with each poll.
  private static func plain(_ status: String) -> String {
    String(status.split(whereSeparator: \.isNewline).joined(separator: " ").prefix(200))
  }
}
