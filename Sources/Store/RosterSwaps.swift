import GRDB
import Units

/// Somebody asks somebody else to take a shift, perhaps for one of theirs. User names are those of the roster.
public struct SwapRequest: Hashable, Sendable {
  public enum State: String, Hashable, Sendable, CaseIterable { case open, accepted, declined, withdrawn }
  /// Of the roster.
  public let campaign: String
  public let giver: String
  /// Day and slot, `2026-11-27/3`.
  public let shift: String
  public let taker: String
  /// What the taker gives for it; nil for nothing.
  public let inReturn: String?

  public init(campaign: String, giver: String, shift: String, taker: String, inReturn: String?) {
    self.campaign = campaign
    self.giver = giver
    self.shift = shift
    self.taker = taker
    self.inReturn = inReturn
  }

  /// As the log has it.
  public var text: String {
    "\(giver) gives \(shift) to \(taker)" + (inReturn.map { " for \($0)" } ?? "")
  }
}

public struct StoredSwap: Hashable, Sendable {
  public let id: Int64
  public let request: SwapRequest
  public let state: SwapRequest.State
  public let askedBy: String
  public let askedAt: Instant
  public let answeredBy: String?
}

extension Store {
  /// Keeps a request. The same request again is the one that is open.
  /// - Throws: `invalid` where another request for that shift is open.
  @discardableResult
  public func ask(_ swap: SwapRequest, by actor: String, at now: Instant) async throws(StoreError) -> Int64 {
    try await write { transaction in
      let db = transaction.db
      let open = try Row.fetchOne(
        db, sql: "SELECT * FROM rosterSwap WHERE campaign = ? AND giver = ? AND shift = ? AND state = 'open'",
        arguments: [swap.campaign, swap.giver, swap.shift])
      if let open {
        let known = try Self.swap(open)
        guard known.request == swap else {
          throw StoreError.impossibleAnswer("it is asked already that \(known.request.text)")
        }
        return known.id
      }
      try db.execute(
        sql: """
          INSERT INTO rosterSwap (campaign, giver, shift, taker, inReturn, state, askedBy, askedAt)
          VALUES (?, ?, ?, ?, ?, 'open', ?, ?)
          """,
        arguments: [swap.campaign, swap.giver, swap.shift, swap.taker, swap.inReturn, actor, now.tai])
      let id = db.lastInsertedRowID
      try Self.append(
        LogDraft(actor: actor, kind: "roster.swap_asked", fields: ["text": swap.text, "number": "\(id)"]),
        at: now, in: &transaction)
      return id
    }
  }

  /// Ends an open request. Of two who answer, the second is told what the first said.
  /// - Parameter doing: what the answer means outside of the store, done once; where it fails, nobody answered.
  @discardableResult
  public func answer(
    swap id: Int64, _ state: SwapRequest.State, by actor: String, at now: Instant,
    doing: @escaping @Sendable (SwapRequest) throws -> Void = { _ in }
  ) async throws(StoreError) -> StoredSwap {
    try await write { transaction in
      let db = transaction.db
      guard state != .open,
        let row = try Row.fetchOne(
          db, sql: "SELECT * FROM rosterSwap WHERE id = ?", arguments: [id])
      else { throw StoreError.invalid("no swap request \(id)") }
      let known = try Self.swap(row)
      guard known.state == .open else {
        throw StoreError.impossibleAnswer(
          "\(known.request.text): \(known.state.rawValue) by \(known.answeredBy ?? "somebody") already")
      }
      try db.execute(
        sql: "UPDATE rosterSwap SET state = ?, answeredBy = ?, answeredAt = ? WHERE id = ?",
        arguments: [state.rawValue, actor, now.tai, id])
      try Self.append(
        LogDraft(
          actor: actor, kind: "roster.swap_\(state.rawValue)",
          fields: ["text": known.request.text, "number": "\(id)"]), at: now, in: &transaction)
      try doing(known.request)
      return known
    }
  }

  /// Newest first.
  public func swaps(of campaign: String, limit: Int) async throws(StoreError) -> [StoredSwap] {
    try await read { db in
      try Row.fetchAll(
        db, sql: "SELECT * FROM rosterSwap WHERE campaign = ? ORDER BY id DESC LIMIT ?",
        arguments: [campaign, limit]
      ).map(Self.swap)
    }
  }

  private static func swap(_ row: Row) throws -> StoredSwap {
    let word: String = row["state"]
    guard let state = SwapRequest.State(rawValue: word) else { throw StoreError.corrupt("swap \(word)") }
    return StoredSwap(
      id: row["id"],
      request: SwapRequest(
        campaign: row["campaign"], giver: row["giver"], shift: row["shift"], taker: row["taker"],
        inReturn: row["inReturn"]), state: state, askedBy: row["askedBy"], askedAt: Instant(row, "askedAt"),
      answeredBy: row["answeredBy"])
  }
}
