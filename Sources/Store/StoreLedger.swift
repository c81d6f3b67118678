import Deliveries
import Foundation
import GRDB
import Units

extension Store: DeliveryLedger {
  public func recover(epoch: Int64, at now: Instant) async throws(DeliveryError) -> [DeliveryNews] {
    try await change(epoch: epoch, at: now) { rows in
      let open = try rows.openKeys()
      return try rows.neighbourhood(of: open)
    } by: { outbox in
      try outbox.recover(epoch: epoch, at: now)
    }.news
  }

  public func next(
    on lane: Lane, epoch: Int64, at now: Instant
  ) async throws(DeliveryError) -> (step: LaneStep, news: [DeliveryNews]) {
    let (lease, policy) = (options.lease, options.policy)
    do throws(StoreError) {
      // Most looks find nothing to do: they must not wait for the writer, nor write.
      let idle = try await read { db -> LaneStep? in
        try Self.fence(epoch, lease: lease, db)
        var outbox = try Self.laneOutbox(lane, OutboxRows(db: db), policy, lease, epoch: epoch, at: now)
        guard !outbox.hasOverdue(on: lane, at: now),
          case .idle(let until) = try outbox.next(on: lane, epoch: epoch, at: now)
        else { return nil }
        return .idle(until: until)
      }
      if let idle { return (idle, []) }
      return try await write { transaction in
        try Self.fence(epoch, lease: lease, transaction.db)
        let rows = OutboxRows(db: transaction.db)
        var outbox = try Self.laneOutbox(lane, rows, policy, lease, epoch: epoch, at: now)
        let before = outbox.holds
        let choice = try outbox.next(on: lane, epoch: epoch, at: now)
        let news = try OutboxRows.save(&outbox, holdsBefore: before, at: now, in: &transaction)
        switch choice {
        case .idle(let until): return (.idle(until: until), news)
        case .readBack(let entry): return (.readBack(try rows.claim(entry, epoch)), news)
        case .send(let entry):
          try rows.begin(entry, epoch: epoch, at: now)
          return (.send(try rows.claim(entry, epoch)), news)
        }
      }
    } catch {
      throw error.asDeliveryError
    }
  }

  public func settle(
    _ claim: Claim, with result: CallResult, at now: Instant, jitter: Fraction
  ) async throws(DeliveryError) -> [DeliveryNews] {
    let key = claim.delivery.key
    return try await change(epoch: claim.epoch, at: now) { rows in
      try rows.neighbourhood(of: [key.text])
    } by: { outbox in
      try outbox.settle(
        key, attempt: claim.attempt, with: result, epoch: claim.epoch, at: now, jitter: jitter)
    } then: { rows in
      try rows.end(claim, result, at: now)
    }.news
  }

  public func hasten(
    _ keys: Set<DeliveryKey>, epoch: Int64, at now: Instant
  ) async throws(DeliveryError) {
    _ = try await change(epoch: epoch, at: now) { _ in
      Set(keys.map(\.text))
    } by: { outbox in
      try outbox.hasten(keys, epoch: epoch, at: now)
    }
  }

  public func sweep(epoch: Int64, at now: Instant) async throws(DeliveryError) -> [DeliveryNews] {
    try await change(epoch: epoch, at: now) { rows in
      try rows.neighbourhood(of: try rows.openKeys())
    } by: { outbox in
      try outbox.sweep(epoch: epoch, at: now)
    }.news
  }

  public func openChannels() async throws(DeliveryError) -> [String: Int] {
    do throws(StoreError) {
      return try await read { db in
        let rows = try Row.fetchAll(
          db,
          sql: """
            SELECT channel, count(*) AS n FROM delivery
            WHERE state IN ('ready', 'inFlight', 'ambiguous') GROUP BY channel
            """)
        return Dictionary(uniqueKeysWithValues: rows.map { ($0["channel"], $0["n"]) })
      }
    } catch { throw error.asDeliveryError }
  }

  /// What a lane looks at: the first few of what is due, if one of these can go; else its open deliveries and
  /// what they need; more only if some of it is overdue.
  private static func laneOutbox(
    _ lane: Lane, _ rows: OutboxRows, _ policy: OutboxPolicy, _ lease: String, epoch: Int64, at now: Instant
  ) throws -> Outbox {
    let first = try rows.load(try rows.firstInLine(lane.channel, at: now), policy: policy, lease: lease)
    if try !rows.mayHaveOverdue(lane, policy, at: now) {
      var trial = first
      if case .idle = try trial.next(on: lane, epoch: epoch, at: now) {} else { return first }
    }
    let open = try rows.openKeys(channel: lane.channel)
    let narrow = try rows.load(try rows.needs(of: open), policy: policy, lease: lease)
    guard narrow.hasOverdue(on: lane, at: now) else { return narrow }
    return try rows.load(try rows.neighbourhood(of: open), policy: policy, lease: lease)
  }

