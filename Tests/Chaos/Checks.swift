import FarSides
import Foundation

/// What must hold when everything has come to rest.
struct Checks {
  let rig: Rig
  let stream: Stream
  private let store: StoreReader
  var verdict = Verdict()

  init(_ rig: Rig, _ stream: Stream) {
    self.rig = rig
    self.stream = stream
    store = StoreReader(path: rig.store)
  }

  mutating func run() {
    checkNotices()
    checkFile()
    checkOutbox()
    checkSlack()
    checkWebhooks()
    checkMail()
    checkTreasureMap()
    checkMocks()
    checkRetractions()
    checkFolders()
  }

  mutating func add(_ name: String, of checked: Int, _ violations: [String]) {
    verdict.add(name, of: checked, violations)
  }

  // MARK: Notices

  private mutating func checkNotices() {
    let (store, expected) = (store, stream.expected)
    verdict.check("every notice is kept, once") {
      let digests = try store.rows("SELECT digest FROM notice").map { $0[0] }
      let kept = Set(digests)
      var wrong = expected.filter { !kept.contains($0.key) }.map { "lost: \($0.value.name)" }
      wrong += kept.filter { expected[$0] == nil }.map { "never handed in: \($0)" }
      if kept.count != digests.count { wrong.append("\(digests.count - kept.count) kept twice") }
      return (expected.count, wrong)
    }
    verdict.check("poison is quarantined, the rest is handled") {
      let statuses = try store.table("SELECT digest, status FROM notice")
      let wrong = expected.compactMap { digest, item -> String? in
        let wanted: [String]
        switch item.expectation {
        case .handled: wanted = ["handled"]
        case .quarantined: wanted = ["quarantined"]
        case .either: wanted = ["handled", "quarantined"]
        }
        let status = statuses[digest] ?? "missing"
        return wanted.contains(status) ? nil : "\(item.name) is \(status)"
      }
      return (expected.count, wrong)
    }
    verdict.check("every notice is handled once") {
      let handled = try store.count("SELECT count(*) FROM notice WHERE status = 'handled'")
      let lines = try store.count(
        "SELECT count(*) FROM log WHERE kind IN ('notice.handled', 'notice.kept')")
      return (handled, handled == lines ? [] : ["\(handled) handled notices, \(lines) lines of the log"])
    }
    verdict.check("the spool is empty, nothing in failed/") { [spool = rig.spool] in
      let files = FileManager.default
      let waiting = try files.contentsOfDirectory(atPath: spool).filter { $0 != "done" && $0 != "failed" }
      let failed = try files.contentsOfDirectory(atPath: spool + "/failed")
      let done = try files.contentsOfDirectory(atPath: spool + "/done").count
      return (done, waiting.map { "waits: \($0)" } + failed.map { "failed: \($0)" })
    }
  }

  private mutating func checkFile() {
    let store = store
    verdict.check("integrity_check, foreign_key_check") {
      let integrity = try store.rows("PRAGMA integrity_check").map { $0.joined() }
      let keys = try store.rows("PRAGMA foreign_key_check").map { $0.joined(separator: " ") }
      return (2, integrity.filter { $0 != "ok" } + keys)
    }
  }

  // MARK: Outbox

  /// Channels that nobody can ask.
  private static let silent = ["mail", "webhook:blind"]

  private mutating func checkOutbox() {
    let store = store
    verdict.check("nothing is owed any more") {
      let owed = try store.owed()
      let open = try store.rows(
        """
        SELECT key, state, coalesce(reason, '') FROM delivery
        WHERE state IN ('ready', 'inFlight', 'ambiguous') LIMIT 20
        """)
      return (1, owed.isNothing ? [] : ["\(owed)"] + open.map { $0.joined(separator: " ") })
    }
    verdict.check("deliveries end done, superseded, or parked where nobody can be asked") {
      let bad = try store.rows(
        """
        SELECT key, state, coalesce(reason, '') FROM delivery
        WHERE state IN ('dead', 'expired') OR (state = 'parked' AND channel NOT IN ('mail', 'webhook:blind'))
        """)
      let held = try store.rows("SELECT channel, reason FROM channelHold")
      let all = try store.count("SELECT count(*) FROM delivery")
      return (all, (bad + held).map { $0.joined(separator: " ") })
    }
    verdict.check("what is parked was not sent again") {
      // A second send after one whose end is unknown would have a later number.
      let again = try store.rows(
        """
        SELECT d.key, a.attempt, b.attempt FROM delivery d
        JOIN deliveryAttempt a ON a.delivery = d.key AND a.call = 'send'
        JOIN deliveryAttempt b ON b.delivery = d.key AND b.call = 'send' AND b.id > a.id
        WHERE d.channel IN ('mail', 'webhook:blind') AND (a.result IS NULL OR a.result = 'ambiguous')
        """)
      let parked = try store.count("SELECT count(*) FROM delivery WHERE state = 'parked'")
      return (parked, again.map { "\($0[0]): attempts \($0[1]) and \($0[2])" })
    }
  }

