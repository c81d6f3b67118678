import Units

/// What an event is called here and elsewhere. Enough to find it in ICARE and never to mistake it.
public struct EventIdentity: Codable, Hashable, Sendable {
  /// The event's time; ICARE keeps whole seconds.
  public var time: NaiveUTC
  public var triggerID: String?
  /// Names, such as the superevent's.
  public var aliases: [String]

  public init(time: Instant, triggerID: String? = nil, aliases: [String] = []) {
    self.time = NaiveUTC(time)
    self.triggerID = triggerID
    self.aliases = aliases
  }

  public enum Match: Hashable, Sendable {
    case none
    case one(IcareEvent)
    /// Several events there answer to it, or one that has another trigger id.
    case conflict([IcareEvent])
  }

  /// By equality of time (within the second to which ICARE rounds), trigger id or alias; never by
  /// substring, so `S240422e` is not `S240422ed`.
  public func match(_ events: [IcareEvent]) -> Match {
    var found: [IcareEvent] = []
    for event in events where answers(event) && !found.contains(where: { $0.id == event.id }) {
      found.append(event)
    }
    guard let event = found.first else { return .none }
    guard found.count == 1 else { return .conflict(found) }
    if let ours = triggerID, let theirs = event.triggerID, ours != theirs, !shares(event) {
      return .conflict(found)
    }
    return .one(event)
  }

  private func answers(_ event: IcareEvent) -> Bool {
    if let triggerID, event.triggerID == triggerID { return true }
    return shares(event) || abs(event.time.instant.seconds(since: time.instant)) <= 1
  }

  private func shares(_ event: IcareEvent) -> Bool {
    event.aliases.contains { alias in
      // ICARE puts the source of a name before it: LVC#S240422ed.
      aliases.contains(alias)
        || (alias.split(separator: "#").last.map { aliases.contains(String($0)) } ?? false)
    }
  }
}

/// A sky map to upload.
public enum MapContent: Codable, Hashable, Sendable {
  /// A disc. ICARE names it after its numbers.
  case cone(rightAscensionDegrees: Double, declinationDegrees: Double, errorDegrees: Double)
  /// Multi-order cells and their density per steradian.
  case cells(uniq: [Int], densityPerSteradian: [Double])
  /// A FITS file in base64.
  case file(base64: String)
}

/// Which of an event's sky maps.
public struct MapReference: Codable, Hashable, Sendable {
  public var name: String
  /// `IcareMap.digest`; nil when the name alone identifies it.
  public var digest: String?

  public init(name: String, digest: String? = nil) {
    self.name = name
    self.digest = digest
  }

  /// The name ICARE gives to a disc: five decimals each.
  public static func cone(
    rightAscensionDegrees ra: Double, declinationDegrees dec: Double, errorDegrees error: Double
  ) -> MapReference {
    MapReference(name: [ra, dec, error].map(fiveDecimals).joined(separator: "_"))
  }

  /// Under which a map is uploaded when its own name is taken by other contents.
  public var distinctName: String? { digest.map { "\(name)_\($0.prefix(8))" } }

  private static func fiveDecimals(_ x: Double) -> String {
    guard x.magnitude < 1e9 else { return "0.00000" }
    let scaled = Int((x.magnitude * 1e5).rounded())
    let digits = String(scaled % 100_000)
    let zeros = String(repeating: "0", count: 5 - digits.count)
    return (x < 0 && scaled > 0 ? "-" : "") + "\(scaled / 100_000).\(zeros)\(digits)"
  }
}

/// Kind `event-alias`: the event is there and carries the name.
public struct EventPush: Codable, Hashable, Sendable {
  public var event: EventIdentity
  public var alias: String
  /// Until then ICARE's own ingestion is waited for; after it the event is created.
  public var createAfter: NaiveUTC
  public var map: MapContent?
  public var mapName: String?
  /// Names of the groups that see an event created here; all when empty.
  public var groups: [String]

  public init(
    event: EventIdentity, alias: String, createAfter: Instant, map: MapContent? = nil,
    mapName: String? = nil, groups: [String] = []
  ) {
    self.event = event
    self.alias = alias
    self.createAfter = NaiveUTC(createAfter)
    self.map = map
    self.mapName = mapName
    self.groups = groups
  }
}