  /// Loads, changes, stores, in one transaction, for the instance that acts.
  private func change<T: Sendable>(
    epoch: Int64?, at now: Instant, of keys: @escaping @Sendable (OutboxRows) throws -> Set<String>,
    by body: @escaping @Sendable (inout Outbox) throws -> T,
    then more: @escaping @Sendable (OutboxRows) throws -> Void = { _ in }
  ) async throws(DeliveryError) -> (value: T, news: [DeliveryNews]) {
    let (lease, policy) = (options.lease, options.policy)
    do throws(StoreError) {
      return try await write { transaction in
        if let epoch { try Self.fence(epoch, lease: lease, transaction.db) }
        let rows = OutboxRows(db: transaction.db)
        var outbox = try rows.load(try keys(rows), policy: policy, lease: lease)
        let before = outbox.holds
        let value = try body(&outbox)
        let news = try OutboxRows.save(&outbox, holdsBefore: before, at: now, in: &transaction)
        try more(rows)
        return (value, news)
      }
    } catch {
      throw error.asDeliveryError
    }
  }
}

// MARK: - Enqueueing and people

extension Store {
  /// Withdraws and enqueues what an outcome says; part of its transaction.
  /// - Returns: deliveries to withdraw that are under way.
  static func enqueue(
    _ outcome: Outcome, policy: OutboxPolicy, lease: String, at now: Instant,
    in transaction: inout Transaction
  ) throws -> [DeliveryKey] {
    guard !outcome.deliveries.isEmpty || !outcome.withdrawnDeliveries.isEmpty else { return [] }
    let rows = OutboxRows(db: transaction.db)
    var seeds = Set(outcome.withdrawnDeliveries.map(\.key.text))
    for delivery in outcome.deliveries {
      seeds.insert(delivery.key.text)
      seeds.formUnion(delivery.needs.map(\.text))
      guard let slot = delivery.slot else { continue }
      seeds.formUnion(
        try String.fetchAll(
          rows.db,
          sql: """
            SELECT key FROM delivery WHERE channel = ? AND slot = ? AND state IN ('ready', 'inFlight', 'ambiguous')
            """, arguments: [delivery.channel, slot]))
    }
    var outbox = try rows.load(try rows.neighbourhood(of: seeds), policy: policy, lease: lease)
    let before = outbox.holds
    var underWay: [DeliveryKey] = []
    for (key, reason) in outcome.withdrawnDeliveries where try !outbox.withdraw(key, reason: reason, at: now)
    {
      underWay.append(key)
    }
    var sequence = try Int64.fetchOne(rows.db, sql: "SELECT max(sequence) FROM delivery") ?? 0
    var payloads: [DeliveryKey: [UInt8]] = [:]
    for delivery in outcome.deliveries {
      sequence += 1
      let entry = try outbox.enqueue(
        delivery, sequence: sequence, mayHaveBeenSent: outcome.mayHaveBeenSent, at: now)
      if entry == .added {
        payloads[delivery.key] = delivery.payload
      }
    }
    _ = try OutboxRows.save(&outbox, payloads: payloads, holdsBefore: before, at: now, in: &transaction)
    return underWay
  }

  /// Carries out what a person decided about a delivery.
  public func rule(
    _ ruling: PersonalRuling, on key: DeliveryKey, role: String, at now: Instant
  ) async throws(DeliveryError) -> [DeliveryNews] {
    try await change(epoch: nil, at: now) { rows in
      try rows.neighbourhood(of: [key.text])
    } by: { outbox in
      try outbox.rule(ruling, on: key, role: role, at: now)
    }.news
  }

  /// Lets a halted channel go on, as after its token was renewed.
  public func resume(channel: String, at now: Instant) async throws(DeliveryError) {
    _ = try await change(epoch: nil, at: now) { _ in
      []
    } by: {
      $0.resume(channel: channel)
    }
  }

  public func holds() async throws(StoreError) -> [ChannelHold] {
    try await read { db in
      try Row.fetchAll(db, sql: "SELECT * FROM channelHold ORDER BY channel").map {
        ChannelHold(
          channel: $0["channel"], reason: $0["reason"], since: Instant($0, "since"),
          probe: Instant($0, "probe"))
      }
    }
  }

  /// Deliveries of some states, oldest first.
  /// - Parameter kinds: nil for all.
  public func deliveries(
    _ states: Set<DeliveryState>, event: String? = nil, channel: String? = nil, kinds: Set<String>? = nil,
    limit: Int
  ) async throws(StoreError) -> [OutboxEntry] {
    var filters = [states.map(\.rawValue).contained(in: "state")]
    var arguments = StatementArguments(states.map(\.rawValue))
    if let kinds {
      filters.append(kinds.map { $0 }.contained(in: "kind"))
      arguments += StatementArguments(kinds)
    }
    for (column, value) in [("event", event), ("channel", channel)] {
      guard let value else { continue }
      filters.append("\(column) = ?")
      arguments += [value]
    }
    arguments += [limit]
    let sql =
      "SELECT * FROM delivery WHERE \(filters.joined(separator: " AND ")) ORDER BY sequence LIMIT ?"
    return try await read { [arguments] db in
      let rows = OutboxRows(db: db)
      return try Row.fetchAll(db, sql: sql, arguments: arguments).map(rows.entry)
    }
  }

