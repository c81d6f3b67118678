import Deliveries
import Units
import WebClient

/// Any service that takes JSON: the delivery's payload is posted as it is, signed, with the delivery's key
/// as `Idempotency-Key` and its kind as `Vesper-Kind`.
///
/// With a read-back address, an ambiguous attempt is settled by a GET: 200 means it is there, 404 or 410 it
/// is not. A receiver that promises to collapse equal keys gets an ambiguous delivery again instead.
public struct WebhookChannel: DeliveryChannel {
  public struct Configuration: Sendable {
    /// Such as `webhook:observatory`.
    public var name: String
    public var address: String
    /// For addresses that are secrets themselves: they are then shown nowhere.
    public var addressIsSecret = false
    public var secret: Secret
    /// Sent as `Authorization: Bearer` beside the signature.
    public var bearer: Secret?
    /// With `{key}` where the delivery's key belongs, in a segment of its path or in its query.
    public var readBackAddress: String?
    /// The receiver handles equal `Idempotency-Key`s once: sending again is then safe.
    public var collapsesEqualKeys = false
    public var acceptsMocks = false
    public var rate: (perSecond: Double, burst: Int) = (2, 5)
    public var deadlines = Deadlines.call

    public init(name: String, address: String, secret: Secret) {
      self.name = name
      self.address = address
      self.secret = secret
    }
  }

  public let name: String
  public let acceptsMocks: Bool
  public let rate: (perSecond: Double, burst: Int)
  private let url: WebURL
  private let configuration: Configuration
  private let client: WebClient
  private let redact: Redactor

  /// - Throws: `.configuration`.
  public init(_ configuration: Configuration, client: WebClient) throws(ChannelError) {
    do throws(WebError) {
      url = try WebURL(configuration.address, pathIsSecret: configuration.addressIsSecret)
      if let template = configuration.readBackAddress {
        guard template.contains("{key}") else { throw WebError.invalidRequest("no {key} in it") }
        _ = try Self.readBackURL(template, key: "key", configuration)
      }
    } catch {
      throw .configuration("the webhook's address: \(error)")
    }
    guard !configuration.secret.reveal().isEmpty else { throw .configuration("an empty webhook secret") }
    name = configuration.name
    acceptsMocks = configuration.acceptsMocks
    rate = configuration.rate
    self.configuration = configuration
    self.client = client
    var secrets = [configuration.secret]
    if let bearer = configuration.bearer { secrets.append(bearer) }
    if configuration.addressIsSecret { secrets.append(Secret(configuration.address)) }
    redact = Redactor(secrets)
  }

  private static func readBackURL(
    _ template: String, key: String, _ configuration: Configuration
  ) throws(WebError) -> WebURL {
    try WebURL(
      template.replacing("{key}", with: encoded(key)), pathIsSecret: configuration.addressIsSecret)
  }

  /// Percent-encoded whole; the dots too, since `..` would be a step up.
  private static func encoded(_ key: String) -> String {
    key.utf8.map { byte in
      switch byte {
      case 48...57, 65...90, 97...122, 45, 95: String(Unicode.Scalar(byte))
      default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }.joined()
  }

  /// A header's value of at most 255 visible characters: the key itself, or its hash.
  static func idempotencyKey(_ key: String) -> String {
    let isPlain = (1...255).contains(key.utf8.count) && key.utf8.allSatisfy { (33...126).contains($0) }
    return isPlain ? key : "sha256-" + SHA256.hexDigest(of: key)
  }

  private func secretHeaders(_ body: [UInt8], now: Instant) -> [SecretHeader] {
    // Not secret, but proof of the secret: it stays out of every dump of a request.
    let signature = Secret(WebhookSignature.sign(body, at: now, secret: configuration.secret))
    let bearer = configuration.bearer.map { SecretHeader.authorization("Bearer", $0) }
    return [SecretHeader(WebhookSignature.header, signature)] + [bearer].compactMap { $0 }
  }

  public func send(
    _ delivery: Delivery, receipts: [DeliveryKey: String], now: Instant
  ) async -> SendOutcome {
    guard JSONAnswer(delivery.payload) != nil else { return .refused(reason: "the payload is not JSON") }
    if delivery.isMock, !acceptsMocks { return .refused(reason: "a mock on \(name)") }
    let kind = String(PlainText.oneLine(delivery.kind).filter(\.isASCII).prefix(60))
    let request = WebRequest(
      .post, url,
      headers: ["Idempotency-Key": Self.idempotencyKey(delivery.key.text), "Vesper-Kind": kind],
      secretHeaders: secretHeaders(delivery.payload, now: now),
      body: WebBody(delivery.payload, contentType: "application/json"), deadlines: configuration.deadlines)
    let outcome: SendOutcome
    do throws(WebError) {
      outcome = judge(try await client.send(request), key: delivery.key.text, now: now)
    } catch {
      outcome = SendOutcome(error, redact, now: now)
    }
    if configuration.collapsesEqualKeys, case .ambiguous(let reason) = outcome {
      return .unsent(reason: reason + "; the receiver collapses equal keys", after: nil)
    }
    return outcome
  }

  private func judge(_ response: WebResponse, key: String, now: Instant) -> SendOutcome {
    let words = redact(response.text, limit: 120)
    guard response.isSuccess else {
      // 409: the receiver has this key already.
      if response.status == 409 { return .confirmed(receipt: "\(Self.idempotencyKey(key)) (already there)") }
      return SendOutcome(status: response, words, now: now)
    }
    let type = response.headers["Content-Type"]?.lowercased() ?? ""
    guard !type.hasPrefix("text/html") else {
      return .ambiguous(reason: "status \(response.status) with a page instead of an answer")
    }
    if type.hasPrefix("application/json"), !response.body.isEmpty, JSONAnswer(response.body) == nil {
      return .ambiguous(reason: "status \(response.status) with broken JSON")
    }
    return .confirmed(receipt: "\(Self.idempotencyKey(key)) (status \(response.status))")
  }

  public func readBack(
    _ delivery: Delivery, receipts: [DeliveryKey: String], now: Instant
  ) async -> ReadBack {
    guard let template = configuration.readBackAddress else {
      return .unknown(reason: "\(name) has no address to ask", final: true)
    }
    let key = Self.idempotencyKey(delivery.key.text)
    do throws(WebError) {
      let url = try Self.readBackURL(template, key: key, configuration)
      let signed = Array("GET \(key)".utf8)
      let response = try await client.send(
        WebRequest(
          .get, url, secretHeaders: secretHeaders(signed, now: now), deadlines: configuration.deadlines))
      switch response.status {
      case 404, 410: return .absent
      case 200:
        // A portal's page says nothing about the delivery.
        let isPage = response.headers["Content-Type"]?.lowercased().hasPrefix("text/html") == true
        return isPage
          ? .unknown(reason: "a page instead of an answer", final: false)
          : .present(receipt: "\(key) (read back)")
      default: return .unknown(reason: "status \(response.status)", final: false)
      }
    } catch {
      return .unknown(reason: redact(error.description), final: false)
    }
  }
}
