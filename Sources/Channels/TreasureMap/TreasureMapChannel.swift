import Deliveries
import Units
import WebClient

/// The Gravitational Wave Treasure Map: planned, completed, corrected and cancelled pointings.
///
/// Every attempt reads first and then reports what is missing, so an attempt that was cut off is finished by
/// the next one. The map answers 200 with a list `ERRORS` beside what it took.
public struct TreasureMapChannel: DeliveryChannel {
  public struct Configuration: Sendable {
    public var name = "treasure-map"
    public var token: Secret
    /// The version is part of it.
    public var base = "https://treasuremap.space/api/v1"
    public var acceptsMocks = false
    public var rate: (perSecond: Double, burst: Int) = (1, 2)
    public var deadlines = Deadlines(connect: .seconds(5), total: .seconds(30))

    public init(token: Secret) { self.token = token }
  }

  public let name: String
  public let acceptsMocks: Bool
  public let rate: (perSecond: Double, burst: Int)
  private let api: TreasureMapAPI

  /// - Throws: `.configuration`.
  public init(_ configuration: Configuration, client: WebClient) throws(ChannelError) {
    let base: WebURL
    do throws(WebError) { base = try WebURL(configuration.base) } catch {
      throw .configuration("the Treasure Map's address: \(error)")
    }
    name = configuration.name
    acceptsMocks = configuration.acceptsMocks
    rate = configuration.rate
    api = TreasureMapAPI(
      client: client, base: base, token: configuration.token, deadlines: configuration.deadlines,
      redact: Redactor([configuration.token]))
  }

  /// What there is to do about one item, given what the map shows.
  private enum Step {
    case done(Int)
    /// Report it; with the id of the planned pointing that it completes.
    case report(planned: Int?)
    /// For cancelling.
    case cancel(Int)
    /// Change the completed pointing of this id.
    case change(Int)
    /// The map does not show what is to be changed.
    case unknown
    case nothing
  }

  private static func step(_ item: TreasureMapPayload.Item, _ kind: String, _ shown: [TreasureMapAPI.Shown])
    -> Step
  {
    func find(_ pointing: TreasureMapPointing, _ statuses: [String]) -> Int? {
      for status in statuses {
        if let found = shown.first(where: { $0.status == status && $0.isSame(as: pointing) }) {
          return found.id
        }
      }
      return nil
    }
    switch kind {
    case TreasureMapPayload.planned:
      return find(item.pointing, ["planned", "completed"]).map { .done($0) } ?? .report(planned: nil)
    case TreasureMapPayload.completed:
      if let id = find(item.pointing, ["completed"]) { return .done(id) }
      return .report(planned: item.planned.flatMap { find($0, ["planned"]) })
    case TreasureMapPayload.corrected:
      if let known = shown.first(where: { $0.status == "completed" && $0.holds(item.pointing) }) {
        return .done(known.id)
      }
      let old = shown.filter { $0.status == "completed" }
      let was = item.planned.flatMap { was in
        old.first { $0.holds(was) } ?? old.first { $0.isSame(as: was) }
      }
      return was.map { .change($0.id) } ?? .unknown
    default:
      return find(item.pointing, ["planned"]).map { .cancel($0) } ?? .nothing
    }
  }

  /// - Returns: nil when something is left to do.
  private static func receipt(_ steps: [Step]) -> String? {
    var ids: [Int] = []
    for step in steps {
      switch step {
      case .done(let id): ids.append(id)
      case .nothing: break
      case .report, .cancel, .change, .unknown: return nil
      }
    }
    return "pointings " + (ids.isEmpty ? "none planned" : ids.map(String.init).joined(separator: ","))
  }

  public func send(
    _ delivery: Delivery, receipts: [DeliveryKey: String], now: Instant
  ) async -> SendOutcome {
    let payload: TreasureMapPayload
    do { payload = try TreasureMapPayload(of: delivery) } catch { return .refused(reason: "\(error)") }
    if delivery.isMock, !acceptsMocks { return .refused(reason: "a mock on \(name)") }
    switch await api.read(payload, now: now) {
    case .failed(let reason, let after, let halts):
      return halts ? .halted(reason: reason) : .unsent(reason: "reading first: \(reason)", after: after)
    case .shown(let shown):
      let steps = payload.items.map { Self.step($0, delivery.kind, shown) }
      if let receipt = Self.receipt(steps) { return .confirmed(receipt: receipt) }
      switch delivery.kind {
      case TreasureMapPayload.cancelled: return await cancel(steps, now: now)
      case TreasureMapPayload.corrected: return await correct(payload, steps, now: now)
      default: return await report(payload, delivery.kind, steps, now: now)
      }
    }
  }

  private struct Report: Encodable {
    struct Pointing: Encodable {
      let item: TreasureMapPointing
      let id: Int?
      let status: String
      let instrumentid: Int

