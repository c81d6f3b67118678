import Deliveries
import Units
import WebClient

/// E-mail over SMTP. Nobody can be asked whether a mail arrived: an ambiguous one waits for a person.
public struct MailChannel: DeliveryChannel {
  public struct Configuration: Sendable {
    public var name = "mail"
    public var server: MailServer
    public var sender: MailAddress
    /// The right side of message ids: a domain of the network's own.
    public var messageHost: String
    public var acceptsMocks = false
    public var rate: (perSecond: Double, burst: Int) = (1, 5)
    public var deadlines = Deadlines(connect: .seconds(10), total: .seconds(60))

    public init(server: MailServer, sender: MailAddress, messageHost: String) {
      self.server = server
      self.sender = sender
      self.messageHost = messageHost
    }
  }

  public let name: String
  public let acceptsMocks: Bool
  public let rate: (perSecond: Double, burst: Int)
  private let client: MailClient
  private let composer: MailComposer
  private let deadlines: Deadlines
  private let redact: Redactor

  /// - Throws: `.configuration`.
  public init(_ configuration: Configuration) throws(ChannelError) {
    guard MailHeader.isAddress(configuration.sender.address) else {
      throw .configuration("the sender's mail address")
    }
    guard MailHeader.isHost(configuration.messageHost) else { throw .configuration("the message host") }
    do throws(WebError) { client = try MailClient(configuration.server) } catch {
      throw .configuration("the mail server: \(error)")
    }
    name = configuration.name
    acceptsMocks = configuration.acceptsMocks
    rate = configuration.rate
    deadlines = configuration.deadlines
    composer = MailComposer(sender: configuration.sender, host: configuration.messageHost)
    redact = Redactor([configuration.server.password].compactMap { $0 })
  }

  public func send(
    _ delivery: Delivery, receipts: [DeliveryKey: String], now: Instant
  ) async -> SendOutcome {
    let payload: MailPayload
    do { payload = try MailPayload(of: delivery) } catch { return .refused(reason: "\(error)") }
    if delivery.isMock, !acceptsMocks { return .refused(reason: "a mock on \(name)") }
    let message = MailMessage(
      from: composer.sender.address, to: payload.to.map(\.address),
      bytes: composer.compose(payload, key: delivery.key.text))
    do throws(WebError) {
      _ = try await client.send(message, deadlines: deadlines)
      return .confirmed(receipt: composer.messageID(delivery.key.text))
    } catch {
      return SendOutcome(error, redact, now: now)
    }
  }

  public func readBack(
    _ delivery: Delivery, receipts: [DeliveryKey: String], now: Instant
  ) async -> ReadBack {
    .unknown(reason: "a mail server cannot be asked what it delivered", final: true)
  }
}
