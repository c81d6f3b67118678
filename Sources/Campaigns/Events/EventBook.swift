import Notices

/// All events known, kept together by the names in their notices.
///
/// What it says depends only on the set of notices, aliases and answers it was given. Adding a notice
/// costs as much as the event it belongs to has notices.
public struct EventBook: Sendable {
  private struct Group: Sendable {
    var realm: Realm
    var notices: [Notice] = []
    var ids: Set<NativeID> = []
    var aliases: Set<NativeID> = []
  }
  private struct Place: Hashable, Sendable {
    let realm: Realm
    let id: NativeID
  }

  private var groups: [Int: Group] = [:]
  private var owner: [Place: Int] = [:]
  private var nextGroup = 0
  private var circulars: [NativeID: [Notice]] = [:]
  private var retractions: [NativeID: [Notice]] = [:]
  private var reinstatements: Set<Reinstatement> = []

  public init() {}

  /// Takes a notice in. Circulars are linked to the events they name, and make none.
  /// - Returns: the event it belongs to as it is now; nil if it is about none that is known.
  @discardableResult
  public mutating func insert(_ notice: Notice) -> Event? {
    guard let realm = notice.realm else { return nil }
    if notice.kind == .circular {
      let named = notice.related.map(\.canonical)
      for id in named { circulars[id, default: []].append(notice) }
      for id in named {
        if let event = event(named: id, in: realm) { return event }
      }
      return nil
    }
    let ids = notice.joiningIDs
    let group = join(ids, in: realm)
    groups[group]?.notices.append(notice)
    if notice.isRetraction {
      for id in ids { retractions[id, default: []].append(notice) }
    }
    // A retraction that looks real may belong to a mock: see `event(_:)`.
    if let event = event(group) { return event }
    for id in ids {
      if let event = event(named: id) { return event }
    }
    return nil
  }

  /// Says that two names mean the same event of a realm.
  public mutating func declare(_ alias: NativeID, of id: NativeID, in realm: Realm = .real) {
    let pair = [alias.canonical, id.canonical]
    let group = join(pair, in: realm)
    groups[group]?.aliases.formUnion(pair)
  }

  /// Records a person's answer: the retraction no longer counts.
  public mutating func record(_ answer: Reinstatement) { reinstatements.insert(answer) }

  /// The event that has exactly this name.
  public func event(named id: NativeID, in realm: Realm) -> Event? {
    owner[Place(realm: realm, id: id.canonical)].flatMap(event)
  }
  /// The same in any realm, real events first.
  public func event(named id: NativeID) -> Event? {
    Realm.allCases.lazy.compactMap { self.event(named: id, in: $0) }.first
  }

  /// All events, in the order of realm and name.
  public var events: [Event] {
    groups.keys.compactMap(event).sorted { ($0.realm, $0.id) < ($1.realm, $1.id) }
  }

  private mutating func join(_ ids: [NativeID], in realm: Realm) -> Int {
    let places = ids.map { Place(realm: realm, id: $0) }
    let found = Set(places.compactMap { owner[$0] }).sorted()
    let home = found.first ?? nextGroup
    if found.isEmpty {
      groups[home] = Group(realm: realm)
      nextGroup += 1
    }
    for other in found.dropFirst() {
      guard let moved = groups.removeValue(forKey: other) else { continue }
      groups[home]?.notices += moved.notices
      groups[home]?.aliases.formUnion(moved.aliases)
      groups[home]?.ids.formUnion(moved.ids)
      for id in moved.ids { owner[Place(realm: realm, id: id)] = home }
    }
    groups[home]?.ids.formUnion(ids)
    for place in places { owner[place] = home }
    return home
  }

  /// Retractions carry little: one of a mock event with a real event's name says nothing of the mock. It
  /// therefore reaches every realm that knows its name, and leaves a tombstone in its own only if no
  /// other does.
  private func event(_ group: Int) -> Event? {
    guard let content = groups[group], !content.notices.isEmpty else { return nil }
    if content.notices.allSatisfy(\.isRetraction), isKnown(content.ids, outside: content.realm) {
      return nil
    }
    let withdrawals = content.ids.flatMap { retractions[$0] ?? [] }
    let linked = content.ids.flatMap { circulars[$0] ?? [] }
    return .fold(
      content.notices + withdrawals, realm: content.realm, circulars: linked,
      aliases: content.aliases.sorted(), reinstatements: Array(reinstatements))
  }

  private func isKnown(_ ids: Set<NativeID>, outside realm: Realm) -> Bool {
    Realm.allCases.contains { other in
      other != realm
        && ids.contains { id in
          let group = owner[Place(realm: other, id: id)].flatMap { groups[$0] }
          return group?.notices.contains { !$0.isRetraction } ?? false
        }
    }
  }
}
