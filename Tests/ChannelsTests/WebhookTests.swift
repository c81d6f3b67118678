import Deliveries
import FarSides
import Foundation
import Testing
import Units
import WebClient

@testable import Channels

private let body = Array(#"{"event":"S230518h","decision":"GO"}"#.utf8)
private let key = "webhook/S230518h/r3/über all"

struct WebhookBench {
  let far: WebhookFarSide
  let channel: WebhookChannel

  init(
    faults: [Treatment] = [], readFaults: [Treatment] = [], collapses: Bool = false, hasReadBack: Bool = true,
    secret: String = canary, farSecret: String = canary, deadlines: Deadlines = patient
  ) throws {
    far = try WebhookFarSide(
      history: History(), faults: FaultPlan(faults), readFaults: FaultPlan(readFaults), collapses: collapses
    ) { request in
      let value = request.header("vesper-signature") ?? ""
      let key = request.path.removingPercentEncoding?.dropFirst("/deliveries/".count) ?? ""
      let signed = request.method == "GET" ? Array("GET \(key)".utf8) : request.body
      return WebhookSignature.isGenuine(value, body: signed, secret: Secret(farSecret), now: now)
    }
    var configuration = WebhookChannel.Configuration(
      name: "webhook:obs", address: far.address, secret: Secret(secret))
    configuration.readBackAddress = hasReadBack ? far.readBackAddress : nil
    configuration.collapsesEqualKeys = collapses
    configuration.deadlines = deadlines
    channel = try WebhookChannel(configuration, client: WebClient())
  }

  var item: Delivery { delivery(key, "webhook:obs", "decision", body) }
  func send() async -> SendOutcome { await channel.send(item, receipts: [:], now: now) }
  func readBack() async -> ReadBack { await channel.readBack(item, receipts: [:], now: now) }
}

@Suite struct WebhookTests {
  @Test func signatureMatchesAnotherImplementation() {
    let clock = Instant(unixSeconds: 1_800_000_000)!
    // hmac.new(b"whsec", b'1800000000.{"a":1}', "sha256") of Python 3.11.
    let code = "adf19a16865985b0891b0e7e4f6770e17d6bdd6462d897848f5adb661c4381bb"
    let body = Array(#"{"a":1}"#.utf8)
    let value = WebhookSignature.sign(body, at: clock, secret: Secret("whsec"))
    #expect(value == "t=1800000000,v1=\(code)")
    func isGenuine(_ value: String, _ body: [UInt8], _ secret: String = "whsec", at now: Instant) -> Bool {
      WebhookSignature.isGenuine(value, body: body, secret: Secret(secret), now: now)
    }
    #expect(isGenuine(value, body, at: clock))
    #expect(isGenuine(value, body, at: clock + .seconds(300)))
    #expect(!isGenuine(value, body, at: clock + .seconds(301)))
    #expect(!isGenuine(value, body + [32], at: clock))
    #expect(!isGenuine(value, body, "other", at: clock))
    for bad in [
      "", "t=,v1=", "t=1800000000", "v1=\(code)", "t=1800000001,v1=\(code)", "t=1800000000,v1=",
      value + ",v1=x",
    ] {
      #expect(!isGenuine(bad, body, at: clock))
    }
  }

  @Test func arrivesSignedWithItsKey() async throws {
    let bench = try WebhookBench()
    #expect(await bench.send().word == "confirmed")
    let request = try #require(bench.far.server.requests.first)
    #expect(request.body == body)
    #expect(request.header("Vesper-Kind") == "decision")
    #expect(request.header("Idempotency-Key") == "sha256-" + SHA256.hexDigest(of: key))
    #expect(WebhookChannel.idempotencyKey("slack/S1/r2") == "slack/S1/r2")
    #expect(WebhookChannel.idempotencyKey(String(repeating: "x", count: 256)).hasPrefix("sha256-"))
    #expect(await bench.readBack().word == "present")
  }

  @Test(arguments: [
    Treatment.acceptedThen504, .acceptedThenReset, .acceptedThenHang, .acceptedThenTruncated,
    .acceptedThenPage,
    .resetUnread, .hangUnread, .pageUnread, Treatment(accepts: false, .status(502)),
  ])
  func ambiguousIsReadBack(_ treatment: Treatment) async throws {
    let bench = try WebhookBench(faults: [treatment], deadlines: impatient)
    #expect(await bench.send().word == "ambiguous")
    #expect(await bench.readBack().word == (treatment.accepts ? "present" : "absent"))
    let blind = try WebhookBench(faults: [treatment], hasReadBack: false, deadlines: impatient)
    #expect(await blind.send().word == "ambiguous")
    #expect(await blind.readBack().word == "unknown for good")
    let collapsing = try WebhookBench(faults: [treatment], collapses: true, deadlines: impatient)
    #expect(await collapsing.send().word == "unsent")
    #expect(await collapsing.send().word == "confirmed")
    #expect(collapsing.far.effects.values.max() == 1)
    #expect(collapsing.far.history.count == 1)
  }

  @Test(arguments: [
    (429, "unsent"), (408, "unsent"), (400, "refused"), (404, "refused"), (413, "refused"), (302, "refused"),
    (403, "halted"), (409, "confirmed"),
  ])
  func statuses(_ status: Int, _ word: String) async throws {
    let bench = try WebhookBench(faults: [Treatment(accepts: false, .status(status, retryAfter: 12))])
    let outcome = await bench.send()
    #expect(outcome.word == word)
    if word == "unsent" { #expect(outcome.after == now + .seconds(12)) }
  }

  @Test func wrongSecretHalts() async throws {
    let bench = try WebhookBench(secret: canary, farSecret: "other")
    let outcome = await bench.send()
    #expect(outcome.word == "halted")
    #expect(await bench.readBack().word == "unknown now")
    #expect(!"\(outcome) \(bench.channel)".contains("CANARY"))
  }

  @Test(arguments: [Treatment.pageUnread, .resetUnread, Treatment(accepts: true, .status(500))])
  func failedReadingIsNotAbsence(_ treatment: Treatment) async throws {
    let bench = try WebhookBench(readFaults: [treatment])
    #expect(await bench.readBack().word == "unknown now")
  }

  @Test func secretAddressesAreNotShown() async throws {
    var configuration = WebhookChannel.Configuration(
      name: "w", address: "http://127.0.0.1:1/services/CANARY", secret: Secret(canary))
    configuration.addressIsSecret = true
    configuration.bearer = Secret(canary)
    let channel = try WebhookChannel(configuration, client: WebClient())
    let outcome = await channel.send(delivery("k", "w", "x", body), receipts: [:], now: now)
    #expect(outcome.word == "unsent")
    #expect(!"\(outcome)".contains("CANARY"))
  }

  @Test func whatCannotWorkIsSaid() async throws {
    let client = try WebClient()
    for address in ["", "ftp://x", "https://user:pw@x/"] {
      let configuration = WebhookChannel.Configuration(name: "w", address: address, secret: Secret(canary))
      #expect(throws: ChannelError.self) { try WebhookChannel(configuration, client: client) }
    }
    var configuration = WebhookChannel.Configuration(
      name: "w", address: "https://x.example/", secret: Secret("s"))
    configuration.readBackAddress = "https://x.example/no-key"
    #expect(throws: ChannelError.self) { try WebhookChannel(configuration, client: client) }
    let bench = try WebhookBench()
    let junk = delivery("k", "w", "x", Array("not json".utf8))
    #expect(await bench.channel.send(junk, receipts: [:], now: now).word == "refused")
    let mock = delivery("k", "w", "x", body, isMock: true)
    #expect(await bench.channel.send(mock, receipts: [:], now: now).word == "refused")
    #expect(bench.far.server.requests.isEmpty)
  }
}
