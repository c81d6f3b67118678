import Deliveries
import Foundation
import Units

/// What can be owed to ICARE; the raw value is the delivery's kind.
public enum IcareKind: String, Hashable, Sendable, CaseIterable {
  case event = "event-alias"
  case localization
  case tag, comment, classification, trigger
  case plan
  case planSend = "plan-send"
  case followup, cancel, executed
}

/// One thing to be pushed, as decided. Its JSON is the delivery's payload.
public enum IcarePush: Hashable, Sendable {
  case event(EventPush)
  case localization(MapPush)
  case tag(TagPush)
  case comment(CommentPush)
  case classification(ClassificationPush)
  case trigger(TriggerPush)
  case plan(PlanPush)
  case planSend(PlanSendPush)
  case followup(FollowupPush)
  case cancel(CancelPush)
  case executed(ExecutedPush)

  public var kind: IcareKind {
    switch self {
    case .event: .event
    case .localization: .localization
    case .tag: .tag
    case .comment: .comment
    case .classification: .classification
    case .trigger: .trigger
    case .plan: .plan
    case .planSend: .planSend
    case .followup: .followup
    case .cancel: .cancel
    case .executed: .executed
    }
  }

  /// Equal pushes give equal bytes.
  /// - Throws: `.invalid` for numbers that JSON does not have.
  public func payload() throws(IcareError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      let data =
        switch self {
        case .event(let p): try encoder.encode(p)
        case .localization(let p): try encoder.encode(p)
        case .tag(let p): try encoder.encode(p)
        case .comment(let p): try encoder.encode(p)
        case .classification(let p): try encoder.encode(p)
        case .trigger(let p): try encoder.encode(p)
        case .plan(let p): try encoder.encode(p)
        case .planSend(let p): try encoder.encode(p)
        case .followup(let p): try encoder.encode(p)
        case .cancel(let p): try encoder.encode(p)
        case .executed(let p): try encoder.encode(p)
        }
      return Array(data)
    } catch {
      throw .invalid("the \(kind.rawValue) cannot be written as JSON")
    }
  }

  /// - Throws: `.invalid` when the payload is not one of that kind.
  public init(kind: String, payload: [UInt8]) throws(IcareError) {
    let decoder = JSONDecoder()
    let data = Data(payload)
    do {
      switch IcareKind(rawValue: kind) {
      case .event: self = .event(try decoder.decode(EventPush.self, from: data))
      case .localization: self = .localization(try decoder.decode(MapPush.self, from: data))
      case .tag: self = .tag(try decoder.decode(TagPush.self, from: data))
      case .comment: self = .comment(try decoder.decode(CommentPush.self, from: data))
      case .classification: self = .classification(try decoder.decode(ClassificationPush.self, from: data))
      case .trigger: self = .trigger(try decoder.decode(TriggerPush.self, from: data))
      case .plan: self = .plan(try decoder.decode(PlanPush.self, from: data))
      case .planSend: self = .planSend(try decoder.decode(PlanSendPush.self, from: data))
      case .followup: self = .followup(try decoder.decode(FollowupPush.self, from: data))
      case .cancel: self = .cancel(try decoder.decode(CancelPush.self, from: data))
      case .executed: self = .executed(try decoder.decode(ExecutedPush.self, from: data))
      case nil: throw IcareError.invalid("ICARE is not sent any \(kind)")
      }
    } catch let error as IcareError {
      throw error
    } catch {
      throw .invalid("the payload is not that of a \(kind)")
    }
  }

  /// The delivery of it, on the channel `icare`.
  public func delivery(
    key: String, event: String, isMock: Bool = false, notBefore: Instant, expires: Instant? = nil,
    urgency: Int = 0, slot: String? = nil, needs: [DeliveryKey] = []
  ) throws(IcareError) -> Delivery {
    Delivery(
      key: DeliveryKey(key), channel: IcareChannel.channelName, kind: kind.rawValue,
      payload: try payload(), event: event, isMock: isMock, notBefore: notBefore, expires: expires,
      urgency: urgency, slot: slot, needs: needs)
  }
}

/// What comparing ICARE with a delivery showed.
public enum IcareVerification: Hashable, Sendable {
  case equal
  case different([String])
  case absent
  case unreadable(String)
}

/// ICARE as an outside party of the outbox.
///
/// Every attempt looks at what ICARE has, takes at most the next step, and can be repeated after anything:
/// no state of its own is needed to go on after a crash. What ICARE does by itself (events, fields) is
/// waited for by answering `unsent` with a time.
public final class IcareChannel: DeliveryChannel {
  public static let channelName = "icare"

  public let name = IcareChannel.channelName
  public let acceptsMocks: Bool
  /// A delivery costs 3 to 9 requests of the 4 a second.
  public let rate: (perSecond: Double, burst: Int) = (1, 4)

