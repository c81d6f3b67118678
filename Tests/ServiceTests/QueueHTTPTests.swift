import Channels
import Deliveries
import Foundation
import Formats
import Queues
import Store
import TestSupport
import Testing
import Units

@testable import Dashboard
@testable import Service

/// What comes over the network, good and bad.
@Suite(.serialized) struct QueueHTTPTests {
  /// A telescope's addresses work under any of its names, for those who may.
  @Test func addressesTakeAnyName() async throws {
    let q = try await QueueBench.mock()
    let telescope = try #require(q.state.settings.telescopes.first { $0.slug == "tre" })
    let names = [telescope.id, telescope.id.lowercased()] + telescope.aliases
    try #require(Set(names).count > 1)
    let (own, other) = (
      try await q.token(["operator:tre"]), try await q.token(["operator:tca"], label: "tca")
    )
    try await q.withSite { site in
      for name in Set(names).map({ LocalPath.encoded($0) }) {
        let file = try await site.send(.get, "/t/\(name)/plan.csv")
        #expect(file.status == 200 && file.text.contains(",TRE,"), "\(name)")
        let page = try await site.send(.get, "/t/\(name)", headers: [("Accept", "text/html")])
        #expect(page.status == 200 && page.text.contains("<h1>TRE"), "\(name)")
        #expect(try await site.send(.get, "/ics/t/\(name)").status == 200)
        #expect(try await site.send(.get, "/api/telescopes/\(name)/queue").status == 200)
        let path = "/api/telescopes/\(name)/outages"
        let outage = #"{"kind": "weather", "reason": "rain", "end_utc": "2026-09-15T18:30:00Z"}"#
        #expect(try await site.send(.post, path, token: other, outage).status == 403)
        #expect(try await site.send(.post, path, token: own, outage).status == 201)
      }
      #expect(try await site.send(.get, "/t/nobody/plan.csv").status == 404)
    }
  }

