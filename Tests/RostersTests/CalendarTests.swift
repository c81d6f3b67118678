import Foundation
import TestSupport
import Testing
import Units

@testable import Rosters

/// A reader of RFC 5545 that forgives nothing.
private struct StrictCalendar {
  struct Bad: Error { let why: String }
  final class Component {
    let name: String
    var properties: [(name: String, value: String)] = []
    var children: [Component] = []
    init(_ name: String) { self.name = name }
    func values(_ name: String) -> [String] { properties.filter { $0.name == name }.map(\.value) }
  }
  let root: Component

  init(_ text: String) throws {
    var bytes = Array(text.utf8)
    guard bytes.suffix(2) == [13, 10] else { throw Bad(why: "no CRLF at the end") }
    bytes.removeLast(2)
    var lines: [[UInt8]] = [[]]
    var i = 0
    while i < bytes.count {
      if bytes[i] == 13 {
        guard i + 1 < bytes.count, bytes[i + 1] == 10 else { throw Bad(why: "CR without LF") }
        lines.append([])
        i += 2
        continue
      }
      guard bytes[i] >= 32 || bytes[i] == 9, bytes[i] != 127 else { throw Bad(why: "control \(bytes[i])") }
      lines[lines.count - 1].append(bytes[i])
      i += 1
    }
    var unfolded: [[UInt8]] = []
    for line in lines {
      guard !line.isEmpty, line.count <= 75 else { throw Bad(why: "line of \(line.count) octets") }
      guard String(validating: line, as: UTF8.self) != nil else {
        throw Bad(why: "folded inside a character")
      }
      if line[0] == 32 {
        guard !unfolded.isEmpty else { throw Bad(why: "starts folded") }
        unfolded[unfolded.count - 1] += line.dropFirst()
      } else {
        unfolded.append(line)
      }
    }
    let top = Component("")
    var stack = [top]
    for line in unfolded {
      let text = String(decoding: line, as: UTF8.self)
      guard let colon = text.firstIndex(of: ":") else { throw Bad(why: "no colon: \(text)") }
      let (head, value) = (String(text[..<colon]), String(text[text.index(after: colon)...]))
      let name = String(head.prefix { $0 != ";" })
      guard !name.isEmpty, name.allSatisfy({ $0.isASCII && ($0.isLetter || $0 == "-") }) else {
        throw Bad(why: "name \(name)")
      }
      switch name {
      case "BEGIN":
        let child = Component(value)
        stack[stack.count - 1].children.append(child)
        stack.append(child)
      case "END":
        guard stack.count > 1, stack.removeLast().name == value else { throw Bad(why: "END:\(value)") }
      default:
        guard stack.count > 1 else { throw Bad(why: "outside: \(text)") }
        stack[stack.count - 1].properties.append((name, value))
      }
    }
    guard stack.count == 1, top.children.count == 1, top.children[0].name == "VCALENDAR" else {
      throw Bad(why: "nesting")
    }
    root = top.children[0]
    for (name, count) in [("VERSION", 1), ("PRODID", 1), ("METHOD", 1)] where root.values(name).count != count
    {
      throw Bad(why: name)
    }
    for event in root.children {
      for name in ["UID", "DTSTAMP", "DTSTART", "SEQUENCE", "SUMMARY", "STATUS"]
      where event.values(name).count != 1 {
        throw Bad(why: "\(name) \(event.values(name).count) times")
      }
      let known = [
        "UID", "DTSTAMP", "DTSTART", "DTEND", "SEQUENCE", "SUMMARY", "STATUS", "DESCRIPTION", "LOCATION",
        "URL", "CATEGORIES", "TRANSP", "LAST-MODIFIED",
      ]
      if let odd = event.properties.first(where: { !known.contains($0.name) }) { throw Bad(why: odd.name) }
      if let a = event.values("DTSTART").first, let b = event.values("DTEND").first, b <= a {
        throw Bad(why: "\(a) \(b)")
      }
    }
  }

  static func text(_ value: String) throws -> String {
    var out = ""
    var escaped = false
    for c in value.unicodeScalars {
      if escaped {
        guard [";", ",", "\\", "n"].contains(c) else { throw Bad(why: "escape \(c)") }
        out.unicodeScalars.append(c == "n" ? "\n" : c)
        escaped = false
      } else if c == "\\" {
        escaped = true
      } else {
        guard c != ";", c != "," else { throw Bad(why: "bare \(c)") }
        out.unicodeScalars.append(c)
      }
    }
    guard !escaped else { throw Bad(why: "escape at the end") }
    return out
  }
}

