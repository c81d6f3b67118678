import Campaigns
import Notices
import Store
import Units

/// Finds the event that a notice belongs to, and holds what was last asked about. What it does not hold is in the
/// store: years of events must not fill the memory.
struct EventFiles {
  typealias Known = (memo: EventMemo, revision: Int64)
  /// Which stored event goes by a name.
  private struct Name: Hashable {
    let realm: Realm
    let id: NativeID
  }
  /// Enough to find an event by.
  private struct Brief {
    let realm: Realm
    let status: EventStatus
    let time: Instant?
    let names: [NativeID]
    let changed: Instant
  }
  private var owners: [Name: [String]] = [:]
  private var briefs: [String: Brief] = [:]
  private var memos: [String: Known] = [:]
  /// Of the events that were last asked about, without the bytes of their maps.
  private var notices: [String: [Notice]] = [:]
  /// Events whose order waits for its plan.
  private(set) var owed: Set<String> = []
  /// Events that are held whole; others are read back when they are wanted.
  let mostHeld: Int
  /// Events that are found by any of their names, and by their time: those of a month with thousands of tests and
  /// subthreshold notices. Older ones are found by the name that they are kept under.
  let mostFound: Int

  init(mostHeld: Int = 1000, mostFound: Int = 20_000) {
    (self.mostHeld, self.mostFound) = (mostHeld, mostFound)
  }

  /// - Parameter changed: events that changed long ago are let go first.
  mutating func adopt(_ id: String, _ memo: EventMemo, revision: Int64, changed: Instant) {
    let record = memo.record
    let names = record.ids.map(\.canonical)
    if briefs[id]?.names != names {
      remove(names: briefs[id], of: id)
      for name in names { owners[Name(realm: record.realm, id: name), default: []].append(id) }
    }
    briefs[id] = Brief(
      realm: record.realm, status: record.status, time: record.time, names: names, changed: changed)
    if memo.owedOrder == nil { owed.remove(id) } else { owed.insert(id) }
    if memos.count >= mostHeld, memos[id] == nil { memos.removeAll(keepingCapacity: true) }
    memos[id] = (memo, revision)
    if briefs.count > 2 * mostFound { letGo() }
  }

  /// The older half, but for what still waits for a plan.
  private mutating func letGo() {
    let order = briefs.sorted { ($0.value.changed, $0.key) > ($1.value.changed, $1.key) }
    for (id, _) in order.dropFirst(mostFound) where !owed.contains(id) { forget(id) }
  }

  func held(_ id: String) -> Known? { memos[id] }
  func realm(of id: String) -> Realm? { briefs[id]?.realm }
  func names(of id: String) -> [NativeID] { briefs[id]?.names ?? [] }
  var count: (found: Int, held: Int) { (briefs.count, memos.count) }

  mutating func remember(_ list: [Notice], of id: String) {
    if notices.count >= mostHeld, notices[id] == nil { notices.removeAll(keepingCapacity: true) }
    notices[id] = list
  }
  func remembered(of id: String) -> [Notice]? { notices[id] }

  mutating func forget(_ id: String) {
    remove(names: briefs.removeValue(forKey: id), of: id)
    memos[id] = nil
    notices[id] = nil
    owed.remove(id)
  }

  private mutating func remove(names brief: Brief?, of id: String) {
    guard let brief else { return }
    for name in brief.names {
      let key = Name(realm: brief.realm, id: name)
      let left = owners[key]?.filter { $0 != id } ?? []
      owners[key] = left.isEmpty ? nil : left
    }
  }

  /// Stored events that share a name with the notice, by id. A retraction may look real and be of a mock.
  func candidates(for notice: Notice) -> [String] {
    var found: Set<String> = []
    for name in names(in: notice) { found.formUnion(owners[name] ?? []) }
    return found.sorted()
  }

  /// What events are called in the store that have a name of the notice as their first, and are not found here.
  func unknown(to notice: Notice) -> [String] {
    names(in: notice).filter { owners[$0] == nil }.map { $0.id.storeID(in: $0.realm) }
  }

  private func names(in notice: Notice) -> [Name] {
    let names = notice.kind == .circular ? notice.related.map(\.canonical) : notice.joiningIDs
    let realms = notice.isRetraction ? Realm.allCases : notice.realm.map { [$0] } ?? []
    return realms.flatMap { realm in names.map { Name(realm: realm, id: $0) } }
  }

  /// Other events of a realm that stand and happened at about a time, by id.
  func near(_ time: Instant, within farthest: Duration, of realm: Realm, but id: String) -> [String] {
    briefs.filter { other, brief in
      guard other != id, brief.realm == realm, brief.status == .active, let their = brief.time else {
        return false
      }
      return their - time < farthest && time - their < farthest
    }.keys.sorted()
  }
}
