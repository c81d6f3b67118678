import Foundation

/// Notices of invented events in the formats of the senders, with times of now so that policies act.
struct NoticeFactory {
  private let alert: [String: Any]
  /// Base64 of two different maps: an update moves the place.
  private let maps: [String]
  private var random: SeededRandom
  private let now = Date()
  private var counter = 0

  init(fixtures: String, random: SeededRandom) throws {
    self.random = random
    let text = try Data(contentsOf: URL(filePath: "\(fixtures)/notices/MS260915a-initial.json"))
    guard let alert = try JSONSerialization.jsonObject(with: text) as? [String: Any],
      let map = (alert["event"] as? [String: Any])?["skymap"] as? String
    else { throw ChaosError("\(fixtures)/notices/MS260915a-initial.json is not the alert it was") }
    self.alert = alert
    let other = try Data(
      contentsOf: URL(filePath: "\(fixtures)/skymaps/MS261009b-two-detectors.multiorder.fits"))
    maps = [map, other.base64EncodedString()]
  }

  private mutating func number() -> Int {
    counter += 1
    return counter
  }

  static func bytes(_ json: [String: Any]) throws -> [UInt8] {
    Array(try JSONSerialization.data(withJSONObject: json, options: [.sortedKeys, .withoutEscapingSlashes]))
  }

  // MARK: Gravitational waves

  /// `a`, ..., `z`, `aa`, ...
  private static func letters(_ n: Int) -> String {
    var (n, text) = (n, "")
    repeat {
      text = String(UnicodeScalar(UInt8(97 + n % 26))) + text
      n = n / 26 - 1
    } while n >= 0
    return text
  }

  /// A superevent from its first notice to its last.
  mutating func wave(isReal: Bool, isRetracted: Bool, retractionFirst: Bool = false) throws -> EventScript {
    let id = (isReal ? "S" : "MS") + now.shortDay + Self.letters(25 + number())
    let time = now.addingTimeInterval(-random.between(60, 1200))
    var stages = ["PRELIMINARY", "INITIAL", "UPDATE"]
    if random.chance(0.4) { stages.insert("EARLYWARNING", at: 0) }
    if random.chance(0.3) { stages.removeLast() }
    var notices: [HandIn] = []
    for (step, stage) in stages.enumerated() {
      notices.append(
        HandIn("\(id)-\(stage)", try waveAlert(id, stage, time: time, step: step, isReal: isReal)))
    }
    if isRetracted {
      let bytes = try Self.bytes([
        "alert_type": "RETRACTION", "superevent_id": id, "event": NSNull(), "external_coinc": NSNull(),
        "time_created": time.addingTimeInterval(50).utc,
        "urls": ["gracedb": "https://example.org/superevents/\(id)/view/"],
      ])
      notices.insert(HandIn("\(id)-RETRACTION", bytes), at: retractionFirst ? 0 : notices.count)
    }
    return EventScript(id: id, isReal: isReal, isRetracted: isRetracted, notices: notices)
  }

  private func waveAlert(
    _ id: String, _ stage: String, time: Date, step: Int, isReal: Bool
  ) throws -> [UInt8] {
    var json = alert
    json["alert_type"] = stage
    json["superevent_id"] = id
    json["time_created"] = time.addingTimeInterval(Double(10 + 10 * step)).utc
    json["urls"] = ["gracedb": "https://example.org/superevents/\(id)/view/"]
    var event = json["event"] as? [String: Any] ?? [:]
    event["time"] = time.utc
    event["search"] = isReal ? "AllSky" : "MDC"
    event["skymap"] =
      stage == "EARLYWARNING" ? NSNull() : stage == "UPDATE" ? maps[1] as Any : maps[0] as Any
    json["event"] = event
    return try Self.bytes(json)
  }

  // MARK: Bursts

