import Testing
import Units

@testable import Dashboard

/// The board's table of telescopes, the event's plan and the telescope's sky.
@Suite struct NetworkPageTests {
  private static func line(_ id: String) -> TelescopeLine {
    TelescopeLine(
      id: id, slug: id.lowercased(), name: "\(id) observatory", latitudeDeg: 1, longitudeDeg: 2,
      elevationM: 3,
      apertureM: 0.5, fieldDeg2: 1, usable: "tiling", note: nil)
  }

  private static func one(
    _ id: String, _ night: String, from: String, until: String, _ state: String? = nil, reason: String? = nil
  ) -> TelescopeNow {
    TelescopeNow(
      telescope: line(id), night: night, darkFromUTC: "2023-05-18T\(from):00Z",
      darkUntilUTC: "2023-05-19T\(until):00Z", channel: "slack",
      cells: state.map { [.init(event: "S230518h", state: $0, tiles: 3, reason: reason)] } ?? [])
  }

  private static let network = NetworkView(
    nowUTC: "2023-05-18T14:00:00Z",
    telescopes: [
      one("DAY", "day", from: "20:00", until: "03:00", "sent"),
      one("OBS", "dark", from: "12:00", until: "01:00", "observing"),
      one("SOON", "soon", from: "15:30", until: "04:00", "sent"),
      one("SAID", "soon", from: "15:20", until: "04:00", "accepted"),
      one("OUT", "dark", from: "12:00", until: "01:00", "left_out", reason: "below 30° all night"),
      one("NEW", "day", from: "21:00", until: "01:00", "weather_hold"),
    ])

  private static func table(_ words: String) -> NetworkTable {
    NetworkTable(network, events: PageDesk.night.lines, filter: EventFilter(words), map: nil)
  }

  @Test func whatHadBegunIsSaidBesideWhatWasDropped() async throws {
    try await withServer { site in
      let page = ParsedPage(try await site.send(.get, "/events/S230518h").body)
      #expect(
        page.text.contains(
          "Against old: 1 kept, 0 moved, 2 new, 3 dropped, 4 begun before it was made; probability +10.0 points, "
            + "what had begun no longer counted"))
    }
  }

  @Test func thoseToBeCalledComeFirst() {
    let table = Self.table("")
    #expect(table.columns.map(\.id) == ["S230518h"])
    #expect(table.calls.map(\.id) == ["SOON"])
    #expect(table.rows.map(\.id) == ["SOON", "SAID", "OBS", "DAY", "NEW"])
    #expect(table.others.map(\.id) == ["OUT"])
    #expect(table.others[0].reason == "below 30° all night")
    #expect(table.rows[0].when == "from 15:30 (in 1 h 30 min)")
    #expect(table.rows[2].when == "until 01:00 (11 h 00 min)")
    // A night later is no reason to call now, and has its date.
    var late = Self.network
    late.telescopes[2].cells[0].firstUTC = "2023-05-20T21:00:00Z"
    let later = NetworkTable(late, events: PageDesk.night.lines, filter: EventFilter(""), map: nil)
    #expect(!later.hasCalls)
    #expect(later.rows.first { $0.id == "SOON" }?.cells[0].detail == "3 tiles, 2023-05-20 21:00")
    // A state this version does not know is shown by its name.
    #expect(table.rows[4].cells[0].mark?.word == "weather hold")
    #expect(table.countText == "6 telescopes: 2 dark now, 2 within 2 h")
  }

  @Test(arguments: [("contact", ["SOON"]), ("dark -soon", ["OBS", "OUT"]), ("obs observing", ["OBS"])])
  func theFilterTakesTelescopes(_ words: String, _ ids: [String]) {
    #expect(Self.table(words).rows.map(\.id) == ids)
  }

  @Test func wordsForEventsLeaveTheTableWhole() {
    #expect(Self.table("retracted").rows.count == 5)
  }

  @Test func localTimeHasItsOffset() throws {
    let t = try #require(Instant(iso8601: "2026-11-21T23:41:00Z"))
    #expect(SiteTime(offsetMinutes: 330).text(t) == "05:11 +05:30")
    #expect(SiteTime(offsetMinutes: -210).text(t) == "20:11 -03:30")
    #expect(SiteTime(offsetMinutes: nil).text(t) == nil)
    #expect(SiteTime(offsetMinutes: .min + 1).text(t) == nil)
  }

  @Test func coordinatesForPrograms() {
    let a = TelescopeSheet.Assignment(
      event: "S230518h", plan: "p", tile: "17-a", state: "planned", startUTC: "2023-05-18T14:00:00Z",
      endUTC: "2023-05-18T14:02:00Z", raDeg: 197.44875, decDeg: -0.3838889, filter: nil, exposureS: 60)
    let p = TelescopePage.Pointing(a, nil, SiteTime(offsetMinutes: nil))
    #expect(p.acp == "S230518h_17_a\t13:09:47.70\t-00:23:02.0")
    #expect(p.nina == "S230518h_17_a, 13h09m47.70s, -00d23m02.0s, 0.00")
  }
}
