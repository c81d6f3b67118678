import Deliveries
import FarSides
import Foundation
import Testing
import Units
import WebClient

@testable import Channels

/// A value that must never be seen in a text.
let canary = "xoxb-CANARY+8f3a/secret=="
let conversation = "C0TEST123"
let now = Instant(utcYear: 2026, month: 11, day: 21, hour: 2, minute: 58, second: 12)!
/// Long enough for a busy machine, short enough to wait for.
let impatient = Deadlines(connect: .seconds(20), total: .milliseconds(900))
/// Never reached in a test that passes.
let patient = Deadlines(connect: .seconds(60), total: .seconds(60))

func delivery(
  _ key: String, _ channel: String = "slack", _ kind: String, _ payload: [UInt8], isMock: Bool = false,
  needs: [String] = []
) -> Delivery {
  Delivery(
    key: DeliveryKey(key), channel: channel, kind: kind, payload: payload, event: "S230518h", isMock: isMock,
    notBefore: Instant.wallClock, needs: needs.map { DeliveryKey($0) })
}

extension Instant {
  /// Far sides stamp with the clock of this machine, so tests that read back begin there.
  static var wallClock: Instant { Instant(unixSeconds: Int64(Date().timeIntervalSince1970))! }
}

extension SendOutcome {
  var receipt: String? { if case .confirmed(let receipt) = self { receipt } else { nil } }
  /// The name of the case.
  var word: String {
    switch self {
    case .confirmed: "confirmed"
    case .unsent: "unsent"
    case .ambiguous: "ambiguous"
    case .refused: "refused"
    case .halted: "halted"
    }
  }
  var after: Instant? { if case .unsent(_, let after) = self { after } else { nil } }
}

extension ReadBack {
  var word: String {
    switch self {
    case .present: "present"
    case .absent: "absent"
    case .unknown(_, true): "unknown for good"
    case .unknown(_, false): "unknown now"
    }
  }
}

/// A folder that is gone when the test is over.
final class Scratch {
  let path: String
  init() throws {
    path = NSTemporaryDirectory() + "vesper-channels-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }  // left-overs of a failed test do no harm
}

/// An event with everything known.
func fullMessage() -> EventMessage {
  var m = EventMessage(event: "S230518h", kind: .gravitationalWave, verdict: .go, made: now)
  m.revision = "UPDATE 2"
  m.time = Instant(utcYear: 2026, month: 11, day: 21, hour: 1, minute: 58)
  m.classification = .init("NSBH", probability: Fraction(0.86))
  m.distance = (.megaparsecs(117), .megaparsecs(31))
  m.area50 = .squareDegrees(120)
  m.area90 = .squareDegrees(460)
  m.falseAlarmsPerYear = 0.01
  m.instruments = ["H1", "L1"]
  m.score = 3
  m.rule = "grandma-o4/near"
  m.reasons = ["Rule \"near\" holds: distance < 200 (117)."]
  m.changes = ["area90: 900 -> 460"]
  m.circular = 33813
  m.probability = Fraction(0.42)
  m.telescopes = [
    .init("FRAM-Auger", tiles: 8, firstStart: now + .hours(1.5), probability: Fraction(0.1)),
    .init(
      "TAROT/TCA", tiles: 12, dark: TimeWindow(now, now + .hours(3)), firstStart: now + .minutes(13),
      probability: Fraction(0.31), link: "https://vesper.example/o/3f9a"),
    .init("UBAI/NT60", tiles: 0, note: "below 30 deg all night"),
  ]
  m.onDuty = ["follow-up advocate A"]
  m.links = [
    .init("GraceDB", "https://gracedb.example/superevents/S230518h"), .init("bad", "javascript:alert(1)"),
  ]
  m.plan = "S230518h-r4"
  return m
}

/// Texts that would do something where they are not treated as text.
let hostileTexts: [String] = [
  "<!channel> wake up", "<!here>", "<!everyone>", "<@U12345>", "<#C12345|general>",
  "@channel @here @everyone",
  "<https://evil.example|GraceDB>", "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>",
  "&lt;!channel&gt;",
  "``` end of code ``` <!channel>", "*bold* _it_ ~no~", ":rotating_light:", "a\r\nBcc: victim@evil.example",
  "a\nSubject: other", "\u{0}nul", "\u{202E}txet desrever", "\u{2028}line\u{2029}par", "=?UTF-8?B?SGk=?=",
  "=cmd|' /C calc'!A0", "../../etc/passwd", "<\u{0301}!channel>", "<!subteam^S123>", "<!date^1^x|y>",
  "{\"a\":1}",
  String(repeating: "A", count: 5000), String(repeating: "&", count: 4000),
  String(repeating: "🟢", count: 3000), "",
  "\u{FEFF}\u{200B}", "mailto:x@y.example", "%0d%0aBcc: x", "\\\"", "'; DROP TABLE delivery; --",
]
