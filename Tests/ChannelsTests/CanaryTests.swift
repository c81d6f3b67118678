import Deliveries
import Foundation
import Testing
import Units
import WebClient

@testable import Channels
@testable import FarSides

/// Far sides that say the secret back in every way they can: it must not reach outcomes, errors or dumps.
@Suite struct CanaryTests {
  /// Answers every request with the same status and a body that holds the token, plain and encoded.
  private func echo(_ status: Int, _ type: String, _ body: String) throws -> HTTPFarSide {
    try HTTPFarSide(port: 0, faults: FaultPlan(), readFaults: FaultPlan()) { _ in
      FarAnswer(status, headers: ["Content-Type: \(type)", "X-Echo: \(canary)"], body: Array(body.utf8))
    }
  }

  private func isClean(_ values: Any...) -> Bool {
    var text = ""
    for value in values {
      text += "\(value) \(String(reflecting: value)) "
      dump(value, to: &text)
    }
    return !text.contains("CANARY") && !text.precomposedStringWithCompatibilityMapping.contains("CANARY")
  }

  static let encoded = canary.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""

  @Test(arguments: [200, 400, 401, 500])
  func httpChannels(_ status: Int) async throws {
    let client = try WebClient()
    for body in [
      "{\"ok\":false,\"error\":\"token \(canary) is bad\",\"detail\":\"\(canary)\"}",
      "{\"detail\":{\"message\":\"\(Self.encoded)\",\"errors\":[{\"message\":\"\(canary)\u{301}\"}]}}",
      "\(canary)",
      "{\"ok\":true,\"channel\":\"\(canary)\",\"ts\":\"\(canary)\",\"pointing_ids\":[],\"ERRORS\":[[\"\(canary)\"]]}",
      "[{\"id\":1,\"status\":\"\(canary)\"}]",
    ] {
      for type in ["application/json", canary] {
        let far = try echo(status, type, body)
        let base = "http://127.0.0.1:\(far.port)"
        var slack = SlackChannel.Configuration(conversation: conversation, token: Secret(canary))
        slack.base = base
        var map = TreasureMapChannel.Configuration(token: Secret(canary))
        map.base = base
        var hook = WebhookChannel.Configuration(name: "w", address: base + "/hook", secret: Secret(canary))
        hook.bearer = Secret(canary)
        hook.readBackAddress = base + "/{key}"
        let item = try TreasureMapPayload(event: "S230518h", instrument: 1, items: [.init(try pointing(1))])
        let text = try SlackPayload(text: "x", blocks: [.divider]).encoded()
        let pairs: [(any DeliveryChannel, Delivery)] = [
          (try SlackChannel(slack, client: client), delivery("k", "slack", "post", text)),
          (try TreasureMapChannel(map, client: client), delivery("k", "map", "planned", try item.encoded())),
          (try WebhookChannel(hook, client: client), delivery("k", "w", "x", Array("{}".utf8))),
        ]
        for (channel, delivery) in pairs {
          let sent = await channel.send(delivery, receipts: [:], now: now)
          let read = await channel.readBack(delivery, receipts: [:], now: now)
          #expect(isClean(sent, read, channel), "\(type) \(body)")
        }
        #expect(isClean(slack, map, hook))
      }
    }
  }

  @Test(arguments: ["535 5.7.8 \(canary) wrong", "454 4.7.0 \(canary)", "550 \(canary)"])
  func mail(_ reply: String) async throws {
    let listener = try Listener(port: 0) { connection in
      connection.send("220 far ESMTP\r\n")
      while let line = connection.readLine() {
        if line.hasPrefix("EHLO") {
          connection.send("250-far\r\n250 AUTH PLAIN\r\n")
        } else {
          connection.send(reply + "\r\n")
        }
      }
    }
    defer { listener.stop() }
    let server = MailServer(
      host: "127.0.0.1", port: listener.port, security: .none, user: "vesper", password: Secret(canary))
    let configuration = MailChannel.Configuration(
      server: server, sender: MailAddress("vesper@a.example"), messageHost: "vesper.example")
    let channel = try MailChannel(configuration)
    let payload = try MailPayload(to: [MailAddress("b@b.example")], subject: "s", body: "b", date: now)
    let outcome = await channel.send(
      delivery("k", "mail", "mail", try payload.encoded()), receipts: [:], now: now)
    #expect(["halted", "unsent", "refused"].contains(outcome.word), "\(outcome)")
    #expect(isClean(outcome, channel, configuration))
  }

  @Test func theRedactorItself() {
    let redact = Redactor([Secret(canary)])
    #expect(redact("a \(canary) b") == "a «secret» b")
    #expect(!redact("a \(canary)\u{301} b").contains("CANARY"))
    #expect(!redact(Self.encoded).contains("CANARY"))
    #expect(redact("a\r\n\u{202E}b") == "a b")
    #expect(redact(String(repeating: "x", count: 1000)).count == 300)
  }
}