/// Python with icalendar: `VESPER_PYTHON`, or `python3` when it can import it.
private enum Python {
  static let executable: String? = {
    let candidate = ProcessInfo.processInfo.environment["VESPER_PYTHON"] ?? "python3"
    return run(candidate, ["-c", "import icalendar"]) == nil ? nil : candidate
  }()
  static func run(_ program: String, _ arguments: [String]) -> Data? {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [program] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }  // no such program: the test is skipped
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return process.terminationStatus == 0 ? data : nil
  }
}

@Suite struct CalendarTests {
  let stamp = at("2026-11-20T12:00Z")
  static let nasty = [
    "plain", "a;b,c\\d\\n", "line\nBEGIN:VEVENT\r\nUID:evil\rX:1", String(repeating: "été ☃ 🔭", count: 30),
    "\u{2028}ATTENDEE:x\u{85}y\u{0b}z\u{0}", ":;=\"", String(repeating: "x", count: 74),
    " leading and trailing ", "e\u{301}👩‍🚀",
  ]

  private func calendar() -> EventCalendar {
    EventCalendar(
      name: "Rösters; all, of\nthem",
      events: Self.nasty.enumerated().map { i, text in
        CalendarEvent(
          uid: "event-\(i)@example.org", window: TimeWindow(stamp, stamp + .hours(Double(i))), summary: text,
          details: text, location: text,
          url: i % 2 == 0 ? "https://example.org/a?b=c;d" : "https://x\r\nEVIL:1", categories: [text, "b"],
          status: i == 1 ? .cancelled : .confirmed, sequence: i, alarm: i < 3 ? .minutes(30) : nil)
      })
  }

  @Test func nothingThatIsWrittenCanBecomeAProperty() throws {
    let read = try StrictCalendar(calendar().text(stamp: stamp)).root
    #expect(read.children.count == Self.nasty.count)
    for (i, event) in read.children.enumerated() {
      #expect(event.values("URL").count == (i % 2 == 0 ? 1 : 0))
      #expect(event.children.count == (i == 0 || i == 2 ? 1 : 0), "no alarm for what is cancelled")
      #expect(event.values("DTSTAMP") == ["20261120T120000Z"])
      let summary = try StrictCalendar.text(event.values("SUMMARY")[0])
      if i == 1 || i == 3 || i == 7 || i == 8 { #expect(summary == Self.nasty[i]) }
      if i == 2 { #expect(summary == "line\nBEGIN:VEVENT\nUID:evil\nX:1") }
    }
    #expect(read.values("METHOD") == ["PUBLISH"])
    var withdrawn = calendar()
    withdrawn.method = .cancel
    let cancelled = try StrictCalendar(withdrawn.text(stamp: stamp)).root
    #expect(cancelled.children.allSatisfy { $0.values("STATUS") == ["CANCELLED"] && $0.children.isEmpty })
    #expect(
      cancelled.children.allSatisfy { $0.values("TRANSP") == ["TRANSPARENT"] }, "nobody is busy with it")
  }

  @Test(arguments: Array(1...40) as [UInt64])
  func randomTextsFoldAndReadBack(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let alphabet: [Unicode.Scalar] = ["a", ",", ";", "\\", "\n", "é", "☃", "🔭", " ", ":", "\"", "n"]
    let text = String(
      String.UnicodeScalarView(
        (0..<Int.random(in: 0...400, using: &random)).map { _ in alphabet.randomElement(using: &random)! }))
    let event = CalendarEvent(uid: "u", window: TimeWindow(stamp, stamp + .hours(1)), summary: text)
    let read = try StrictCalendar(EventCalendar(name: "n", events: [event]).text(stamp: stamp)).root
    #expect(try StrictCalendar.text(read.children[0].values("SUMMARY")[0]) == text, "seed \(seed)")
  }

  @Test func durations() {
    #expect(
      [0, 1, 60, 3600, 3601, 5400, 90_000].map { CalendarText.duration(.seconds($0)) } == [
        "PT0S", "PT1S", "PT1M", "PT1H", "PT1H0M1S", "PT1H30M", "PT25H",
      ])
  }

