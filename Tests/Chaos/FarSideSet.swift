import FarSides
import Foundation

/// Everybody who is told something, each with its own seeded faults.
struct FarSideSet: Sendable {
  static let conversation = "C0CHAOS01"
  static let token = "chaos-slack-token"
  let slack: SlackFarSide
  /// Can be asked what it has; takes mocks.
  let open: WebhookFarSide
  /// Cannot be asked.
  let blind: WebhookFarSide
  let mail: MailFarSide
  /// Knows every event; takes no mocks.
  let treasureMap: TreasureMapFarSide
  static let instruments = ["tarot-tca": 93, "tarot-tre": 94, "fram-auger~f": 95, "abao-t70~8": 96]

  init(_ options: Options, folder: String) throws {
    func history(_ name: String) throws -> History { try History(path: "\(folder)/\(name).jsonl") }
    func writes(_ salt: UInt64, _ faults: [Treatment]) -> FaultPlan {
      let plan = FaultPlan()
      // Takes effect at once and answers slowly: a kill falls between the two.
      plan.always(Treatment(accepts: true, .slow(1)))
      plan.sometimes(faults, share: options.faults, seed: options.seed &* 31 &+ salt)
      return plan
    }
    slack = try SlackFarSide(
      token: Self.token, conversation: Self.conversation, history: try history("slack"),
      faults: writes(1, Self.writeFaults), readFaults: writes(2, Self.readFaults))
    open = try WebhookFarSide(
      history: try history("webhook-open"), faults: writes(3, Self.writeFaults),
      readFaults: writes(4, Self.readFaults))
    blind = try WebhookFarSide(history: try history("webhook-blind"), faults: writes(5, Self.writeFaults))
    mail = try MailFarSide(history: try history("mail"), faults: writes(6, Self.mailFaults))
    treasureMap = try TreasureMapFarSide(
      token: Self.token, events: nil, history: try history("treasure-map"),
      faults: writes(7, Self.writeFaults), readFaults: writes(8, Self.readFaults))
  }

  private static let tooMany = Treatment(accepts: false, .status(429, retryAfter: 1))
  private static let writeFaults: [Treatment] = [
    .acceptedThen504, .acceptedThen504, Treatment(accepts: false, .status(504)), tooMany, tooMany,
    .resetUnread, .acceptedThenReset, .acceptedThenTruncated, .acceptedThenPage, .pageUnread,
    .acceptedThenHang, .hangUnread,
  ]
  private static let readFaults: [Treatment] = [
    Treatment(accepts: false, .status(503, retryAfter: 1)), tooMany, .resetUnread, .pageUnread,
    .acceptedThenTruncated,
  ]
  private static let mailFaults: [Treatment] = [
    Treatment(accepts: false, .status(451)), Treatment(accepts: false, .status(421)), .acceptedThenReset,
    .resetUnread, .acceptedThenTruncated, .acceptedThenHang,
  ]

  /// No more faults: what is owed can be settled.
  func calm() {
    for plan in [
      slack.server.faults, slack.server.readFaults, open.server.faults, open.server.readFaults,
      blind.server.faults, mail.faults, treasureMap.server.faults, treasureMap.server.readFaults,
    ] { plan.always(.normal) }
  }

  func stop() {
    slack.stop()
    open.stop()
    blind.stop()
    mail.stop()
    treasureMap.stop()
  }
}
