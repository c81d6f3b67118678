import Foundation
import Testing
import WebClient

@testable import Dashboard

@Suite struct PageTests {
  private static let addresses = [
    "/", "/?q=mock", "/?q=nothing+fits", "/events/S230518h", "/events/S230517u", "/events/IC230517A",
    "/events/MS230518k", "/events/EP230515a", "/telescopes", "/t/TAROT-TCA", "/nothing", "/events/X",
  ]
  private static let browser = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")

  /// Well-formed, and what WCAG 2.2 asks of the markup, on every page in every theme.
  @Test(arguments: addresses)
  func markupIsSound(_ address: String) async throws {
    try await withServer(PageDesk.night) { site in
      for theme in Theme.allCases {
        let response = try await site.send(
          .get, address, headers: [Self.browser], cookie: "a=b; theme=\(theme.rawValue)")
        #expect(response.headers["Content-Type"] == "text/html; charset=utf-8")
        let page = ParsedPage(response.body)
        try #require(page.fault == nil, "\(address): \(page.fault ?? "")")
        #expect(page.elements.first?.attributes == ["lang": "en", "class": theme.rawValue])
        Self.check(page, address)
      }
    }
  }

  private static func check(_ page: ParsedPage, _ address: String) {
    for name in ["title", "main", "h1", "header", "footer"] { #expect(page.all(name).count == 1, "\(name)") }
    let ids = page.elements.compactMap { $0.attributes["id"] }
    #expect(Set(ids).count == ids.count, "\(address): an id twice")
    for element in page.elements {
      let a = element.attributes
      for key in ["aria-labelledby", "aria-describedby", "for", "data-copy"] {
        if let target = a[key] { #expect(ids.contains(target), "\(address): \(key)=\(target)") }
      }
      if a["data-live"] != nil { #expect(a["id"] != nil) }
      switch element.name {
      case "img": #expect(a["alt"]?.isEmpty == false && a["width"] != nil && a["height"] != nil)
      case "th": #expect(a["scope"] != nil)
      case "input": #expect(page.all("label").contains { $0.attributes["for"] == a["id"] })
      case "a", "button", "h1", "h2", "h3", "caption", "title":
        let text = element.text.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(!text.isEmpty || page.all("img").count > 0, "\(address): an empty \(element.name)")
      case "script": #expect(a["src"] != nil && element.text.isEmpty)
      case "style": Issue.record("a style within the page")
      default: break
      }
    }
    #expect(page.all("table").count == page.all("caption").count)
    let levels = page.elements.compactMap {
      $0.name.count == 2 && $0.name.first == "h" ? Int($0.name.dropFirst()) : nil
    }
    #expect(zip(levels, levels.dropFirst()).allSatisfy { $1 <= $0 + 1 }, "\(address): a heading is skipped")
  }

  @Test func whatTheBoardSays() async throws {
    try await withServer(PageDesk.night) { site in
      let board = ParsedPage(try await site.send(.get, "/").body)
      for words in [
        "✕ FAILED", "▲ GO", "✕ STOP", "◆ LIMITED", "● WATCH", "■ NO", "○ UNDECIDED", "MOCK, not real",
        "RETRACTED", "1 h 13 min ago", "11 telescopes, 912 tiles, 86.3 %", "0.0021 deg²",
        "no position: the field ra is missing",
      ] { #expect(board.text.contains(words), "\(words)") }
      #expect(board.all("li").filter { $0.attributes["class"]?.contains("event") == true }.count == 7)
      for (query, count) in [
        ("mock", 1), ("go+-mock", 1), ("RETRACTED", 1), ("burst", 2), ("go", 2), ("zzz", 0), ("%E9", 0),
      ] {
        let found = ParsedPage(try await site.send(.get, "/?q=\(query)").body)
        let events = found.all("li").filter { $0.attributes["class"]?.contains("event") == true }
        #expect(events.count == count, "\(query)")
        #expect(
          found.all("input").first?.attributes["value"]
            == query.replacing("+", with: " ").replacing("%E9", with: "\u{FFFD}"))
      }
    }
  }

  @Test func longBoardsHavePages() async throws {
    var desk = PageDesk.night
    desk.lines = (0..<120).map { i in
      var line = desk.lines[1]
      line.id = "E\(i)"
      return line
    }
    try await withServer(desk) { [desk] site in
      var address = "/"
      var seen: [String] = []
      for _ in 0..<3 {
        let page = ParsedPage(try await site.send(.get, address).body)
        seen += page.all("h3").map { String($0.text.split(separator: " ")[2]) }
        address = page.all("a").first { $0.text == "Older" }?.attributes["href"] ?? "none"
      }
      #expect(address == "none")
      #expect(seen == desk.lines.map(\.id))
    }
  }

  @Test func whatAnEventSays() async throws {
    try await withServer(PageDesk.night) { site in
      let page = ParsedPage(try await site.send(.get, "/events/S230518h").body)
      let post = page.elements.first { $0.attributes["id"] == "announcement" }
      #expect(post?.text == PageDesk.night.sheet.announcement)
      for words in ["2 tiles of KAO were dropped", "superseded"] {
        #expect(page.text.contains(words), "\(words)")
      }
      #expect(
        page.all("img").map { $0.attributes["src"] } == [
          "/api/events/S230518h/plans/S230518h-r2-0123abcd/skymap.svg",
          "/api/events/S230518h/plans/S230518h-r2-0123abcd/states.svg",
          "/api/events/S230518h/plans/S230518h-r2-0123abcd/night.svg",
        ])
      let files = page.all("a").compactMap { $0.attributes["href"] }
      #expect(files.contains("/api/events/S230518h/plans/current/TAROT-TCA/plan.ecsv"))
      let gone = ParsedPage(try await site.send(.get, "/events/S230517u").body)
      #expect(gone.text.contains("✕ STOP S230517u was retracted: do not observe it"))
      #expect(gone.all("img").isEmpty)
      let drill = ParsedPage(try await site.send(.get, "/events/MS230518k").body)
      #expect(drill.text.contains("◇ MOCK a drill, not a real event"))
    }
  }

  @Test func whatATelescopeSays() async throws {
    try await withServer(PageDesk.night) { site in
      let page = ParsedPage(try await site.send(.get, "/t/TAROT-TCA").body)
      for words in [
        "▲ GO 60 pointings", "now, under 1 min left", "14:45:21.17 +23:48:33.8", "221.338200 +23.809400",
        "Dark for 12 h 59 min more",
      ] { #expect(page.text.contains(words), "\(words)") }
      let links = page.all("a").compactMap { $0.attributes["href"] }
      for file in ["plan.txt", "plan.csv", "plan.ecsv", "plan.reg"] {
        for event in ["S230518h", "GRB230516B"] {
          #expect(links.contains("/api/events/\(event)/plans/current/TAROT-TCA/\(file)"))
        }
      }
      #expect(page.all("tr").count == 61)
    }
  }

  /// The budget of an operator's page, all files packed: 30 KB, 3.8 s at 64 kbit/s.
  private static let operatorBudget = 30 << 10

  @Test func weights() async throws {
    var desk = PageDesk.night
    desk.telescopeSheet = PageDesk.queue(400)
    try await withServer(desk) { site in
      var sum = 0
      let first = try await site.send(.get, "/t/TAROT-TCA")
      let page = ParsedPage(first.body)
      let others = (page.all("link") + page.all("script")).compactMap {
        $0.attributes["href"] ?? $0.attributes["src"]
      }
      #expect(others.count == 3)
      for address in ["/t/TAROT-TCA"] + others {
        let packed = try await Self.packed(site, address)
        sum += packed.count
        print("weight \(address): \(packed.count) bytes packed")
      }
      #expect(sum <= Self.operatorBudget)
      for address in ["/", "/events/S230518h", "/telescopes"] {
        print("weight \(address): \(try await Self.packed(site, address).count) bytes packed")
      }
      let script = try #require(others.first { $0.contains(".js") })
      let again = try await site.send(.get, script)
      #expect(again.headers["Cache-Control"]?.contains("immutable") == true)
      let unversioned = try await site.send(.get, "/assets/style.css?v=0")
      #expect(unversioned.headers["Cache-Control"]?.contains("immutable") == false)
    }
  }

  /// The bytes as they travel; they must unpack to what is sent plainly.
  private static func packed(_ site: Site, _ address: String) async throws -> [UInt8] {
    let socket = try await RawGet(
      port: site.port, path: address, headers: ["Accept-Encoding: br, gzip;q=0.9"])
    // Too small to be worth it.
    if address.hasPrefix("/assets/icon.svg") { return socket.body }
    #expect(socket.head.lowercased().contains("content-encoding: gzip"), "\(address)")
    #expect(socket.head.contains("W/\""), "\(address)")
    let plain = try await site.send(.get, address)
    #expect(plain.headers["Content-Encoding"] == nil)
    #expect(RawGet.unpacked(socket.body) == plain.body, "\(address)")
    return socket.body
  }

  @Test func unchangedPagesCostNothing() async throws {
    try await withServer(PageDesk.night) { site in
      let page = try await site.send(.get, "/t/TAROT-TCA")
      let tag = try #require(page.headers["ETag"])
      for known in [tag, "W/\(tag)"] {
        let again = try await site.send(.get, "/t/TAROT-TCA", headers: [("If-None-Match", known)])
        #expect(again.status == 304 && again.body.isEmpty)
      }
      let red = try await site.send(
        .get, "/t/TAROT-TCA", headers: [("If-None-Match", tag)], cookie: "theme=red")
      #expect(red.status == 200)
      #expect(red.headers["Vary"]?.contains("Cookie") == true)
    }
  }

  @Test func themes() async throws {
    try await withServer(PageDesk.night) { site in
      let chosen = try await RawGet(port: site.port, path: "/theme?name=red&back=%2Ft%2FTAROT-TCA%3Fx%3D1")
      #expect(chosen.head.hasPrefix("HTTP/1.1 303"))
      #expect(chosen.head.contains("Location: /t/TAROT-TCA?x=1\r\n"))
      #expect(chosen.head.contains("Set-Cookie: theme=red; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax"))
      for bad in [
        "name=pink&back=/", "back=/", "name=red&back=//evil.example", "name=red&back=/%5Cevil.example",
        "name=red&back=https:%2F%2Fevil.example", "name=red&back=/a%0D%0ASet-Cookie:x=1", "name=red&back=",
        "name=red&back=/%09/evil.example", "name=red&back=javascript:alert(1)",
      ] { try await site.expect(400, .get, "/theme?\(bad)") }
      // A strange cookie is no theme.
      let page = try await site.send(.get, "/", cookie: "theme=\"><script>; x=y")
      #expect(ParsedPage(page.body).elements.first?.attributes["class"] == "automatic")
    }
  }

  @Test func browsersGetPagesAndProgramsJSON() async throws {
    var desk = PageDesk.night
    try await withServer(desk) { site in
      for (path, status) in [("/nothing", 404), ("/t/X", 404), ("/events/%00", 400), ("/assets/x.js", 404)] {
        let page = try await site.send(.get, path, headers: [Self.browser])
        #expect(
          page.status == status && page.headers["Content-Type"] == "text/html; charset=utf-8", "\(path)")
        #expect(ParsedPage(page.body).text.contains("✕ \(status)"))
        let json = try await site.send(.get, path, headers: [("Accept", "*/*")])
        #expect(json.status == status && json.headers["Content-Type"] == "application/json", "\(path)")
      }
      let api = try await site.send(.get, "/api/events/X", headers: [Self.browser])
      #expect(api.status == 404 && api.headers["Content-Type"] == "application/json")
    }
    desk.failure = .unavailable("the disk is full <b>")
    try await withServer(desk) { site in
      let page = try await site.send(.get, "/", headers: [Self.browser])
      #expect(page.status == 503 && page.headers["Retry-After"] == "10")
      #expect(ParsedPage(page.body).text.contains("the disk is full <b>"))
    }
    try await withServer(PageDesk.night, openReading: false) { site in
      let page = try await site.send(.get, "/", headers: [Self.browser])
      #expect(page.status == 401 && page.headers["WWW-Authenticate"] == "Bearer")
      // A browser is shown the door instead of a wall.
      let door = ParsedPage(page.body)
      #expect(door.all("input").contains { $0.attributes["name"] == "token" })
      try await site.expect(200, .get, "/assets/style.css")
    }
  }
}