  public func delivery(_ key: DeliveryKey) async throws(StoreError) -> (entry: OutboxEntry, payload: [UInt8])
  {
    try await read { db in
      let rows = OutboxRows(db: db)
      guard let entry = try rows.entries([key.text]).first else {
        throw StoreError.delivery(.unknownDelivery(key))
      }
      return (entry, try rows.payload(key))
    }
  }

  /// Every call made for a delivery, oldest first.
  public func attempts(of key: DeliveryKey) async throws(StoreError) -> [DeliveryAttempt] {
    try await read { db in
      try Row.fetchAll(
        db, sql: "SELECT * FROM deliveryAttempt WHERE delivery = ? ORDER BY id", arguments: [key.text]
      ).map {
        DeliveryAttempt(
          attempt: $0["attempt"], epoch: $0["epoch"], isReadBack: $0["call"] == "readBack",
          startedAt: Instant(optional: $0, "startedAt"), endedAt: Instant(optional: $0, "endedAt"),
          result: $0["result"], detail: $0["detail"])
      }
    }
  }
}

extension [String] {
  /// Such as `state IN (?, ?)`.
  fileprivate func contained(in column: String) -> String {
    "\(column) IN (\(map { _ in "?" }.joined(separator: ", ")))"
  }
}

/// One call to a far side.
public struct DeliveryAttempt: Hashable, Sendable {
  public let attempt: Int
  public let epoch: Int64
  public let isReadBack: Bool
  public let startedAt: Instant?
  /// Nil if its end is not known.
  public let endedAt: Instant?
  /// Such as `confirmed` or `ambiguous`.
  public let result: String?
  public let detail: String?
}

extension OutboxRows {
  func payload(_ key: DeliveryKey) throws -> [UInt8] {
    let bytes = try Data.fetchOne(
      db, sql: "SELECT bytes FROM deliveryPayload WHERE delivery = ?", arguments: [key.text])
    guard let bytes else { throw StoreError.corrupt("no payload of \(key)") }
    return Array(bytes)
  }

  func claim(_ entry: OutboxEntry, _ epoch: Int64) throws -> Claim {
    let delivery = Delivery(
      key: entry.key, channel: entry.channel, kind: entry.kind, payload: try payload(entry.key),
      event: entry.event, isMock: entry.isMock, notBefore: entry.notBefore, expires: entry.expires,
      urgency: entry.urgency, slot: entry.slot, needs: entry.needs)
    guard delivery.digest == entry.digest else { throw StoreError.corrupt("the payload of \(entry.key)") }
    var receipts: [DeliveryKey: String] = [:]
    for need in entry.needs {
      receipts[need] = try String.fetchOne(
        db, sql: "SELECT receipt FROM delivery WHERE key = ?", arguments: [need.text])
    }
    return Claim(delivery: delivery, receipts: receipts, attempt: entry.attempts, epoch: epoch)
  }

  func begin(_ entry: OutboxEntry, epoch: Int64, at now: Instant) throws {
    try db.execute(
      sql:
        "INSERT INTO deliveryAttempt (delivery, attempt, epoch, call, startedAt) VALUES (?, ?, ?, 'send', ?)",
      arguments: [entry.key.text, entry.attempts, epoch, now.tai])
  }

  func end(_ claim: Claim, _ result: CallResult, at now: Instant) throws {
    let (name, detail) = Self.words(result)
    let key = claim.delivery.key.text
    switch result {
    case .sent:
      try db.execute(
        sql: """
          UPDATE deliveryAttempt SET endedAt = ?, result = ?, detail = ?
          WHERE delivery = ? AND attempt = ? AND call = 'send'
          """, arguments: [now.tai, name, detail, key, claim.attempt])
    case .asked:
      try db.execute(
        sql: """
          INSERT INTO deliveryAttempt (delivery, attempt, epoch, call, endedAt, result, detail)
          VALUES (?, ?, ?, 'readBack', ?, ?, ?)
          """, arguments: [key, claim.attempt, claim.epoch, now.tai, name, detail])
    }
  }

  private static func words(_ result: CallResult) -> (name: String, detail: String) {
    switch result {
    case .sent(.confirmed(let receipt)): ("confirmed", receipt)
    case .sent(.unsent(let reason, _)): ("unsent", reason)
    case .sent(.ambiguous(let reason)): ("ambiguous", reason)
    case .sent(.refused(let reason)): ("refused", reason)
    case .sent(.halted(let reason)): ("halted", reason)
    case .asked(.present(let receipt)): ("present", receipt)
    case .asked(.absent): ("absent", "")
    case .asked(.unknown(let reason, _)): ("unknown", reason)
    }
  }
}