  @Test func aRosterAndAPersonAsCalendars() throws {
    let roster = plainRoster()
    let feeds = RosterCalendar(host: "vesper.example")
    let all = try StrictCalendar(EventCalendar(name: "all", events: feeds.roster(roster)).text(stamp: stamp))
      .root
    #expect(all.children.count == 21)
    #expect(all.children[0].values("UID") == ["test-run-2026-11-26-1@vesper.example"])
    #expect(
      all.children[0].values("DTSTART") == ["20261126T110000Z"]
        && all.children[0].values("TRANSP") == ["TRANSPARENT"])
    let own = feeds.person(user("shifter-02"), in: roster, zone: oracleZones["Asia/Tokyo"])
    #expect(own.count == 7 && own.allSatisfy { $0.alarm == .minutes(30) })
    #expect(own[0].details.contains("(Fri 2026-11-27 04:00-12:00 JST)"))
    #expect(feeds.person(user("shifter-09"), in: roster).map(\.window) == [roster.window])
    #expect(Set(all.children.map { $0.values("UID")[0] }).count == 21)
  }

  @Test func theSequenceGrowsWithChangesAndWhatGoesIsCancelled() throws {
    var roster = plainRoster()
    let feeds = RosterCalendar(host: "h")
    var history = CalendarHistory()
    func own(_ now: Instant) -> [CalendarEvent] {
      history.publish(feeds.person(user("shifter-02"), in: roster), now: now)
    }
    let first = own(stamp)
    #expect(first.allSatisfy { $0.sequence == 0 && $0.modified == stamp })
    #expect(own(stamp + .hours(1)) == first)
    roster.setMembers(names(5), on: shiftID("2026-11-28/2"), why: "")
    roster.setMembers(names(2, 5), on: shiftID("2026-11-29/2"), why: "")
    history = try JSONDecoder().decode(CalendarHistory.self, from: JSONEncoder().encode(history))
    let second = own(stamp + .hours(2))
    let gone = try #require(second.first { $0.uid.hasPrefix("test-run-2026-11-28-2") })
    #expect(gone.status == .cancelled && gone.sequence == 1 && gone.modified == stamp + .hours(2))
    #expect(second.first { $0.uid.hasPrefix("test-run-2026-11-29-2") }?.sequence == 1)
    #expect(second.filter { $0.sequence == 0 }.count == 5)
    #expect(own(stamp + .hours(3)) == second)
    // Taken back: the same event comes alive with the next number.
    roster.setMembers(names(2), on: shiftID("2026-11-28/2"), why: "")
    let third = own(stamp + .hours(4))
    #expect(
      third.first { $0.uid.hasPrefix("test-run-2026-11-28-2") }.map {
        $0.sequence == 2 && $0.status == .confirmed
      } == true)
    // A month after its cancellation it is forgotten; what is over is not cancelled.
    roster.setMembers(names(5), on: shiftID("2026-11-28/2"), why: "")
    _ = own(stamp + .hours(5))
    #expect(own(stamp + .hours(5 + 31 * 24)).count == 6)
    roster.weeks = []
    roster.overrides = []
    #expect(own(stamp + .hours(40 * 24)).isEmpty)
  }

  @Test(
    .enabled(
      if: Python.executable != nil,
      "no Python with icalendar (set VESPER_PYTHON): calendars are not read by another reader"))
  func anotherReaderSeesTheSame() throws {
    struct Seen: Decodable {
      struct Event: Decodable {
        let uid: String, start: String, end: String?, stamp: String, summary: String, details: String,
          sequence: Int
        let status: String, url: String, categories: [String], alarms: [Int], properties: [String],
          errors: [String]
      }
      let method: String, name: String, components: [String], events: [Event]
    }
    let roster = try RosterReading(yaml: fixtureText("campaign.yaml"), file: "campaign.yaml").roster
    var calendar = calendar()
    calendar.events += RosterCalendar(host: "h").person(
      user("shifter-06"), in: roster, zone: oracleZones["Asia/Tokyo"])
    let file = FileManager.default.temporaryDirectory.appending(path: "vesper-\(UUID().uuidString).ics")
    try Data(calendar.text(stamp: stamp).utf8).write(to: file)
    // A left-over in the temporary folder harms nobody.
    defer { try? FileManager.default.removeItem(at: file) }
    let script = fixture("oracles/rosters-calendar.py").path
    let data = try #require(Python.run(Python.executable ?? "python3", [script, file.path]))
    let seen = try JSONDecoder().decode(Seen.self, from: data)
    #expect(seen.method == "PUBLISH" && seen.name.hasPrefix("Rösters"))
    #expect(seen.components == ["VALARM", "VCALENDAR", "VEVENT"])
    #expect(seen.events.count == calendar.events.count)
    for (event, got) in zip(calendar.events, seen.events) {
      #expect(
        got.uid == event.uid && got.start == event.window.start.iso8601() && got.stamp == stamp.iso8601())
      #expect(got.end == (event.window.isEmpty ? nil : event.window.end.iso8601()))
      #expect(got.sequence == event.sequence && got.status == event.status.rawValue && got.errors.isEmpty)
      let wanted = event.alarm != nil && event.status != .cancelled
      #expect(got.alarms == (wanted ? [-1800] : []))
      #expect(
        !got.properties.contains("ATTENDEE") && !got.properties.contains("X")
          && !got.properties.contains("EVIL"))
      if !event.summary.unicodeScalars.contains(where: {
        $0.value < 32 || (0x85...0x85).contains($0.value) || $0.value == 0x2028
      }) {
        #expect(got.summary == event.summary && got.categories == event.categories)
      }
    }
  }
}
