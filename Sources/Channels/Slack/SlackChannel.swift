import Deliveries
import Units
import WebClient

/// Slack: one root message an event, edited in place, with its history in the thread.
///
/// If the root was deleted or can no longer be edited, the edit becomes a new root with the same mark, and
/// later edits and replies find that one: the newest message with the root's key wins. The bot needs the
/// scopes `chat:write` and `channels:history` (`groups:history` for a private channel).
public struct SlackChannel: DeliveryChannel {
  public struct Configuration: Sendable {
    public var name = "slack"
    /// The id of the conversation, `C…` or `G…`; names do not do.
    public var conversation: String
    public var token: Secret
    public var acceptsMocks = false
    /// For tests: not https://slack.com/api.
    public var base = "https://slack.com/api"
    /// Slack allows about one post a second in a channel.
    public var rate: (perSecond: Double, burst: Int) = (1, 3)
    public var deadlines = Deadlines.call

    public init(conversation: String, token: Secret) {
      self.conversation = conversation
      self.token = token
    }
  }

  public let name: String
  public let acceptsMocks: Bool
  public let rate: (perSecond: Double, burst: Int)
  private let conversation: String
  private let api: SlackAPI

  /// - Throws: `.configuration`.
  public init(_ configuration: Configuration, client: WebClient) throws(ChannelError) {
    guard SlackPlace.isConversation(configuration.conversation) else {
      throw .configuration("Slack's conversation is an id such as C0123ABCD, not a name")
    }
    let base: WebURL
    do throws(WebError) { base = try WebURL(configuration.base) } catch {
      throw .configuration("Slack's address: \(error)")
    }
    name = configuration.name
    acceptsMocks = configuration.acceptsMocks
    rate = configuration.rate
    conversation = configuration.conversation
    api = SlackAPI(
      client: client, base: base, token: configuration.token, deadlines: configuration.deadlines,
      redact: Redactor([configuration.token]))
  }

  public func send(
    _ delivery: Delivery, receipts: [DeliveryKey: String], now: Instant
  ) async -> SendOutcome {
    let payload: SlackPayload
    do { payload = try SlackPayload(of: delivery) } catch { return .refused(reason: "\(error)") }
    if delivery.isMock, !acceptsMocks { return .refused(reason: "a mock on \(name)") }
    guard let root = payload.root else {
      let mark = SlackAPI.Mark(key: delivery.key.text, edit: nil, sequence: payload.sequence)
      return confirmation(await api.post(payload, to: conversation, mark: mark, now: now))
    }
    guard let place = Self.place(of: root, in: receipts) else {
      return .refused(reason: "no receipt of the root message \(PlainText.oneLine(root).prefix(80))")
    }
    return delivery.kind == SlackPayload.edit
      ? await edit(payload, root, at: place, by: delivery.key.text, now: now)
      : await reply(payload, root, at: place, key: delivery.key.text, now: now)
  }

  private static func place(of root: String, in receipts: [DeliveryKey: String]) -> SlackPlace? {
    receipts[DeliveryKey(root)].flatMap { SlackPlace($0) }
  }

  private func edit(
    _ payload: SlackPayload, _ root: String, at place: SlackPlace, by key: String, now: Instant
  ) async -> SendOutcome {
    let mark = SlackAPI.Mark(key: root, edit: key, sequence: payload.sequence)
    let answer = await api.update(payload, at: place, mark: mark, now: now)
    guard case .rootLost = answer else { return confirmation(answer) }
    switch await successors(of: root, at: place, now: now) {
    case .failed(let why): return why
    case .found(let newer):
      // Somebody was faster, or this edit is the one that made it.
      if newer.edit == key || newer.sequence > payload.sequence { return confirmed(place, newer.ts) }
      if let next = SlackPlace(conversation: place.conversation, ts: newer.ts) {
        let again = await api.update(payload, at: next, mark: mark, now: now)
        guard case .rootLost = again else { return confirmation(again) }
      }
    case .none: break
    }
    return confirmation(await api.post(payload, to: place.conversation, mark: mark, now: now))
  }

  private func reply(
    _ payload: SlackPayload, _ root: String, at place: SlackPlace, key: String, now: Instant
  ) async -> SendOutcome {
    let mark = SlackAPI.Mark(key: key, edit: nil, sequence: payload.sequence)
    let conversation = place.conversation
    let answer = await api.post(payload, to: conversation, thread: place.ts, mark: mark, now: now)
    guard case .rootLost(let code) = answer else { return confirmation(answer) }
    switch await successors(of: root, at: place, now: now) {
    case .failed(let why): return why
    case .none: return .refused(reason: "Slack says \(code), and the message was not posted anew")
    case .found(let newer):
      return confirmation(
        await api.post(payload, to: conversation, thread: newer.ts, mark: mark, now: now))
    }
  }

