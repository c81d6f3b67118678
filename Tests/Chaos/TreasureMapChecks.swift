import FarSides
import Foundation

extension Checks {
  /// What the Treasure Map shows as planned is what is planned, once.
  mutating func checkTreasureMap() {
    let (map, store) = (rig.sides.treasureMap, StoreReader(path: rig.store))
    verdict.check("Treasure Map: nothing planned twice, nothing cancelled that was not planned") {
      var standing: [String: Int] = [:]
      var wrong: [String] = []
      for entry in map.history.all {
        standing[entry.key, default: 0] += entry.action == "planned" ? 1 : -1
        if !(0...1).contains(standing[entry.key] ?? 0) { wrong.append("\(entry.action): \(entry.key)") }
      }
      return (map.history.count, wrong)
    }
    verdict.check("Treasure Map: what is planned for later is what the live plans hold") {
      let soon = String(Date().addingTimeInterval(60).ISO8601Format().dropLast())
      let rows = try store.rows(
        """
        SELECT p.event || '/' || json_extract(t.value, '$.telescope.slug'),
          substr(json_extract(r.value, '$.start_utc'), 1, 19)
        FROM plan p JOIN event e ON e.id = p.event JOIN planDocument d ON d.plan = p.id,
          json_each(CAST(d.bytes AS TEXT), '$.plans') t, json_each(t.value, '$.rows') r
        WHERE p.state = 'live' AND e.isMock = 0
        """)
      var wanted: [String: Int] = [:]
      for row in rows where row[1] > soon && row[0].wholeMatch(of: /S[0-9]{6}[a-z]+\/.*/) != nil {
        wanted[row[0], default: 0] += 1
      }
      let slugs = Dictionary(FarSideSet.instruments.map { ($0.value, $0.key) }, uniquingKeysWith: { $1 })
      var there: [String: Int] = [:]
      for pointing in map.pointings where pointing.status == "planned" && pointing.time > soon {
        there["\(pointing.graceid)/\(slugs[pointing.instrument] ?? "?")", default: 0] += 1
      }
      let names = Set(wanted.keys).union(there.keys)
      let wrong = names.filter { wanted[$0] != there[$0] }.map {
        "\($0): \(there[$0] ?? 0) there, \(wanted[$0] ?? 0) in the live plan"
      }
      return (there.values.reduce(0, +), wrong)
    }
  }
}
