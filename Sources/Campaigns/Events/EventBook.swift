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
  private var circulars: [Place: [Notice]] = [:]
  private var reinstatements: Set<Reinstatement> = []

  public init() {}

  /// Takes a notice in. Circulars are linked to the events they name, and make none.
  /// - Returns: the event it belongs to as it is now; nil if it is about none that is known.
  @discardableResult
  public mutating func insert(_ notice: Notice) -> Event? {
    guard let realm = notice.realm else { return nil }
    let names = take(notice, in: realm)
    if notice.kind != .circular, let group = names.first.flatMap({ owner[Place(realm: realm, id: $0)] }),
      let event = event(group)
    {
      return event
    }
    // A circular belongs to whatever it names; a retraction that looks real may be of a mock.
    for id in names {
      if let event = notice.isRetraction ? event(named: id) : event(named: id, in: realm) { return event }
    }
    return nil
  }

  /// Takes many notices in, without working out what becomes of each event.
  public mutating func insert(contentsOf notices: some Sequence<Notice>) {
    for notice in notices {
      if let realm = notice.realm { _ = take(notice, in: realm) }
    }
  }

  /// - Returns: the names it goes by.
  private mutating func take(_ notice: Notice, in realm: Realm) -> [NativeID] {
    if notice.kind == .circular {
      let named = notice.related.map(\.canonical)
      for id in named { circulars[Place(realm: realm, id: id), default: []].append(notice) }
      return named
    }
    let ids = notice.joiningIDs
    let group = join(ids, in: realm)
    groups[group]?.notices.append(notice)
    return ids
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

  /// A retraction carries little: one of a mock that has a real event's name does not say that it is of a
  /// mock. A retraction that looks real therefore also withdraws the mocks and tests of its name, and
  /// leaves a tombstone among the real events only if no mock has the name. The other way round never: what
  /// is said of a mock touches nothing real.
  private func event(_ group: Int) -> Event? {
    guard let content = groups[group], !content.notices.isEmpty else { return nil }
    let isTombstone = content.notices.allSatisfy(\.isRetraction)
    if isTombstone, content.realm == .real, hasDouble(content.ids) { return nil }
    var members = content.notices
    if content.realm != .real {
      let doubles = Set(content.ids.compactMap { owner[Place(realm: .real, id: $0)] }).compactMap {
        groups[$0]
      }
      // Where the real event is known too, its retraction is its own.
      for double in doubles where double.notices.allSatisfy(\.isRetraction) { members += double.notices }
    }
    let linked = content.ids.flatMap { circulars[Place(realm: content.realm, id: $0)] ?? [] }
    return .fold(
      members, realm: content.realm, circulars: linked, aliases: content.aliases.sorted(),
      reinstatements: Array(reinstatements))
  }

  private func hasDouble(_ ids: Set<NativeID>) -> Bool {
    ids.contains { id in
      [Realm.mock, .test].contains { realm in
        let group = owner[Place(realm: realm, id: id)].flatMap { groups[$0] }
        return group?.notices.contains { !$0.isRetraction } ?? false
      }
    }
  }
}