  private let desk: IcareDesk

  /// - Parameter acceptsMocks: only for a staging server.
  public init(client: IcareClient, acceptsMocks: Bool = false, settings: IcareSettings = IcareSettings()) {
    self.acceptsMocks = acceptsMocks
    desk = IcareDesk(client: client, settings: settings)
  }

  /// What came of the pushes since the start.
  public var status: IcareStatus { desk.ledger.snapshot }

  public func send(_ delivery: Delivery, receipts: [DeliveryKey: String], now: Instant) async -> SendOutcome {
    guard !delivery.isMock || acceptsMocks else {
      return .refused(reason: "mocks do not leave through this channel")
    }
    if let reason = desk.halted(at: now) { return .halted(reason: reason) }
    let outcome = await desk.gate.serially(delivery.key.text) {
      do throws(IcareError) {
        return try await self.pusher(delivery, receipts).send(now: now)
      } catch {
        return SendOutcome(error, now: now)
      }
    }
    switch outcome {
    case .confirmed:
      desk.ledger.confirm(delivery.kind)
      desk.resume()
    case .halted(let reason): desk.halt(reason, at: now)
    case .refused(let reason): desk.ledger.note(reason, key: delivery.key.text, at: now)
    case .unsent, .ambiguous: break
    }
    return outcome
  }

  public func readBack(_ delivery: Delivery, receipts: [DeliveryKey: String], now: Instant) async -> ReadBack
  {
    if let reason = desk.halted(at: now) { return .unknown(reason: reason, final: false) }
    do throws(IcareError) {
      switch try await pusher(delivery, receipts).readBack(now: now) {
      case .present(let receipt): return .present(receipt: receipt)
      case .absent: return .absent
      case .notYet(let why): return .unknown(reason: why, final: false)
      }
    } catch {
      if case .tokenRejected = error { desk.halt(error.description, at: now) }
      // An invalid or refused look-up will be the same next time; the rest may pass.
      switch error {
      case .invalid, .refused, .missingRight, .unexpected:
        return .unknown(reason: error.description, final: true)
      case .unsent, .unavailable, .ambiguous, .tokenRejected:
        return .unknown(reason: error.description, final: false)
      }
    }
  }

  /// Compares what ICARE has with what was decided, and keeps the result in `status`.
  public func verify(
    _ delivery: Delivery, receipts: [DeliveryKey: String], now: Instant
  ) async -> IcareVerification {
    do throws(IcareError) {
      guard let found = try await pusher(delivery, receipts).differences(now: now) else {
        desk.ledger.compared(delivery.key.text, ["it is not there"], at: now)
        return .absent
      }
      desk.ledger.compared(delivery.key.text, found, at: now)
      return found.isEmpty ? .equal : .different(found)
    } catch {
      return .unreadable(error.description)
    }
  }

  /// All follow-up requests created since a moment, ours and others', to follow their statuses.
  public func followups(createdSince start: Instant) async throws(IcareError) -> [IcareFollowup] {
    try await desk.client.followups(createdSince: start)
  }

  /// Has ICARE ask the facility what became of a request.
  public func retrieve(_ followup: Int) async throws(IcareError) {
    try await desk.client.retrieveFollowup(followup)
  }

  private func pusher(
    _ delivery: Delivery, _ receipts: [DeliveryKey: String]
  ) throws(IcareError) -> any Pusher {
    let key = delivery.key.text
    switch try IcarePush(kind: delivery.kind, payload: delivery.payload) {
    case .event(let p): return EventPusher(desk: desk, push: p, key: key)
    case .localization(let p): return MapPusher(desk: desk, push: p, key: key)
    case .tag(let p): return TagPusher(desk: desk, push: p, key: key)
    case .comment(let p): return CommentPusher(desk: desk, push: p, key: key)
    case .classification(let p): return ClassificationPusher(desk: desk, push: p, key: key)
    case .trigger(let p): return TriggerPusher(desk: desk, push: p, key: key)
    case .plan(let p): return PlanPusher(desk: desk, push: p, key: key, digest: delivery.digest)
    case .planSend(let p):
      guard let text = receipts[DeliveryKey(p.plan)], let receipt = PlanReceipt(text) else {
        throw .invalid("the delivery of the plan to send, \(p.plan), gave no receipt")
      }
      return PlanSendPusher(desk: desk, plan: receipt, key: key)
    case .followup(let p): return FollowupPusher(desk: desk, push: p, key: key)
    case .cancel(let p): return CancelPusher(desk: desk, push: p, key: key)
    case .executed(let p): return ExecutedPusher(desk: desk, push: p, key: key)
    }
  }
}