  /// The site's clock beside UTC, also across a change of it; never in UTC's place.
  @Test func filesTakeALocalZone() async throws {
    let q = try await QueueBench.mock()
    let start = try #require(try await q.desk.queue(of: "tre", reader: nil).pointings.first).startUTC
    let utc = try #require(Instant(iso8601: start))
    try await q.withSite { site in
      let text = try await site.send(.get, "/t/tre/plan.txt?local=Europe/Paris").text
      let there = String(utc.advanced(bySeconds: 7200).iso8601().prefix(19)) + "+02:00"
      #expect(text.contains(start.prefix(19)) && text.contains(there), "\(there): \(text.prefix(1500))")
      let acp = try await site.send(.get, "/t/tre/plan.acp?local=Asia/Kolkata").text
      #expect(acp.contains("+05:30") && acp.contains("Asia/Kolkata"))
      #expect(try await !site.send(.get, "/t/tre/plan.txt").text.contains("+02:00"))
      for wish in ["Nowhere/At_all", "..%2F..%2Fetc%2Fpasswd", "%00"] {
        #expect(try await site.send(.get, "/t/tre/plan.txt?local=\(wish)").status == 400, "\(wish)")
      }
    }
    // Clocks went back in Paris on 25 October 2026 at 01:00 UTC.
    let document = try await q.desk.document(try #require(try await q.live()).id)
    var share = try #require(document.plans.first { $0.telescope.slug == "tre" })
    let change = try #require(Instant(iso8601: "2026-10-25T01:00:00Z"))
    share.rows[0].startUTC = UTCTime(change - .hours(1))
    share.rows[share.rows.count - 1].endUTC = UTCTime(change + .hours(1))
    let local = try #require(try share.localTime("Europe/Paris", at: q.now))
    #expect(local.text(UTCTime(change - .seconds(1))) == "2026-10-25T02:59:59+02:00")
    #expect(local.text(UTCTime(change)) == "2026-10-25T02:00:00+01:00")
  }

  @Test func aTeamReadsAcceptsAndReportsOverHTTP() async throws {
    let q = try await QueueBench.mock()
    let slug = try #require(try await q.busy().first)
    let token = try await q.token(["operator:\(slug)"])
    let first = try #require(try await q.desk.queue(of: slug, reader: nil).pointings.first)
    let start = try #require(Instant(iso8601: first.startUTC))
    q.bench.time.advance(start - q.now + .minutes(30))
    try await q.withSite { site in
      let base = "/api/telescopes/\(slug)"
      let queue = try await site.send(.get, base + "/queue", token: token).object
      let pointings = queue["pointings"] as? [[String: Any]] ?? []
      #expect(pointings.contains { $0["state"] as? String == "seen" })
      let accepted = try await site.send(
        .post, base + "/answers", token: token, #"{"answer": "accept", "pointing": \#(first.id), "key": "1"}"#
      )
      #expect(accepted.status == 200 && accepted.object["is_repeat"] as? Bool == false)
      let again = try await site.send(
        .post, base + "/answers", token: token, #"{"answer": "accept", "pointing": \#(first.id), "key": "1"}"#
      )
      #expect(again.status == 200 && again.object["is_repeat"] as? Bool == true)
      let conflict = try await site.send(
        .post, base + "/answers", token: token, #"{"answer": "refuse", "pointing": \#(first.id), "key": "1"}"#
      )
      #expect(conflict.status == 409)
      // Negative declinations and a formula in CSV; the numbers are what they are.
      let csv =
        "start_utc,exposure_s,ra_deg,dec_deg,filter,limit_mag,event,Airmass\r\n"
        + "\(first.startUTC),60,\(first.raDeg),\(first.decDeg),'=HYPERLINK(1),18.5,,1.2\r\n"
        + "\(first.startUTC),60,10.5,-89.25,\"r,x\",18.5,\(q.event),1.3\r\n"
      let reported = try await site.send(
        .post, base + "/observations", token: token, type: "text/csv; charset=utf-8", csv)
      #expect(reported.status == 200, "\(reported.text)")
      let results = reported.object["results"] as? [[String: Any]] ?? []
      #expect(results.map { $0["result"] as? String } == ["recorded", "recorded"], "\(reported.text)")
      #expect(reported.object["ignored_columns"] as? [String] == ["airmass"], "what was not read is said")
      #expect(results.first?["pointing"] as? Int64 == first.id && results.last?["pointing"] is NSNull)
      // The circular tells what was taken, not what was planned.
      let circular = try await site.send(.get, "/api/texts/circular?as=text&event=\(q.event)")
      for row in ["=HYPERLINK(1) 1 x 60 s        > 18.5", "r,x     1 x 60 s        > 18.5"] {
        #expect(circular.text.contains(row), "\(circular.text)")
      }
    }
    let stored = try await q.bench.store.observations(for: q.event)
    #expect(stored.map(\.observation.filter) == ["=HYPERLINK(1)", "r,x"])
    #expect(abs((stored.last?.observation.direction.dec.degrees ?? 0) + 89.25) < 1e-9)
  }

  static let badAnswers: [(body: String, status: Int)] = [
    (#"{"answer": "accept", "tile": "../../etc/passwd"}"#, 404),
    (#"{"answer": "accept", "pointing": 99999}"#, 404), (#"{"answer": "refuse", "pointing_id": 1}"#, 400),
    (#"{"answer": "accept", "plan": "no-such-plan"}"#, 404), (#"{"answer": "burn"}"#, 400), ("{", 400),
    (#"{"answer": 5}"#, 400), ("[]", 400), (#"{"answer": "observed"}"#, 400),
    (#"{"answer": "refuse", "reason": "a\u0000b"}"#, 400),
    (#"{"answer": "refuse", "reason": "a\u202eb"}"#, 400),
    (#"{"answer": "refuse", "until_utc": "yesterday"}"#, 400),
    (#"{"answer": "refuse", "until_utc": "2020-01-01T00:00:00Z"}"#, 400),
    (#"{"answer": "accept", "key": "\#(String(repeating: "k", count: 4096))"}"#, 400),
    (#"{"answer": "refuse", "reason": "\#(String(repeating: "x", count: 4096))"}"#, 400),
    (
      #"{"answer": "observed", "observation": {"start_utc": "2026-09-16T20:00:00Z", "exposure_s": 60, "tile": "1"}}"#,
      400
    ),
    (
      #"{"answer": "observed", "observation": {"start_utc": "2026-09-15T17:00:00Z", "exposure_s": 1e400}}"#,
      400
    ),
    (#"{"answer": "observed", "observation": {"start_utc": "2026-09-15T17:00:00Z", "exposure_s": -1}}"#, 400),
    (#"{"answer": "observed", "observation": {"start_utc": "2026-09-15T17:00:00Z", "exposure_s": 60}}"#, 400),
    (
      #"{"answer": "observed", "observation": {"start_utc": "2026-09-15T17:00:00Z", "exposure_s": 60, "ra_deg": 1}}"#,
      400
    ),
    (
      #"{"answer": "observed", "observation": {"start_utc": "2026-09-15T17:00:00Z", "exposure_s": 60, "ra_deg": 361, "dec_deg": 0}}"#,
      400
    ),
    (
      #"{"answer": "observed", "observation": {"start_utc": "2026-09-15T17:00:00Z", "exposure_s": 60, "tile": "nope"}}"#,
      404
    ),
    (
      #"{"answer": "observed", "observation": {"start_utc": "2026-09-15T17:00:00Z", "exposure_s": 60, "ra_deg": 1, "dec_deg": 2, "event": "no"}}"#,
      404
    ),
    (
      #"{"answer": "observed", "observation": {"start_utc": "2026-09-15T17:00:00Z", "exposure_s": 60, "ra_deg": 1, "dec_deg": 2, "limit_mag": 99, "event": "MS260915a"}}"#,
      400
    ),
  ]

  @Test func badAnswersAreClearAndChangeNothing() async throws {
    let q = try await QueueBench.mock()
    let slug = try #require(try await q.busy().first)
    let token = try await q.token(["operator:\(slug)"])
    let log = try await q.bench.store.lastLogSequence()
    try await q.withSite { site in
      let path = "/api/telescopes/\(slug)/answers"
      for (body, status) in Self.badAnswers {
        let response = try await site.send(.post, path, token: token, body)
        #expect(response.status == status, "\(body.prefix(150)): \(response.text)")
        #expect((response.object["error"] as? String)?.isEmpty == false)
        #expect(!response.text.contains(token) && !response.text.contains("SQL"))
      }
      let large = try await site.send(
        .post, path, token: token,
        #"{"answer": "refuse", "reason": ""# + String(repeating: "x", count: 70_000) + "\"}")
      #expect(large.status == 413)
      let csv = try await site.send(
        .post, "/api/telescopes/\(slug)/observations", token: token, type: "text/csv",
        "start_utc,exposure_s\n" + String(repeating: "x", count: 1_100_000))
      #expect(csv.status == 413)
      // A name that is not ours would lose what stands under it.
      for (type, text, name) in [
        ("text/csv", "start_utc,exposure_s,tile,limmag\n2026-09-15T17:00:00Z,60,1,19.5\n", "limmag"),
        ("text/csv", "start_utc,exposure_s,tile,Limit Mag\n2026-09-15T17:00:00Z,60,1,19.5\n", "limit mag"),
        (
          "application/json",
          #"{"observations": [{"start_utc": "2026-09-15T17:00:00Z", "exposure_s": 60, "mag": 19}]}"#, "mag"
        ),
      ] {
        let response = try await site.send(
          .post, "/api/telescopes/\(slug)/observations", token: token, type: type, text)
        #expect(response.status == 400, "\(response.text)")
        let error = response.object["error"] as? String ?? ""
        #expect(error.contains(name) && error.contains("limit_mag"), "\(error)")
      }
      let nested = try await site.send(
        .post, path, token: token,
        #"{"answer": "observed", "observation": {"start_utc": "2026-09-15T17:00:00Z", "exposure_s": 60, "lim": 1}}"#
      )
      #expect(nested.status == 400 && nested.text.contains("limit_mag"), "\(nested.text)")
      let outage = try await site.send(
        .post, "/api/telescopes/\(slug)/outages", token: token,
        #"{"kind": "weather", "start": "2026-09-15T17:00:00Z", "end_utc": "2026-09-16T17:00:00Z"}"#)
      #expect(outage.status == 400 && outage.text.contains("start_utc"), "\(outage.text)")
      for bad in [
        "a,b", "start_utc,exposure_s", "start_utc,exposure_s\nx", "start_utc,exposure_s\nx,y", "a,a\n1,2",
        "start_utc,exposure_s\n\"2026,60",
      ] {
        let response = try await site.send(
          .post, "/api/telescopes/\(slug)/observations", token: token, type: "text/csv", bad)
        #expect(response.status == 400, "\(bad): \(response.text)")
      }
    }
    #expect(try await q.bench.store.lastLogSequence() == log)
  }

  @Test func nobodySpeaksForAnother() async throws {
    let q = try await QueueBench.mock()
    let busy = try await q.busy()
    let (one, other) = (busy[0], busy[1])
    let token = try await q.token(["operator:\(one)"])
    let viewer = try await q.token(["view"])
    let theirs = try #require(try await q.desk.queue(of: other, reader: nil).pointings.first)
    try await q.withSite { site in
      let body = #"{"answer": "refuse", "pointing": \#(theirs.id)}"#
      let foreign = "/api/telescopes/\(other)/answers"
      #expect(try await site.send(.post, foreign, token: token, body).status == 403)
      #expect(try await site.send(.post, foreign, token: viewer, body).status == 403)
      #expect(try await site.send(.post, foreign, body).status == 401)
      #expect(try await site.send(.post, foreign, token: "vesper_nothing", body).status == 401)
      // Their pointing under one's own address is not there at all.
      #expect(try await site.send(.post, "/api/telescopes/\(one)/answers", token: token, body).status == 404)
      #expect(
        try await site.send(.post, "/api/telescopes/\(other)/outages", token: token, "{}").status == 403)
      #expect(
        try await site.send(.delete, "/api/telescopes/\(other)/outages/1", token: token).status == 403)
      for name in [
        "..%2f..%2fetc", "%00", "a%00b", "%2e%2e", String(repeating: "n", count: 4096), "%E2%80%AEx",
      ] {
        for path in [
          "/api/telescopes/\(name)/queue", "/t/\(name)/plan.txt", "/plans/\(name)/x.txt",
          "/t/\(one)/\(name)",
        ] {
          let response = try await site.send(.get, path)
          #expect((400..<500).contains(response.status), "\(path.prefix(60)): \(response.status)")
        }
      }
    }
    #expect(try await q.bench.store.assignment(theirs.id).state == .sent)
  }

  @Test func signedLinksWorkWithoutALoginUntilTheyEnd() async throws {
    let q = try await QueueBench.mock()
    let busy = try await q.busy()
    let slug = busy[0]
    let plan = try #require(try await q.live())
    let (good, old, ended) = (
      q.link(for: slug), q.link(for: slug, until: ServiceClock.system.now() - .seconds(5)), q.link(for: slug)
    )
    try await q.bench.store.revokeLink(ended.nonce, actor: "lead", at: q.now)
    // Also where nothing is read without a token.
    try await q.withSite(openReading: false) { site in
      let page = try await site.send(.get, good.path)
      #expect(
        page.status == 200 && page.text.contains("<form method=\"post\"") && !page.text.contains("<script>"))
      let confirm = try await site.send(.get, good.path + "&a=accepted&plan=\(plan.id)")
      #expect(confirm.text.contains("We observe") && confirm.text.contains(good.signature))
      let query = good.path.split(separator: "?")[1]
      func post(_ query: some StringProtocol, by name: String) async throws -> Int {
        let response = try await site.send(
          .post, "/t/\(name)/answer", type: "application/x-www-form-urlencoded",
          "\(query)&a=accepted&plan=\(plan.id)")
        return response.status
      }
      #expect(try await post(query, by: slug) == 303)
      #expect(try await post(query, by: slug) == 303)
      for bad in [old, ended] {
        #expect(try await site.send(.get, bad.path).status == 403)
        #expect(try await post(bad.path.split(separator: "?")[1], by: slug) == 403)
      }
      // One telescope's link opens no other, and no letter of it may change.
      #expect(try await post(query, by: busy[1]) == 403)
      #expect(try await post(query.replacing("e=1", with: "e=2"), by: slug) == 403)
      #expect(try await post("e=1&n=2", by: slug) == 403)
      let said = try await site.send(.get, good.path + "&said=<b>x")
      #expect(!said.text.contains("<b>x"))
    }
    let states = Set(
      try await q.bench.store.assignments(of: plan.id).filter { $0.assignment.telescope == slug }.map(\.state)
    )
    #expect(states == [.accepted])
    let record = try await q.bench.store.answers(on: plan.id, telescope: slug)
    #expect(record.filter { $0.way == .link && $0.state == .accepted }.count == 1)
  }

  private static func headers(_ time: String, _ text: String) -> [(String, String)] {
    [
      ("X-Slack-Request-Timestamp", time),
      (
        "X-Slack-Signature",
        SlackSignature.sign(timestamp: time, body: Array(text.utf8), secret: QueueBench.slackSecret)
      ),
    ]
  }

  @Test func slackButtonsCountOnceAndOnlyFromSlack() async throws {
    let q = try await QueueBench.mock()
    let slug = try #require(try await q.busy().first)
    let telescope = try #require(q.state.settings.telescopes.first { $0.slug == slug })
    let plan = try #require(try await q.live())
    let value = try SlackActionValue(event: q.event, revision: 1, telescope: telescope.id).encoded()
    let payload: [String: Any] = [
      "type": "block_actions", "user": ["id": "U123456"], "channel": ["id": "C123456"],
      "container": ["message_ts": "1700000000.000100"],
      "actions": [["action_id": "vesper.cannot", "value": value, "action_ts": "1700000001.000200"]],
    ]
    let json = String(decoding: try JSONSerialization.data(withJSONObject: payload), as: UTF8.self)
    let body = "payload=" + json.addingPercentEncoding(withAllowedCharacters: .alphanumerics)!
    let time = String(Int(Date().timeIntervalSince1970))
    try await q.withSite(openReading: false) { site in
      func press(_ headers: [(String, String)], _ text: String = body) async throws -> Int {
        try await site.send(
          .post, "/api/slack/actions", type: "application/x-www-form-urlencoded", headers: headers, text
        ).status
      }
      let unsigned = try await press([])
      #expect(unsigned == 401)
      #expect(try await press(Self.headers(String(Int(time)! - 301), body)) == 401)
      #expect(try await press(Self.headers(time, body + " ")) == 401)
      #expect(try await press(Self.headers(time, body)) == 200)
      // The very same request once more is a replay; the same press sent again by Slack is a repetition.
      #expect(try await press(Self.headers(time, body)) == 401)
      #expect(try await press(Self.headers(String(Int(time)! - 1), body)) == 200)
    }
    let record = try await q.bench.store.answers(on: plan.id, telescope: slug)
    #expect(record.filter { $0.way == .slack }.count == 1)
    #expect(record.last?.reason == "cannot observe")
  }

  /// The buttons that are posted are those that are heard: one message for each team that answers by Slack, and another
  /// only when it is asked for something else.
  @Test func teamsGetTheirButtons() async throws {
    let slugs = try Bench.settings().telescopes.map(\.slug)
    var options = SlackOptions()
    options.asks = Set(slugs).subtracting(["tca"])
    let q = try await QueueBench.mock([.init(channel: "slack", kind: .slack(options), acceptsMocks: true)])
    func asked() async throws -> [(key: String, entry: OutboxEntry)] {
      try await q.bench.store.deliveries(Set(DeliveryState.allCases), limit: 500)
        .filter { $0.key.text.contains("/ask/") }.map { ($0.key.text, $0) }
    }
    let plan = try #require(try await q.live())
    let telescopes = Set(try await q.bench.store.assignments(of: plan.id).map(\.assignment.telescope))
    let first = try await asked()
    #expect(
      Set(first.compactMap { $0.key.split(separator: "/").last.map(String.init) })
        == telescopes.intersection(options.asks))
    #expect(first.allSatisfy { $0.entry.needs.map(\.text) == ["slack/\(q.event)/root"] })
    let slug = try #require(try await q.busy().first { options.asks.contains($0) })
    let own = try #require(first.first { $0.key.hasSuffix("/\(slug)") })
    let payload = try JSONSerialization.jsonObject(
      with: Data(try await q.bench.store.delivery(own.entry.key).payload))
    let button = try #require(Self.button("vesper.accept", in: payload))
    let press: [String: Any] = [
      "type": "block_actions", "user": ["id": "U123456"], "channel": ["id": "C123456"],
      "container": ["message_ts": "1700000000.000100"],
      "actions": [["action_id": "vesper.accept", "value": button, "action_ts": "1700000001.000200"]],
    ]
    let json = String(decoding: try JSONSerialization.data(withJSONObject: press), as: UTF8.self)
    let body = "payload=" + json.addingPercentEncoding(withAllowedCharacters: .alphanumerics)!
    let time = String(Int(Date().timeIntervalSince1970))
    try await q.withSite(openReading: false) { site in
      let heard = try await site.send(
        .post, "/api/slack/actions", type: "application/x-www-form-urlencoded",
        headers: Self.headers(time, body), body)
      #expect(heard.status == 200 && heard.text.contains("Recorded"), "\(heard.text)")
    }
    let states = try await q.bench.store.assignments(of: plan.id).filter { $0.assignment.telescope == slug }
    #expect(Set(states.map(\.state)) == [.accepted])
    // Another refuses: only who is asked for something new is asked again.
    let other = try #require(try await q.busy().last)
    _ = try await q.desk.answer(
      AnswerForm(answer: "refused", plan: plan.id, reason: "clouds"), for: other,
      by: QueueBench.operatorOf("t"))
    try await q.bench.settle()
    let next = try #require(try await q.live())
    func tiles(_ id: String) async throws -> [String: Set<String>] {
      Dictionary(grouping: try await q.bench.store.assignments(of: id).map(\.assignment), by: \.telescope)
        .mapValues { Set($0.map(\.tile)) }
    }
    let (before, after) = (try await tiles(plan.id), try await tiles(next.id))
    let wanted = options.asks.filter { slug in
      after[slug].map { !$0.isSubset(of: before[slug] ?? []) } ?? false
    }
    let again = try await asked().dropFirst(first.count)
    #expect(Set(again.compactMap { $0.key.split(separator: "/").last.map(String.init) }) == wanted)
  }

  /// The value of a button, wherever in a message it stands.
  private static func button(_ action: String, in value: Any) -> String? {
    if let list = value as? [Any] { return list.lazy.compactMap { button(action, in: $0) }.first }
    guard let object = value as? [String: Any] else { return nil }
    if object["action_id"] as? String == action { return object["value"] as? String }
    return object.values.lazy.compactMap { button(action, in: $0) }.first
  }

  @Test func stableAddressesKnowWhatTheReaderHas() async throws {
    let q = try await QueueBench.mock()
    let slug = try #require(try await q.busy().first)
    let plan = try #require(try await q.live())
    try await q.withSite { site in
      for format in PlanFormat.allCases {
        for path in ["/t/\(slug)/plan.\(format.rawValue)", "/plans/\(plan.id)/\(slug).\(format.rawValue)"] {
          let file = try await site.send(.get, path)
          #expect(file.status == 200, "\(path): \(file.text.prefix(200))")
          #expect(file.headers["Content-Type"] == format.mediaType)
          let tag = try #require(file.headers["ETag"])
          let known = try await site.send(.get, path, headers: [("If-None-Match", tag)])
          #expect(known.status == 304 && known.body.isEmpty)
          let isFixed = file.headers["Cache-Control"]?.contains("immutable") ?? false
          #expect(isFixed == path.hasPrefix("/plans/"))
        }
      }
      let crlf = try await site.send(.get, "/t/\(slug)/plan.txt?eol=crlf")
      #expect(crlf.text.contains("\r\n"))
      let named = try await site.send(.get, "/t/\(slug)/plan.csv?filters=clear:C")
      #expect(named.text.contains(",C,"))
      for bad in [
        "plan.exe", "plan", "../plan.txt", "plan.txt?eol=x", "plan.txt?cap_s=nan", "plan.txt?filters=a",
      ] {
        let status = try await site.send(.get, "/t/\(slug)/\(bad)").status
        #expect(status == 404 || status == 400, "\(bad)")
      }
      #expect(try await site.send(.get, "/plans/\(plan.id)/nobody.txt").status == 404)
    }
  }

  @Test func aTokenThatAsksTooOftenIsToldToWait() async throws {
    let q = try await QueueBench.mock()
    let token = try await q.token(["view"])
    let other = try await q.token(["view"])
    try await q.withSite { site in
      var statuses: Set<Int> = []
      for _ in 0..<400 where !statuses.contains(429) {
        statuses.insert(try await site.send(.get, "/healthz", token: token).status)
      }
      #expect(statuses == [200, 429])
      let refused = try await site.send(.get, "/healthz", token: token)
      if refused.status == 429 { #expect(Int(refused.headers["Retry-After"] ?? "") ?? 0 >= 1) }
      #expect(try await site.send(.get, "/healthz", token: other).status == 200)
    }
  }
}
