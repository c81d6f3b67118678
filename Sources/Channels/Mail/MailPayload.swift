import Deliveries
import Foundation
import Units

/// A mail address with an optional name for people.
public struct MailAddress: Hashable, Sendable, Codable {
  public let name: String?
  /// `local@domain`, plain ASCII without quoting.
  public let address: String

  public init(_ address: String, name: String? = nil) {
    self.address = address
    self.name = name
  }
}

/// A file in a mail.
public struct MailAttachment: Hashable, Sendable, Codable {
  public let filename: String
  /// Such as `text/csv; charset=utf-8` or `text/calendar; charset=utf-8; method=PUBLISH`.
  public let contentType: String
  public let content: Data

  public init(filename: String, contentType: String, content: some Sequence<UInt8>) {
    self.filename = filename
    self.contentType = contentType
    self.content = Data(content)
  }
}

/// What a mail delivery says; made when it is decided. The only kind is `mail`.
public struct MailPayload: Hashable, Sendable, Codable {
  public static let mail = "mail"

  public let to: [MailAddress]
  public let subject: String
  /// Plain text of any language; lines end with a line feed.
  public let body: String
  /// UTC, ISO 8601: when it was decided, so that a repeated mail has the same bytes.
  public let date: String
  /// The key of the first mail about the event, which opens the thread; nil in that mail.
  public let thread: String?
  public let attachments: [MailAttachment]
  /// Recipients do not see each other.
  public let hidesRecipients: Bool

  /// - Throws: `.payload` for what no mail server would take.
  public init(
    to: [MailAddress], subject: String, body: String, date: Instant, thread: DeliveryKey? = nil,
    attachments: [MailAttachment] = [], hidesRecipients: Bool = false
  ) throws(ChannelError) {
    self.to = to
    self.subject = subject
    self.body = body
    self.date = date.iso8601()
    self.thread = thread?.text
    self.attachments = attachments
    self.hidesRecipients = hidesRecipients
    if let fault { throw .payload(fault) }
  }

  public func encoded() throws(ChannelError) -> [UInt8] { try PayloadJSON.encode(self) }

  private static let maxRecipients = 100
  private static let maxBytes = 10 << 20

  /// What is wrong with it; nil if nothing. Addresses are checked once more by the mail client.
  var fault: String? {
    guard (1...Self.maxRecipients).contains(to.count) else {
      return "\(to.count) recipients, 1 to \(Self.maxRecipients) are allowed"
    }
    guard to.allSatisfy({ MailHeader.isAddress($0.address) }) else {
      return "an address that is not local@domain"
    }
    guard Instant(iso8601: date) != nil else { return "the date" }
    guard subject.contains(where: { !$0.isWhitespace }), subject.utf8.count <= 2000 else {
      return "the subject"
    }
    let total = attachments.reduce(body.utf8.count) { $0 + $1.content.count }
    guard total <= Self.maxBytes else { return "\(total) bytes, \(Self.maxBytes) are allowed" }
    return attachments.contains { !MailHeader.isContentType($0.contentType) } ? "an attachment's type" : nil
  }

  init(of delivery: Delivery) throws(ChannelError) {
    guard delivery.kind == Self.mail else {
      throw .payload("mail knows no kind \"\(PlainText.oneLine(delivery.kind).prefix(40))\"")
    }
    self = try PayloadJSON.decode(MailPayload.self, from: delivery.payload)
    if let fault { throw .payload(fault) }
  }
}