  /// Keys of a channel by state.
  private func keys(_ channel: String) throws -> [String: String] {
    try store.table("SELECT key, state FROM delivery WHERE channel = '\(channel)'")
  }

  private static func twice(_ keys: [String]) -> [String] {
    Dictionary(grouping: keys, by: { $0 }).filter { $0.value.count > 1 }
      .map { "\($0.key) took effect \($0.value.count) times" }
  }

  private mutating func checkSlack() {
    let (slack, events) = (rig.sides.slack, Result { try self.messageCounts(realOnly: true) })
    let known = Result { try self.keys("slack") }
    verdict.check("Slack: one root an event, every reply once") {
      let posts = slack.history.all(of: "chat.postMessage").map(\.key)
      return (posts.count, Self.twice(posts))
    }
    verdict.check("Slack: no older edit after a newer one") {
      var newest: [String: Int] = [:]
      var stale: [String] = []
      let updates = slack.history.all(of: "chat.update")
      for update in updates {
        let number = update.key.split(separator: "/").last.flatMap { Int($0) } ?? 0
        let root = update.detail["root"] ?? ""
        if let seen = newest[root], seen > number { stale.append("\(update.key) after edit \(seen)") }
        newest[root] = max(newest[root] ?? 0, number)
      }
      return (updates.count, stale)
    }
    verdict.check("Slack: every root shows its event's last message") {
      let roots = Dictionary(slack.roots.map { ($0.key, $0) }, uniquingKeysWith: { $1 })
      let wrong = try events.get().compactMap { id, count -> String? in
        guard let root = roots["slack/\(id)/root"] else { return "\(id): no root" }
        let shown = root.edit?.split(separator: "/").last.flatMap { Int($0) } ?? 1
        return shown == count ? nil : "\(id): message \(shown) of \(count)"
      }
      return (roots.count, wrong)
    }
    verdict.check("Slack: what is done is there") {
      let there = Set(slack.history.all.map(\.key))
      // An edit that came too late for its own sake is done when a later one is there.
      let done = try known.get().filter { $0.value == "done" && !$0.key.contains("/edit/") }
      return (done.count, done.keys.filter { !there.contains($0) }.map { "\($0) is not there" })
    }
  }

  private mutating func checkWebhooks() {
    let events = Result { try self.messageCounts(realOnly: false) }
    verdict.check("webhook with read-back: every message of every event, once") { [rig] in
      let keys = rig.sides.open.history.all.map(\.key)
      let there = Set(keys)
      var missing: [String] = []
      var wanted = 0
      for (id, count) in try events.get() where count > 0 {
        wanted += count
        for n in 1...count where !there.contains("webhook:open/\(id)/\(n)") { missing.append("\(id)/\(n)") }
      }
      return (wanted, Self.twice(keys) + missing.map { "\($0) never came" })
    }
    let known = Result { try self.keys("webhook:blind") }
    verdict.check("webhook without read-back: never twice, what is done is there") { [rig] in
      let keys = rig.sides.blind.history.all.map(\.key)
      let there = Set(keys)
      let done = try known.get().filter { $0.value == "done" }
      let lost = done.keys.filter { !there.contains($0) }.map { "\($0) is not there" }
      return (keys.count, Self.twice(keys) + lost)
    }
  }

  private mutating func checkMail() {
    let receipts = Result {
      try self.store.rows("SELECT key, receipt FROM delivery WHERE channel = 'mail' AND state = 'done'")
    }
    verdict.check("mail: never twice, what is done is there") { [rig] in
      let ids = rig.sides.mail.history.all.map(\.key)
      let there = Set(ids)
      let lost = try receipts.get().filter { row in
        !there.contains { $0.contains(row[1]) || row[1].contains($0) }
      }
      return (ids.count, Self.twice(ids) + lost.map { "\($0[0]) is not there" })
    }
  }

  /// How many messages each event has had, as the store has it.
  private func messageCounts(realOnly: Bool) throws -> [String: Int] {
    try store.table(
      """
      SELECT id, json_extract(state, '$.messages') FROM event
      WHERE mergedInto IS NULL \(realOnly ? "AND isMock = 0" : "")
      """
    ).compactMapValues { Int($0) }
  }

  // MARK: What must not be