  /// Swift-BAT circles that shrink: short bursts get telescopes, others not.
  mutating func burst(isReal: Bool, isRetracted: Bool) throws -> EventScript {
    let trigger = "\(1_400_000 + number())"
    let time = now.addingTimeInterval(-random.between(60, 3600))
    let (ra, dec) = (random.between(0, 360), random.between(-60, 60))
    let duration = random.chance(0.6) ? random.between(0.1, 1.8) : random.between(3, 90)
    var notices: [HandIn] = []
    for step in 0..<(2 + Int(random.unit() * 2)) {
      notices.append(
        HandIn(
          "swift-\(trigger)-\(step)",
          try Self.bytes([
            "$schema": "https://gcn.nasa.gov/schema/main/gcn/notices/swift/bat/alert.schema.json",
            "mission": "Swift", "instrument": "BAT", "id": [trigger], "record_number": step + 1,
            "alert_type": step == 0 ? "initial" : "update", "alert_tense": isReal ? "current" : "test",
            "trigger_time": time.utc, "alert_datetime": time.addingTimeInterval(Double(15 * (step + 1))).utc,
            "ra": ra, "dec": dec, "ra_dec_error": 0.05 / Double(step + 1), "containment_probability": 0.9,
            "systematic_included": true, "t90": duration, "image_snr": 8.5, "rate_snr": 11,
          ])))
    }
    if isRetracted {
      notices.append(
        HandIn(
          "swift-\(trigger)-retraction",
          try Self.bytes([
            "$schema": "https://gcn.nasa.gov/schema/main/gcn/notices/swift/bat/alert.schema.json",
            "mission": "Swift", "instrument": "BAT", "id": [trigger], "alert_type": "retraction",
            "alert_tense": isReal ? "current" : "test", "trigger_time": time.utc,
            "alert_datetime": time.addingTimeInterval(90).utc,
          ])))
    }
    return EventScript(id: "swift-\(trigger)", isReal: isReal, isRetracted: isRetracted, notices: notices)
  }

  // MARK: The rest

  /// About one of the events, or about none that is followed.
  mutating func circular(about id: String?) throws -> HandIn {
    let n = number()
    let name = id ?? "GRB 30\(1000 + n)A"
    return HandIn(
      "circular-\(n)",
      try Self.bytes([
        "$schema": "https://gcn.nasa.gov/schema/main/gcn/circulars.schema.json", "eventId": name,
        "submitter": "Example", "subject": "\(name): optical upper limits", "circularId": 50_000 + n,
        "version": 1, "createdOn": Int(now.timeIntervalSince1970 * 1000) + n,
        "body": "We observed the field of \(name) with one telescope.\n\nr > 19.\(n % 10) mag. Report \(n).",
      ]))
  }

  /// The same notice with blanks after it: other bytes, the same content.
  mutating func reworded(_ original: HandIn) -> HandIn {
    let n = number()
    return HandIn(
      "\(original.name)-again-\(n)",
      original.bytes + [10] + [UInt8](repeating: 32, count: n % 97) + Array(repeating: 10, count: n / 97))
  }

  enum Poison: CaseIterable { case cut, page, noise, entities, bare, badText, list, empty }

  mutating func poison(_ kind: Poison) throws -> HandIn {
    let n = number()
    let bytes: [UInt8]
    switch kind {
    case .cut:
      let whole = try waveAlert("S\(now.shortDay)zz", "INITIAL", time: now, step: n, isReal: true)
      bytes = Array(whole.prefix(200 + Int(random.unit() * 5000)))
    case .page: bytes = Array("<!doctype html><html><title>502 Bad Gateway</title><p>\(n)</html>".utf8)
    case .noise: bytes = (0..<300).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    case .entities:
      bytes = Array(
        "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"\(n)\">]><VOEvent ivorn=\"&a;\"></VOEvent>".utf8)
    case .bare: bytes = Array("{\"temperature\": \(n)}".utf8)
    case .badText: bytes = Array("{\"superevent_id\": \"S\(n)".utf8) + [0xC3, 0x28, 0xFF] + Array("\"}".utf8)
    case .list: bytes = Array("[\(n), 2, 3]".utf8)
    case .empty: bytes = []
    }
    return HandIn("poison-\(kind)-\(n)", bytes, .quarantined)
  }
}