/// Kind `localization`: the event has this sky map.
public struct MapPush: Codable, Hashable, Sendable {
  public var event: EventIdentity
  public var map: MapReference
  public var content: MapContent

  public init(event: EventIdentity, map: MapReference, content: MapContent) {
    self.event = event
    self.map = map
    self.content = content
  }
}

/// Kind `tag`: the event has the tag, or has not.
public struct TagPush: Codable, Hashable, Sendable {
  public var event: EventIdentity
  public var text: String
  public var isRemoved: Bool

  public init(event: EventIdentity, text: String, isRemoved: Bool = false) {
    self.event = event
    self.text = text
    self.isRemoved = isRemoved
  }
}

/// Kind `comment`: once on an event or a source. The delivery's key is added as the last line.
public struct CommentPush: Codable, Hashable, Sendable {
  public var event: EventIdentity?
  public var source: String?
  public var text: String
  public var groups: [String]
  public var attachmentName: String?
  public var attachmentBase64: String?
  /// Of what it says, whenever it says it: under one key, texts that differ in no more than when they were
  /// written are one comment.
  public var essence: String?

  public init(event: EventIdentity, text: String, groups: [String] = []) {
    self.event = event
    self.text = text
    self.groups = groups
  }
  public init(source: String, text: String, groups: [String] = []) {
    self.source = source
    self.text = text
    self.groups = groups
  }
}

/// A source, and where it is if it has to be created.
public struct SourceTarget: Codable, Hashable, Sendable {
  public var id: String
  public var rightAscensionDegrees: Double
  public var declinationDegrees: Double

  public init(id: String, position: Direction<ICRS>) {
    self.id = id
    // Seven decimals are 0.4 milliarcseconds: the same position is the same text.
    let ra = (position.ra.degrees * 1e7).rounded() / 1e7
    rightAscensionDegrees = ra < 360 ? ra : 0
    declinationDegrees = (position.dec.degrees * 1e7).rounded() / 1e7
  }

  var position: Direction<ICRS> {
    Direction(ra: .degrees(rightAscensionDegrees), dec: .degrees(declinationDegrees))
  }

  /// What ICARE takes: letters, digits and `_-;:+.`
  public var hasLegalName: Bool {
    !id.isEmpty
      && id.utf8.allSatisfy {
        switch $0 {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "_-;:+.".utf8.contains($0)
        }
      }
  }
}

/// Kind `classification`: a label on a source. GO GRANDMA and STOP GRANDMA are these.
public struct ClassificationPush: Codable, Hashable, Sendable {
  public static let observationTaxonomy = "Grandma Campaign Source Observation"
  public static let go = "GO GRANDMA"
  public static let goUrgently = "GO GRANDMA (HIGH PRIORITY)"
  public static let stop = "STOP GRANDMA"

  public var source: SourceTarget
  public var label: String
  public var taxonomy: String
  public var groups: [String]
  /// A person's label that is newer than this is left to stand.
  public var decided: NaiveUTC

  public init(
    source: SourceTarget, label: String, taxonomy: String = observationTaxonomy, groups: [String],
    decided: Instant
  ) {
    self.source = source
    self.label = label
    self.taxonomy = taxonomy
    self.groups = groups
    self.decided = NaiveUTC(decided)
  }
}

/// Which allocation, by what does not change.
public struct AllocationKey: Codable, Hashable, Sendable {
  /// The instrument's name in ICARE.
  public var instrument: String
  public var group: String?
  public var proposal: String?

  public init(instrument: String, group: String? = nil, proposal: String? = nil) {
    self.instrument = instrument
    self.group = group
    self.proposal = proposal
  }
}

/// Kind `trigger`: whether an allocation is triggered for an event.
public struct TriggerPush: Codable, Hashable, Sendable {
  public var event: EventIdentity
  public var allocation: AllocationKey
  public var isTriggered: Bool

  public init(event: EventIdentity, allocation: AllocationKey, isTriggered: Bool) {
    self.event = event
    self.allocation = allocation
    self.isTriggered = isTriggered
  }
}
