import Campaigns
import Notices
import Store
import Units

/// Finds the event that a notice belongs to, and reads its notices back when it is asked about again.
struct EventFiles {
  /// Which stored event goes by a name.
  private struct Name: Hashable {
    let realm: Realm
    let id: NativeID
  }
  private var owners: [Name: Set<String>] = [:]
  private(set) var memos: [String: (memo: EventMemo, revision: Int64)] = [:]
  /// Of the events that were last asked about, without the bytes of their maps.
  private var notices: [String: [Notice]] = [:]
  /// More are read back from the store when they are wanted: years of events must not fill the memory.
  static let mostRemembered = 1000

  mutating func adopt(_ id: String, _ memo: EventMemo, revision: Int64) {
    memos[id] = (memo, revision)
    for name in memo.record.ids {
      owners[Name(realm: memo.record.realm, id: name.canonical), default: []].insert(id)
    }
  }

  mutating func remember(_ list: [Notice], of id: String) {
    if notices.count >= Self.mostRemembered, notices[id] == nil { notices.removeAll(keepingCapacity: true) }
    notices[id] = list
  }
  func remembered(of id: String) -> [Notice]? { notices[id] }
  mutating func forget(_ id: String) {
    memos[id] = nil
    notices[id] = nil
    for name in owners.keys { owners[name]?.remove(id) }
  }

  /// Stored events that share a name with the notice, by id. A retraction may look real and be of a mock.
  func candidates(for notice: Notice) -> [String] {
    let names = notice.kind == .circular ? notice.related.map(\.canonical) : notice.joiningIDs
    let realms = notice.isRetraction ? Realm.allCases : notice.realm.map { [$0] } ?? []
    var found: Set<String> = []
    for realm in realms {
      for name in names { found.formUnion(owners[Name(realm: realm, id: name)] ?? []) }
    }
    return found.sorted()
  }
}
