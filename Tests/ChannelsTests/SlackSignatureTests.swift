import TestSupport
import Testing
import Units
import WebClient

@testable import Channels

@Suite struct SlackSignatureTests {
  private let clock = Instant(unixSeconds: 1_800_000_000)!
  private let body = Array("payload=%7B%7D".utf8)
  private let secret = Secret("signing-secret")

  private func sign(_ time: String, _ body: [UInt8]) -> String {
    SlackSignature.sign(timestamp: time, body: body, secret: secret)
  }

  @Test func matchesAnotherImplementation() {
    // hmac.new(b"signing-secret", b"v0:1800000000:payload=%7B%7D", "sha256") of Python 3.11.
    let python = "3d749cbbca002100aa27d47bf8cf5a8c8f8e119b8f027631c06908eb410b2531"
    #expect(sign("1800000000", body) == "v0=" + python)
  }

  @Test func genuineOnce() {
    var verifier = SlackSignature(secret: secret)
    let signature = sign("1800000000", body)
    #expect(
      verifier.verify(timestamp: "1800000000", signature: signature, body: body, now: clock) == .genuine)
    for _ in 0..<1000 {
      #expect(
        verifier.verify(timestamp: "1800000000", signature: signature, body: body, now: clock) == .replayed)
    }
    // The window has passed: stale before it could be forgotten.
    let later = clock + .seconds(301)
    #expect(
      verifier.verify(timestamp: "1800000000", signature: signature, body: body, now: later)
        == .stale(.seconds(301)))
  }

  @Test(arguments: [(-300, true), (-301, false), (300, true), (301, false), (0, true)])
  func theWindowIsFiveMinutes(_ offset: Int64, _ isInside: Bool) {
    var verifier = SlackSignature(secret: secret)
    let time = String(1_800_000_000 + offset)
    let verdict = verifier.verify(timestamp: time, signature: sign(time, body), body: body, now: clock)
    #expect((verdict == .genuine) == isInside)
  }

  @Test func everyChangeIsForged() {
    let signature = sign("1800000000", body)
    for i in body.indices {
      var verifier = SlackSignature(secret: secret)
      var other = body
      other[i] ^= 1
      #expect(
        verifier.verify(timestamp: "1800000000", signature: signature, body: other, now: clock) == .forged)
    }
    var verifier = SlackSignature(secret: secret)
    #expect(verifier.verify(timestamp: "1800000001", signature: signature, body: body, now: clock) == .forged)
    var stranger = SlackSignature(secret: Secret("another"))
    #expect(stranger.verify(timestamp: "1800000000", signature: signature, body: body, now: clock) == .forged)
  }

  @Test func malformedHeaders() {
    var verifier = SlackSignature(secret: secret)
    let signature = sign("1800000000", body)
    let cases: [(String?, String?)] = [
      (nil, signature), ("1800000000", nil), ("", signature), ("-1", signature), ("1e9", signature),
      ("1800000000 ", signature), ("99999999999999999999", signature),
      ("1800000000", "v1=" + signature.dropFirst(3)),
      ("1800000000", ""), ("1800000000", "v0="), ("١٨٠٠٠٠٠٠٠٠", signature),
    ]
    for (time, signature) in cases {
      #expect(verifier.verify(timestamp: time, signature: signature, body: body, now: clock) == .malformed)
    }
  }

  @Test func manyDifferentRequestsPass() {
    var verifier = SlackSignature(secret: secret)
    for i in 0..<500 {
      let body = Array("payload=\(i)".utf8)
      let time = "\(1_800_000_000 + i)"
      let at = clock + .seconds(i)
      #expect(verifier.verify(timestamp: time, signature: sign(time, body), body: body, now: at) == .genuine)
    }
  }

  @Test func nothingShowsTheSecret() {
    let verifier = SlackSignature(secret: Secret(canary))
    #expect(!"\(verifier)".contains("CANARY"))
    #expect(!String(reflecting: verifier).contains("CANARY"))
  }
}

@Suite struct SlackInteractionTests {
  private func body(_ json: String) -> [UInt8] {
    let encoded = json.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    return Array("payload=\(encoded)".utf8)
  }

  private func press(_ action: String, value: String, user: String = "U123", ts: String = "1800000000.000100")
    -> [UInt8]
  {
    let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return body(
      """
      {"type":"block_actions","user":{"id":"\(user)","name":"x"},"channel":{"id":"C123"},
       "container":{"message_ts":"\(ts)"},
       "actions":[{"action_id":"\(action)","action_ts":"1800000005.1","value":"\(escaped)"}]}
      """)
  }

  @Test(arguments: SlackAction.allCases)
  func aPressIsRead(_ action: SlackAction) throws {
    let value = SlackActionValue(event: "S230518h", revision: 4, telescope: "TAROT/TCA")
    let press = try #require(SlackInteraction(body: press(action.rawValue, value: value.encoded())))
    #expect(press.action == action)
    #expect(press.value == value)
    #expect(press.user == "U123")
    #expect(press.key == "slack-action/C123/1800000000.000100/U123/\(action.rawValue)/1800000005.1")
  }

  @Test func whatIsNotOursIsNone() throws {
    #expect(SlackInteraction(body: []) == nil)
    #expect(SlackInteraction(body: Array("payload=%ZZ".utf8)) == nil)
    #expect(SlackInteraction(body: body("{}")) == nil)
    #expect(SlackInteraction(body: body("[[[[")) == nil)
    #expect(SlackInteraction(body: press("other.app", value: "")) == nil)
    #expect(SlackInteraction(body: press("vesper.accept", value: "", user: "<!channel>")) == nil)
    #expect(SlackInteraction(body: press("vesper.accept", value: "", ts: "1/../2")) == nil)
    let odd = try #require(SlackInteraction(body: press("vesper.open#3", value: "not json")))
    #expect(odd.action == .open)
    #expect(odd.value == nil)
  }
}
