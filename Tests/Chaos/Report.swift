import Foundation

/// The tables that are printed at the end.
struct Report {
  let rig: Rig
  let stream: Stream
  let monkey: Monkey.Tally
  let feeder: Feeder
  let verdict: Verdict
  let seconds: [(String, Double)]

  func text() -> String {
    var out: [String] = [""]
    out += Self.table("figure", figures)
    out.append("")
    out += Self.table(
      "check",
      verdict.findings.map { finding in
        let count = finding.violations.count
        return (finding.name, "\(finding.checked) looked at, \(count == 0 ? "ok" : "\(count) VIOLATED")")
      })
    for finding in verdict.findings where !finding.violations.isEmpty {
      out += ["", "\(finding.name):"] + finding.violations.sorted().prefix(8).map { "  - \($0)" }
      if finding.violations.count > 8 { out.append("  - and \(finding.violations.count - 8) more") }
    }
    return out.joined(separator: "\n")
  }

  private var figures: [(String, String)] {
    let store = StoreReader(path: rig.store)
    func count(_ sql: String) -> String { (try? store.count(sql)).map(String.init) ?? "?" }
    func groups(_ sql: String) -> String {
      ((try? store.rows(sql)) ?? []).map { "\($0[0]) \($0[1])" }.joined(separator: ", ")
    }
    let sides = rig.sides
    var list: [(String, String)] = [
      ("seed", "\(rig.options.seed)"),
      (
        "handed in",
        "\(stream.items.count) (\(stream.expected.count) different, \(feeder.retries) retries of HTTP)"
      ),
      ("notices", groups("SELECT status, count(*) FROM notice GROUP BY status")),
      ("quarantined", "\(stream.expected.values.filter { $0.expectation == .quarantined }.count) poisoned"),
      ("events", groups("SELECT iif(isMock, 'mock', 'real'), count(*) FROM event GROUP BY isMock")),
      ("decisions", groups("SELECT outcome, count(*) FROM decision GROUP BY outcome")),
      ("plans", groups("SELECT state, count(*) FROM plan GROUP BY state")),
      (
        "kill -9",
        "\(monkey.kills) in \(rig.startedCount) lives, \(monkey.pauses) pauses, \(monkey.standbys) standbys"
      ),
    ]
    let deliveries =
      (try? store.rows("SELECT channel, state, count(*) FROM delivery GROUP BY channel, state")) ?? []
    for (channel, rows) in Dictionary(grouping: deliveries, by: { $0[0] }).sorted(by: { $0.key < $1.key }) {
      list.append(("deliveries \(channel)", rows.map { "\($0[1]) \($0[2])" }.joined(separator: ", ")))
    }
    list += [
      ("calls of Slack", "\(sides.slack.server.requests.count), \(sides.slack.history.count) took effect"),
      (
        "calls of webhook open",
        "\(sides.open.server.requests.count), \(sides.open.history.count) took effect"
      ),
      (
        "calls of webhook blind",
        "\(sides.blind.server.requests.count), \(sides.blind.history.count) took effect"
      ),
      ("mails", "\(sides.mail.history.count)"),
      (
        "calls of the Treasure Map",
        "\(sides.treasureMap.server.requests.count); planned \(sides.treasureMap.history.all(of: "planned").count)"
          + ", cancelled \(sides.treasureMap.history.all(of: "cancelled").count)"
      ),
      ("calls cut short by a kill", count("SELECT count(*) FROM deliveryAttempt WHERE result IS NULL")),
      ("start to /readyz", Self.spread(rig.recoveries)),
      ("start to working", Self.spread(rig.leads)),
      ("takeover from a stopped one", monkey.takeovers.map { Self.format($0) }.joined(separator: ", ")),
      ("stops inside a transaction", "\(monkey.stoppedWriting), tried again"),
      ("RSS at most", String(format: "%.0f MB", Double(rig.peakKilobytes) / 1000)),
    ]
    return list + seconds.map { ($0.0, Self.format($0.1)) }
  }

  private static func format(_ seconds: Double) -> String { String(format: "%.2f s", seconds) }

  private static func spread(_ all: [Double]) -> String {
    guard let half = all.quantile(0.5), let most = all.quantile(0.95), let last = all.max() else {
      return "-"
    }
    return "median \(format(half)), 95 % \(format(most)), at most \(format(last)), of \(all.count)"
  }

  private static func table(_ title: String, _ rows: [(String, String)]) -> [String] {
    let width = max(title.count, rows.map(\.0.count).max() ?? 0)
    return rows.map { $0.0 + String(repeating: " ", count: width - $0.0.count) + "  " + $0.1 }
  }
}