  private mutating func checkMocks() {
    let mocks = Result { try self.store.rows("SELECT id FROM event WHERE isMock = 1").map { $0[0] } }
    let invented = stream.scripts.filter { !$0.isReal }.map(\.id)
    verdict.check("no mock where none is wanted") { [rig] in
      let ids = Set(try mocks.get() + invented)
      let sides = rig.sides
      let texts =
        sides.slack.history.all.map { $0.key + " " + ($0.detail["text"] ?? "") }
        + sides.blind.history.all.map { $0.key + " " + ($0.detail["body"] ?? "") } + sides.mail.messages
      let words = texts.map { text in
        Set(
          text.split { !($0.isASCII && ($0.isLetter || $0.isNumber || "-~+._".contains($0))) }.map(
            String.init))
      }
      let leaked = zip(words, texts).filter { !$0.0.isDisjoint(with: ids) }.map { String($0.1.prefix(80)) }
      return (texts.count, leaked)
    }
  }

  private mutating func checkRetractions() {
    let retracted = stream.scripts.filter(\.isRetracted)
    let states = Result {
      try self.store.rows(
        """
        SELECT id, isMock, json_extract(state, '$.record.status'),
          coalesce(json_extract(state, '$.planID'), '') FROM event WHERE mergedInto IS NULL
        """)
    }
    let live = Result { try self.store.rows("SELECT event FROM plan WHERE state = 'live'").map { $0[0] } }
    verdict.check("every retracted event ends with STOP") { [rig] in
      let roots = Dictionary(rig.sides.slack.roots.map { ($0.key, $0) }, uniquingKeysWith: { $1 })
      let newest = Self.newestBodies(rig.sides.open.history)
      var wrong: [String] = []
      for script in retracted {
        guard let row = try states.get().first(where: { Self.name($0[0], isOf: script.id) }) else {
          wrong.append("\(script.id) is no event")
          continue
        }
        let id = row[0]
        if row[2] != "retracted" { wrong.append("\(id) is \(row[2])") }
        if try !row[3].isEmpty || live.get().contains(id) { wrong.append("\(id) has a live plan") }
        if script.isReal, let root = roots["slack/\(id)/root"], !root.text.hasPrefix("STOP") {
          wrong.append("\(id) on Slack: \(root.text.prefix(60))")
        }
        if let body = newest[id], !body.contains("STOP"), !body.contains("retracted") {
          wrong.append("\(id) at the webhook: \(body.prefix(120))")
        }
      }
      return (retracted.count, wrong)
    }
  }

  /// `swift-14001` is kept as `swift-14001~test` when it is a test.
  private static func name(_ stored: String, isOf id: String) -> Bool {
    stored == id || stored.hasPrefix(id + "~")
  }

  private static func newestBodies(_ history: History) -> [String: String] {
    var newest: [String: (Int, String)] = [:]
    for entry in history.all {
      let parts = entry.key.split(separator: "/").map(String.init)
      guard parts.count == 3, let number = Int(parts[2]) else { continue }
      if number > newest[parts[1]]?.0 ?? 0 { newest[parts[1]] = (number, entry.detail["body"] ?? "") }
    }
    return newest.mapValues(\.1)
  }

  private mutating func checkFolders() {
    let retracted = stream.scripts.filter(\.isRetracted).map(\.id)
    verdict.check("the shared folder: current is the newest, STOP for the retracted") { [rig] in
      let files = FileManager.default
      let root = "\(rig.plans)/Candidates"
      var (seen, wrong): (Int, [String]) = (0, [])
      for category in (try? files.contentsOfDirectory(atPath: root)) ?? [] {
        for event in try files.contentsOfDirectory(atPath: "\(root)/\(category)") {
          seen += 1
          let plans = "\(root)/\(category)/\(event)/GWEMOPT"
          let all = try files.contentsOfDirectory(atPath: plans)
          let folders = all.filter { $0.hasPrefix("r") }.sorted()
          let current = try files.destinationOfSymbolicLink(atPath: "\(plans)/current")
          let order = { (name: String) in name.prefix { $0 != "-" } + (name.contains("-STOP-") ? "s" : "p") }
          if let last = folders.map(order).max(), order(current) < last {
            wrong.append("\(event): current is \(current), newest \(folders.last ?? "")")
          }
          if retracted.contains(where: {
            event.hasPrefix($0) && event.dropFirst($0.count).first?.isLetter != true
          }),
            !current.contains("-STOP-")
          {
            wrong.append("\(event) was retracted, current is \(current)")
          }
          wrong += all.filter { $0.hasPrefix(".") }.map { "\(event): left over: \($0)" }
        }
      }
      return (seen, wrong)
    }
  }
}
