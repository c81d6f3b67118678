import Notices
import Units

/// One state of an event: what was known once a notice was in. Numbered from 1 in the order in which the
/// sender made the notices, not in which they arrived.
public struct Revision: Codable, Hashable, Sendable {
  /// Position among the notices known now. A notice that arrives late shifts the later numbers: what is
  /// stored should refer to `noticeKey`.
  public let number: Int
  /// `Notice.duplicateKey` of the notice that made it.
  public let noticeKey: String
  @Coded public private(set) var stage: NoticeStage
  @Coded public private(set) var created: Instant?
  public let status: EventStatus
}

/// Whether an event stands.
public enum EventStatus: String, Codable, Hashable, Sendable {
  case active
  /// Withdrawn by its sender.
  case retracted
  /// Withdrawn, then announced anew: a person must say whether it stands. Nothing is planned until then.
  case awaitingReinstatement
}

/// A person's answer to an event that came back after its retraction.
public struct Reinstatement: Codable, Hashable, Sendable {
  /// `Notice.duplicateKey` of the retraction that no longer counts.
  public let retractionKey: String
  /// The role in which the person answered: `weekly coordinator`.
  public let role: String
  @Coded public private(set) var at: Instant

  public init(retractionKey: String, role: String, at: Instant) {
    self.retractionKey = retractionKey
    self.role = role
    self.at = at
  }
}

/// Everything the notices say about one event. A function of the set of notices: neither their order nor
/// repetitions matter.
public struct Event: Hashable, Sendable {
  public let realm: Realm
  /// All its names, in order.
  public let ids: [NativeID]
  /// Events of others that its notices mention; they are not part of it.
  public let related: [NativeID]
  /// Without duplicates, in the order of the sender.
  public let notices: [Notice]
  /// Circulars that name the event, for people.
  public let circulars: [Notice]
  public let revisions: [Revision]
  public let status: EventStatus
  /// What the retractions and withdrawals left standing, oldest first.
  public let standing: [Notice]
  /// Messages that came twice with different content (`Notice.duplicateKey`): a person should look.
  public let contradictions: [String]
  /// Why it stands in spite of a retraction: the answers of people that count here.
  public let reinstatements: [Reinstatement]

  /// The name to show: of the sender's own numbering, or the public name if there is none.
  public var id: NativeID { ids[0] }
  public var name: String { id.value }
  public var isReal: Bool { realm == .real }
  /// Only a retraction is known: what comes later under this name finds it withdrawn.
  public var isTombstone: Bool { notices.allSatisfy(\.isRetraction) }
  public var revision: Int { revisions.last?.number ?? 0 }
  /// The newest notice that counts. Nil for a tombstone; for a retracted event what it last said.
  public var latest: Notice? { standing.last ?? notices.last { !$0.isRetraction } }

  /// The notice to take the place from: of every instrument the newest that has one, and of these the
  /// one with the smallest region. A light curve without a position takes nothing away, a wide position
  /// that comes after an X-ray one neither.
  public var localizing: Notice? {
    var newest: [String: Notice] = [:]
    for notice in standing where !notice.bestLocalization.isAbsent {
      newest["\(notice.source.mission)/\(notice.source.instrument ?? "")"] = notice
    }
    return newest.sorted { $0.key < $1.key }.map(\.value).min { $0.placeRadius < $1.placeRadius }
  }

  /// The retraction that waits for an answer or stands.
  public var retraction: Notice? { notices.last(where: \.isRetraction) }

  /// When it happened, by the newest notice that says so.
  public var time: Instant? { standing.reversed().lazy.compactMap(\.eventTime).first }
}

/// What a store keeps of an event; the notices themselves are kept as bytes.
public struct EventRecord: Codable, Hashable, Sendable {
  public let realm: Realm
  @Coded public private(set) var ids: [NativeID]
  @Coded public private(set) var related: [NativeID]
  public let status: EventStatus
  public let revisions: [Revision]
  @Coded public private(set) var time: Instant?
  /// Keys of the notices that retractions left standing.
  public let standing: [String]
  /// Key of the notice to take the place from.
  public let localizing: String?
  public let circulars: [String]
  public let contradictions: [String]
  public let reinstatements: [Reinstatement]

