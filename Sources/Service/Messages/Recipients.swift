import Campaigns
import Channels
import Deliveries
import Formats
import Icare
import JSON
import Skymaps
import Units

/// Whom the service tells, by channel name.
public struct Recipients: Sendable {
  public enum Kind: Hashable, Sendable {
    case slack(SlackOptions)
    case mail(to: [MailAddress])
    case webhook
    case files
    case icare(IcareOptions)
    case treasureMap(TreasureMapOptions)
    case drop(DropOptions)
  }
  public struct Entry: Sendable {
    public let channel: String
    public let kind: Kind
    public let acceptsMocks: Bool

    public init(channel: String, kind: Kind, acceptsMocks: Bool) {
      self.channel = channel
      self.kind = kind
      self.acceptsMocks = acceptsMocks
    }
  }
  public var entries: [Entry]
  /// Addresses of teams by slug: what concerns one of them alone is written to these.
  public var teams: [String: [MailAddress]] = [:]
  public init(_ entries: [Entry] = []) { self.entries = entries }
}

/// One thing that became so and is told to all recipients.
struct Bulletin {
  enum Occasion: String {
    case decision, plan, stop
    /// Something only a person can answer.
    case question
  }
  let occasion: Occasion
  /// The event's name in the store.
  let event: String
  let isMock: Bool
  /// The how-manieth message about the event, from 1.
  let number: Int
  let message: EventMessage
  let category: String
  /// Of the event when this was decided.
  let revision: Int
  /// When the newest of the event's notices was made by its sender.
  var informed: Instant?
  /// Of the order, when there is a plan.
  var planNumber = 0
  var document: NetworkPlanDocument?
  /// The plan that this one takes the place of.
  var replaced: NetworkPlanDocument?
  /// What the plan was made on.
  var map: Skymap?
  var reason: String?
  /// What telescopes are asked for through ICARE, and where ICARE has the source.
  var requests: RequestChange?
  var source: SourceTarget?
  var unsent = Unsent()
  /// The same step says STOP.
  var isFollowedByStop = false
  let now: Instant
  var urgency: Int { occasion == .stop ? 30 : occasion == .plan ? 20 : 10 }

  /// What is owed because of it. Mocks are owed to nobody who has not asked for them.
  func deliveries(to recipients: Recipients) throws -> [Delivery] {
    var list: [Delivery] = []
    for entry in recipients.entries where entry.acceptsMocks || !isMock {
      switch entry.kind {
      case .slack(let options): list += try slack(entry.channel, options)
      case .mail(let people): list += try mail(entry.channel, people)
      case .webhook: list.append(webhook(entry.channel))
      case .files: list += try files(entry.channel)
      case .icare(let options): list += try icare(options)
      case .treasureMap(let options): list += try treasureMap(entry.channel, options)
      case .drop(let options): list += try drop(entry.channel, options)
      }
    }
    return list
  }

  private func delivery(
    _ key: String, _ channel: String, _ kind: String, _ payload: [UInt8], slot: String? = nil,
    needs: [DeliveryKey] = [], expires: Duration = .hours(24)
  ) -> Delivery {
    Delivery(
      key: DeliveryKey(key), channel: channel, kind: kind, payload: payload, event: event, isMock: isMock,
      notBefore: now, expires: now + expires, urgency: urgency, slot: slot, needs: needs)
  }

  /// One root message per event, edited in place; a reply for every step of its history. A decision that ends the
  /// campaign is told by its STOP.
  private func slack(_ channel: String, _ options: SlackOptions) throws(ChannelError) -> [Delivery] {
    let root = DeliveryKey("\(channel)/\(event)/root")
    let asked = try slackRequests(channel, options, root: root)
    if number == 1 {
      let payload = try message.slackRoot(options: options)
      return [delivery(root.text, channel, SlackPayload.post, try payload.encoded(), expires: .hours(72))]
        + asked
    }
    guard !isFollowedByStop else { return [] }
    let edit = try message.slackRoot(root: root, sequence: number, options: options)
    let reply = try message.slackReply(root: root, broadcast: occasion == .stop)
    return [
      delivery(
        "\(channel)/\(event)/edit/\(number)", channel, SlackPayload.edit, try edit.encoded(),
        slot: "\(channel)/\(event)/root", needs: [root], expires: .hours(72)),
      delivery(
        "\(channel)/\(event)/reply/\(number)", channel, SlackPayload.reply, try reply.encoded(),
        needs: [root],
        expires: .hours(72)),
    ] + asked
  }

  /// Plans and ends: what somebody must get up for.
  private func mail(_ channel: String, _ people: [MailAddress]) throws(ChannelError) -> [Delivery] {
    guard occasion != .decision, !people.isEmpty else { return [] }
    let first = DeliveryKey("\(channel)/\(event)/thread")
    let payload = try MailPayload(
      to: people, subject: message.subject, body: message.plainText, date: now, thread: first,
      hidesRecipients: true)
    return [delivery("\(channel)/\(event)/\(number)", channel, MailPayload.mail, try payload.encoded())]
  }

  private func webhook(_ channel: String) -> Delivery {
    let plan: JSONValue =
      document.map { document in
        .object([
          ("id", .string(document.planID)), ("probability", .number(document.network.probability)),
          ("telescopes", .strings(document.plans.map(\.telescope.slug))),
        ])
      } ?? .null
    let body = JSONValue.object([
      ("occasion", .string(occasion.rawValue)), ("event", .string(event)), ("is_mock", .bool(isMock)),
      ("number", .integer(number)), ("revision", .integer(revision)),
      ("decision", .string(message.verdict.rawValue)), ("made_utc", .string(now.iso8601())),
      ("text", .string(message.announcement)), ("reason", .text(reason)), ("plan", plan),
    ])
    return delivery(
      "\(channel)/\(event)/\(number)", channel, occasion.rawValue, Array(JSONPrinter.text(body).utf8))
  }

  /// The shared folder of old; a stop names the plans it ends.
  private func files(_ channel: String) throws(ChannelError) -> [Delivery] {
    guard occasion == .plan || occasion == .stop, let document, !document.plans.isEmpty else { return [] }
    let isStop = occasion == .stop
    let payload = try FileDropPayload(
      category: category, event: event, revision: revision, plan: planNumber,
      label: message.revision?.replacing(" ", with: "-") ?? "PLAN", reason: isStop ? reason : nil,
      files: document.plans.map { plan in
        .init(
          folder: "TILING", name: plan.telescope.name,
          text: isStop ? PlanText.render(plan.stopped) : PlanText.render(plan))
      })
    return [
      delivery(
        "\(channel)/\(event)/\(number)", channel, isStop ? FileDropPayload.stop : FileDropPayload.plan,
        try payload.encoded(), slot: "\(channel)/\(event)")
    ]
  }
}

extension PlanDocument {
  /// The same with nothing left to do, so that whoever opens it sees STOP.
  var stopped: PlanDocument {
    var copy = self
    copy.status = .stop
    copy.rows = []
    return copy.sealed()
  }
}
