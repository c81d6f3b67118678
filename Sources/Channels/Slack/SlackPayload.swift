import Deliveries

/// What a Slack delivery is to say; made when it is decided.
///
/// Kinds: `post` (the root message of an event), `edit` (its new state, in place), `reply` (history, in its
/// thread). `edit` and `reply` have the root's delivery among their needs.
public struct SlackPayload: Hashable, Sendable, Codable {
  public static let post = "post"
  public static let edit = "edit"
  public static let reply = "reply"

  /// What a telephone shows before the message is opened; escaped.
  public let text: String
  public let blocks: [SlackBlock]
  /// The key of the event's `post`; nil in the post itself.
  public let root: String?
  /// Counts the states of the root, from 0 at the post: a later state is never overwritten by an earlier.
  public let sequence: Int
  /// Show a reply in the channel too: for STOP and changes of class or decision.
  public let broadcast: Bool

  /// - Throws: `.payload` naming what Slack would refuse.
  public init(
    text: String, blocks: [SlackBlock], root: DeliveryKey? = nil, sequence: Int = 0, broadcast: Bool = false
  ) throws(ChannelError) {
    self.text = text
    self.blocks = blocks
    self.root = root?.text
    self.sequence = sequence
    self.broadcast = broadcast
    if let fault { throw .payload(fault) }
  }

  /// The bytes for `Delivery.payload`.
  public func encoded() throws(ChannelError) -> [UInt8] { try PayloadJSON.encode(self) }

  /// What Slack would refuse; nil if nothing.
  var fault: String? {
    guard (1...SlackBlock.Limit.push).contains(text.utf16.count) else {
      return "a push text of \(text.utf16.count) characters, 1 to \(SlackBlock.Limit.push) are allowed"
    }
    guard (1...SlackBlock.Limit.blocks).contains(blocks.count) else {
      return "\(blocks.count) blocks, 1 to \(SlackBlock.Limit.blocks) are allowed"
    }
    guard sequence >= 0 else { return "a negative sequence" }
    for (index, block) in blocks.enumerated() {
      if let fault = block.fault { return "block \(index + 1): \(fault)" }
    }
    return nil
  }

  /// Reads and checks a delivery's payload.
  init(of delivery: Delivery) throws(ChannelError) {
    self = try PayloadJSON.decode(SlackPayload.self, from: delivery.payload)
    if let fault { throw .payload(fault) }
    switch delivery.kind {
    case Self.post where root == nil: break
    case Self.edit where root != nil, Self.reply where root != nil: break
    case Self.post, Self.edit, Self.reply:
      throw .payload("a \(delivery.kind) \(root == nil ? "without" : "with") a root")
    default: throw .payload("Slack knows no kind \"\(PlainText.oneLine(delivery.kind).prefix(40))\"")
    }
  }
}

/// Where a message is: the receipt of every Slack delivery, `C0123ABCD/1503435956.000247`.
public struct SlackPlace: Hashable, Sendable, CustomStringConvertible {
  public let conversation: String
  public let ts: String

  public init?(_ receipt: String) {
    let parts = receipt.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2 else { return nil }
    self.init(conversation: parts[0], ts: parts[1])
  }

  public init?(conversation: String, ts: String) {
    guard Self.isConversation(conversation), Self.isTS(ts) else { return nil }
    self.conversation = conversation
    self.ts = ts
  }

  public var description: String { "\(conversation)/\(ts)" }

  /// An id, since only `chat.postMessage` takes names.
  static func isConversation(_ text: String) -> Bool {
    guard let first = text.first, "CGD".contains(first), (2...40).contains(text.utf8.count) else {
      return false
    }
    return text.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) }
  }

  static func isTS(_ text: String) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 2
      && parts.allSatisfy {
        (1...16).contains($0.utf8.count) && $0.utf8.allSatisfy { (48...57).contains($0) }
      }
  }
}