  public init(_ event: Event) {
    realm = event.realm
    ids = event.ids
    related = event.related
    status = event.status
    revisions = event.revisions
    time = event.time
    standing = event.standing.map(\.duplicateKey)
    localizing = event.localizing?.duplicateKey
    circulars = event.circulars.map(\.duplicateKey)
    contradictions = event.contradictions
    reinstatements = event.reinstatements
  }
}

extension Notice {
  /// For comparison only: of a map, half the sky's extent unless a region stands beside it.
  fileprivate var placeRadius: Angle {
    bestLocalization.region?.largestRadius ?? .degrees(90)
  }
}

extension Event {
  /// - Parameters:
  ///   - members: notices of one event in any order, repetitions allowed; at least one.
  ///   - aliases: names that people gave to it in addition.
  /// O(n^2): revisions are judged one by one, and an event has few notices.
  static func fold(
    _ members: [Notice], realm: Realm, circulars: [Notice] = [], aliases: [NativeID] = [],
    reinstatements: [Reinstatement] = []
  ) -> Event {
    let (unique, contradictions) = NoticeOrder.unique(members)
    let ruled = Set(reinstatements.map(\.retractionKey))
    var revisions: [Revision] = []
    for end in unique.indices {
      let known = Standings(Array(unique[...end]), ruled: ruled)
      revisions.append(
        Revision(
          number: end + 1, noticeKey: unique[end].duplicateKey, stage: unique[end].stage,
          created: unique[end].created, status: known.status))
    }
    let final = Standings(unique, ruled: ruled)
    let withdrawals = Set(unique.filter(\.isRetraction).map(\.duplicateKey))
    let answers = Set(reinstatements.filter { withdrawals.contains($0.retractionKey) })
    return Event(
      realm: realm, ids: NoticeOrder.ranked(unique.flatMap(\.joiningIDs) + aliases.map(\.canonical)),
      related: Array(Set(unique.flatMap(\.related))).sorted(), notices: unique,
      circulars: NoticeOrder.unique(circulars).notices, revisions: revisions, status: final.status,
      standing: final.standing, contradictions: contradictions,
      reinstatements: answers.sorted {
        ($0.at, $0.retractionKey, $0.role) < ($1.at, $1.retractionKey, $1.role)
      })
  }
}

/// What a list of notices, in the sender's order, leaves standing.
struct Standings {
  let status: EventStatus
  let standing: [Notice]

  init(_ notices: [Notice], ruled: Set<String>) {
    let content = notices.filter { !$0.isRetraction }
    let whole = notices.filter { $0.retraction.map(\.messages.isEmpty) ?? false }
    var gone = Set(notices.flatMap(\.supersedes))
    gone.formUnion(notices.compactMap(\.retraction).flatMap(\.messages))
    let left = content.filter { notice in notice.source.ivorn.map { !gone.contains($0) } ?? true }
    let counted = whole.filter { !ruled.contains($0.duplicateKey) }
    standing = left
    if counted.isEmpty {
      // Every message was withdrawn singly: the same as a retraction of the event.
      let allGone = left.isEmpty && notices.contains(where: \.isRetraction) && whole.isEmpty
      status = allGone ? .retracted : .active
    } else {
      let returned = left.contains { notice in counted.allSatisfy { Self.isMade(notice, after: $0) } }
      status = returned ? .awaitingReinstatement : .retracted
    }
  }

  /// A message without a time cannot prove that it came after the retraction.
  private static func isMade(_ notice: Notice, after retraction: Notice) -> Bool {
    guard let made = notice.created, let withdrawn = retraction.created else { return false }
    return made > withdrawn
  }
}