      private enum CodingKeys: String, CodingKey { case id, status, instrumentid }
      func encode(to encoder: any Encoder) throws {
        try item.encode(to: encoder)
        var c = encoder.container(keyedBy: CodingKeys.self)
        try c.encodeIfPresent(id, forKey: .id)
        try c.encode(status, forKey: .status)
        try c.encode(instrumentid, forKey: .instrumentid)
      }
    }
    let graceid: String
    let pointings: [Pointing]
  }

  private func report(
    _ payload: TreasureMapPayload, _ kind: String, _ steps: [Step], now: Instant
  ) async -> SendOutcome {
    var known: [Int] = []
    var missing: [Report.Pointing] = []
    for (item, step) in zip(payload.items, steps) {
      switch step {
      case .done(let id): known.append(id)
      case .report(let planned):
        missing.append(
          Report.Pointing(item: item.pointing, id: planned, status: kind, instrumentid: payload.instrument))
      case .cancel, .change, .unknown, .nothing: break
      }
    }
    let body = Report(graceid: payload.graceid, pointings: missing)
    switch await api.write("pointings", body: body, now: now) {
    case .failed(let outcome): return outcome
    case .done(let answer):
      guard let ids = answer["pointing_ids"].elements?.compactMap(\.integer) else {
        return .ambiguous(reason: "the map's answer names no pointings")
      }
      let errors = answer["ERRORS"].elements ?? []
      let grave = errors.filter { !$0.texts.contains { $0.contains("already submitted") } }
      guard grave.isEmpty else {
        let words = api.redact(grave[0].texts.last ?? "", limit: 200)
        return .refused(
          reason: "\(grave.count) of \(missing.count) pointings refused: \(words); \(ids.count) were taken")
      }
      guard ids.count + errors.count == missing.count else {
        return .ambiguous(reason: "the map took \(ids.count) of \(missing.count) pointings")
      }
      return .confirmed(receipt: "pointings " + (known + ids).map(String.init).joined(separator: ","))
    }
  }

  private struct Cancellation: Encodable {
    let status = "cancelled"
    let ids: [Int]
  }

  private func cancel(_ steps: [Step], now: Instant) async -> SendOutcome {
    let ids = steps.compactMap { step in if case .cancel(let id) = step { id } else { nil } }
    switch await api.write("update_pointings", body: Cancellation(ids: ids), now: now) {
    case .failed(let outcome): return outcome
    case .done(let answer):
      // `Updated 3 pointings successfully.`: those of others stay as they are.
      let count = answer["message"].text.flatMap {
        $0.split(separator: " ").lazy.compactMap { Int($0) }.first
      }
      guard let count else { return .ambiguous(reason: "the map does not say how many it cancelled") }
      guard count == ids.count else {
        return .refused(reason: "the map cancelled \(count) of \(ids.count): the others are not ours")
      }
      return .confirmed(receipt: "cancelled " + ids.map(String.init).joined(separator: ","))
    }
  }

  private struct Correction: Encodable {
    let item: TreasureMapPointing
    private enum CodingKeys: String, CodingKey { case status }
    func encode(to encoder: any Encoder) throws {
      try item.encode(to: encoder)
      var c = encoder.container(keyedBy: CodingKeys.self)
      try c.encode("completed", forKey: .status)
    }
  }

  /// One after the other: the map changes only one pointing in a request.
  private func correct(
    _ payload: TreasureMapPayload, _ steps: [Step], now: Instant
  ) async -> SendOutcome {
    var ids: [Int] = []
    var unknown = 0
    for (item, step) in zip(payload.items, steps) {
      switch step {
      case .done(let id): ids.append(id)
      case .change(let id):
        let body = Correction(item: item.pointing)
        switch await api.write("pointings", "\(id)", body: body, method: .put, now: now) {
        case .failed(let outcome): return outcome
        case .done: ids.append(id)
        }
      default: unknown += 1
      }
    }
    guard unknown == 0 else {
      return .refused(
        reason: "the map does not show \(unknown) of \(steps.count) pointings that are corrected")
    }
    return .confirmed(receipt: "pointings " + ids.map(String.init).joined(separator: ","))
  }

  /// Present when nothing is left to do; absent when something is: the next attempt does just that.
  public func readBack(
    _ delivery: Delivery, receipts: [DeliveryKey: String], now: Instant
  ) async -> ReadBack {
    let payload: TreasureMapPayload
    do { payload = try TreasureMapPayload(of: delivery) } catch {
      return .unknown(reason: "\(error)", final: true)
    }
    switch await api.read(payload, now: now) {
    case .failed(let reason, _, _): return .unknown(reason: reason, final: false)
    case .shown(let shown):
      let steps = payload.items.map { Self.step($0, delivery.kind, shown) }
      return Self.receipt(steps).map { .present(receipt: $0) } ?? .absent
    }
  }
}
