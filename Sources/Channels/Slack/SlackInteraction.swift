import Foundation

/// What a button of ours says when it is pressed.
public enum SlackAction: String, Hashable, Sendable, CaseIterable {
  /// A telescope's team on its plan.
  case accept = "vesper.accept"
  case refuse = "vesper.refuse"
  case cannot = "vesper.cannot"
  /// The shift on the event.
  case followUp = "vesper.follow-up"
  case noFollowUp = "vesper.no-follow-up"
  case confirmStop = "vesper.confirm-stop"
  /// A button that only opens an address; Slack reports it all the same.
  case open = "vesper.open"
}

/// What a button is about: its `value`, as JSON.
public struct SlackActionValue: Hashable, Sendable, Codable {
  public let event: String
  /// Of the plan; nil if the button is about the event alone.
  public let revision: Int?
  public let telescope: String?

  public init(event: String, revision: Int? = nil, telescope: String? = nil) {
    self.event = event
    self.revision = revision
    self.telescope = telescope
  }

  /// - Throws: `.payload` if the names do not fit into a button (2,000 characters).
  public func encoded() throws(ChannelError) -> String {
    let text = String(decoding: try PayloadJSON.encode(self), as: UTF8.self)
    guard text.utf16.count <= SlackBlock.Limit.value else { throw .payload("a button's value is too long") }
    return text
  }
}

/// One press of one of our buttons, out of a verified request's body.
public struct SlackInteraction: Hashable, Sendable {
  public let action: SlackAction
  public let value: SlackActionValue?
  /// Slack's id of the person.
  public let user: String
  public let conversation: String
  /// Of the message with the button.
  public let messageTS: String
  /// Of the press.
  public let actionTS: String

  /// The same press always has the same key: what was done for it once is not done again.
  public var key: String {
    "slack-action/\(conversation)/\(messageTS)/\(user)/\(action.rawValue)/\(actionTS)"
  }

  /// - Parameter body: the raw body, `payload=` and JSON in form encoding.
  /// - Returns: nil if it is no press of a button of ours.
  public init?(body: [UInt8]) {
    guard body.count <= 1 << 20, let json = Self.payload(of: body), let answer = JSONAnswer(Array(json.utf8)),
      answer["type"].text == "block_actions", let pressed = answer["actions"].elements?.first,
      let name = pressed["action_id"].text,
      let action = SlackAction(rawValue: String(name.prefix { $0 != "#" })),
      let user = answer["user"]["id"].text, Self.isID(user),
      let conversation = answer["channel"]["id"].text, Self.isID(conversation),
      let messageTS = answer["container"]["message_ts"].text, SlackPlace.isTS(messageTS),
      let actionTS = pressed["action_ts"].text, SlackPlace.isTS(actionTS)
    else { return nil }
    self.action = action
    self.user = user
    self.conversation = conversation
    self.messageTS = messageTS
    self.actionTS = actionTS
    value = pressed["value"].text.flatMap { text in
      // A value that is not ours leaves the press without one; the caller decides by that.
      try? PayloadJSON.decode(SlackActionValue.self, from: Array(text.utf8))
    }
  }

  private static func payload(of body: [UInt8]) -> String? {
    for field in String(decoding: body, as: UTF8.self).split(separator: "&") where field.hasPrefix("payload=")
    {
      return field.dropFirst("payload=".count).replacing("+", with: " ").removingPercentEncoding
    }
    return nil
  }

  private static func isID(_ text: String) -> Bool {
    (2...40).contains(text.utf8.count)
      && text.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) }
  }
}