  private enum Successor { case found(SlackAPI.Found), none, failed(SendOutcome) }

  /// The newest message that took a lost root's place. Nothing was changed when this fails.
  private func successors(of root: String, at place: SlackPlace, now: Instant) async -> Successor {
    switch await api.read(place.conversation, oldest: place.ts, now: now) {
    case .failed(.unknown(let reason, _)):
      return .failed(.unsent(reason: "the lost root's successor cannot be looked for: \(reason)", after: nil))
    case .failed: return .none
    case .whole(let messages):
      return messages.last { $0.key == root && $0.ts != place.ts }.map { .found($0) } ?? .none
    }
  }

  private func confirmation(_ answer: SlackAnswer) -> SendOutcome {
    switch answer {
    case .no(let outcome): return outcome
    case .rootLost(let code): return .refused(reason: "Slack says \(code)")
    case .yes(let body):
      guard let ts = body["ts"].text, let place = SlackPlace(conversation: body["channel"].text ?? "", ts: ts)
      else { return .ambiguous(reason: "Slack's yes does not say which message") }
      return .confirmed(receipt: place.description)
    }
  }

  private func confirmed(_ place: SlackPlace, _ ts: String) -> SendOutcome {
    .confirmed(receipt: "\(place.conversation)/\(ts)")
  }
}

extension SlackChannel {
  /// Looks for our mark. A post that Slack is still working on is not seen yet: ask some seconds after the
  /// attempt.
  public func readBack(
    _ delivery: Delivery, receipts: [DeliveryKey: String], now: Instant
  ) async -> ReadBack {
    let payload: SlackPayload
    do { payload = try SlackPayload(of: delivery) } catch { return .unknown(reason: "\(error)", final: true) }
    guard let root = payload.root else {
      let oldest = max(0, delivery.notBefore.unixSeconds - Self.clockMargin)
      let reading = await api.read(conversation, oldest: "\(oldest).000000", now: now)
      return Self.verdict(reading, in: conversation) { $0.key == delivery.key.text }
    }
    guard let place = Self.place(of: root, in: receipts) else {
      return .unknown(reason: "no receipt of the root message", final: true)
    }
    if delivery.kind == SlackPayload.reply {
      return await readReply(delivery, root, at: place, now: now)
    }
    // A later state counts as present: an edit must not bring an earlier one back.
    let isThere = { (found: SlackAPI.Found) in
      found.key == root && (found.edit == delivery.key.text || found.sequence > payload.sequence)
    }
    let reading = await api.read(place.conversation, oldest: place.ts, only: true, now: now)
    let verdict = Self.verdict(reading, in: place.conversation, where: isThere)
    guard verdict == .absent else { return verdict }
    // It may have become a new root.
    let all = await api.read(place.conversation, oldest: place.ts, now: now)
    return Self.verdict(all, in: place.conversation, where: isThere)
  }

  private func readReply(
    _ delivery: Delivery, _ root: String, at place: SlackPlace, now: Instant
  ) async -> ReadBack {
    func thread(_ ts: String) async -> ReadBack {
      let reading = await api.read(place.conversation, thread: ts, oldest: ts, now: now)
      return Self.verdict(reading, in: place.conversation) { $0.key == delivery.key.text }
    }
    let first = await thread(place.ts)
    // A deleted root has no thread any more; its successor may have one.
    let isOpen: Bool
    switch first {
    case .absent: isOpen = true
    case .unknown(_, let final): isOpen = final
    case .present: isOpen = false
    }
    guard isOpen, case .found(let newer) = await successors(of: root, at: place, now: now) else {
      return first
    }
    return await thread(newer.ts)
  }

  /// Clocks of two machines differ, and ours may jump.
  private static let clockMargin: Int64 = 3600

  private static func verdict(
    _ reading: SlackAPI.Reading, in conversation: String, where isIt: (SlackAPI.Found) -> Bool
  ) -> ReadBack {
    switch reading {
    case .failed(let readBack): readBack
    case .whole(let messages):
      messages.last(where: isIt).map { .present(receipt: "\(conversation)/\($0.ts)") } ?? .absent
    }
  }
}
