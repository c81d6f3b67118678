/// Requests for point sources: who can observe one, and what they are sent. See `Desk`.
public protocol FollowupDesk: Sendable {
  /// Ranks the telescopes, keeps the answer, and sends to those that the form names.
  func ask(_ form: FollowupForm, by identity: Identity) async throws(DeskError) -> FollowupView
  func followup(_ id: String) async throws(DeskError) -> FollowupView
  /// Newest first.
  func followups(limit: Int) async throws(DeskError) -> [FollowupLine]
  /// Sends to telescopes by slug; again, it changes nothing.
  func send(_ id: String, to slugs: [String], by identity: Identity) async throws(DeskError) -> FollowupView
  /// - Parameter slugs: empty is all of them.
  func withdraw(
    _ id: String, from slugs: [String], reason: String, by identity: Identity
  ) async throws(DeskError) -> FollowupView
}

extension Desk {
  public var followups: (any FollowupDesk)? { nil }

  func openFollowups() throws(DeskError) -> any FollowupDesk {
    guard let followups else { throw .unavailable("this service answers no requests for point sources") }
    return followups
  }
}

/// A request as it comes in. Angles are degrees or sexagesimal text, times ISO 8601 UTC.
public struct FollowupForm: Codable, Hashable, Sendable {
  public var name: String
  public var ra: String
  public var dec: String
  public var errorArcsec: Double?
  /// Expected magnitude (AB) in the first of `filters`, else in r; with a model, `distanceMpc` may stand for it.
  public var mag: Double?
  /// When it had this magnitude; absent: now.
  public var magTimeUTC: String?
  /// Absent: now.
  public var eventTimeUTC: String?
  /// Flux as t^-decay since the event.
  public var decay: Double?
  /// Magnitudes a day.
  public var fade: Double?
  /// A light curve by name.
  public var model: String?
  public var distanceMpc: Double?
  /// Bands in order of preference; absent: each telescope's own.
  public var filters: [String]?
  /// Absent: now.
  public var startUTC: String?
  /// Length of the window; absent: 48.
  public var hours: Double?
  /// `grb`, `svom`, `ep`, `neutrino`, `candidate`.
  public var policy: String?
  /// `low`, `normal`, `high`.
  public var priority: String?
  public var visits: Int?
  public var gapH: Double?
  public var ebv: Double?
  /// Telescopes whose people agreed, and those whose night was agreed on before.
  public var approved: [String]?
  public var planned: [String]?
  public var detected: Bool?
  /// The event whose source it may be.
  public var event: String?
  /// Of a drill: goes only where mocks go.
  public var mock: Bool?
  /// Slugs of telescopes that are sent it at once.
  public var send: [String]?
  /// The same request sent again has the same.
  public var key: String?

  public init(name: String, ra: String, dec: String) {
    self.name = name
    self.ra = ra
    self.dec = dec
  }

  enum CodingKeys: String, CodingKey, CaseIterable {
    case name, ra, dec, mag, decay, fade, model, filters, hours, policy, priority, visits, ebv, approved,
      planned, detected, event, mock, send, key
    case errorArcsec = "error_arcsec"
    case magTimeUTC = "mag_time_utc"
    case eventTimeUTC = "event_time_utc"
    case distanceMpc = "distance_mpc"
    case startUTC = "start_utc"
    case gapH = "gap_h"
  }

  public init(from decoder: any Decoder) throws {
    let fields = try FollowupFields(decoder)
    func optional<T: Decodable>(_ key: CodingKeys) throws -> T? { try fields.value(key) }
    name = try fields.needed(.name)
    (ra, dec) = (try fields.angle(.ra), try fields.angle(.dec))
    (errorArcsec, mag) = (try optional(.errorArcsec), try optional(.mag))
    (magTimeUTC, eventTimeUTC) = (try optional(.magTimeUTC), try optional(.eventTimeUTC))
    (decay, fade, model) = (try optional(.decay), try optional(.fade), try optional(.model))
    (distanceMpc, filters) = (try optional(.distanceMpc), try optional(.filters))
    (startUTC, hours) = (try optional(.startUTC), try optional(.hours))
    (policy, priority) = (try optional(.policy), try optional(.priority))
    (visits, gapH, ebv) = (try optional(.visits), try optional(.gapH), try optional(.ebv))
    (approved, planned, detected) = (try optional(.approved), try optional(.planned), try optional(.detected))
    (event, mock) = (try optional(.event), try optional(.mock))
    (send, key) = (try optional(.send), try optional(.key))
  }
}

/// One request in a list.
public struct FollowupLine: Encodable, Sendable {
  public var id: String
  public var name: String
  public var raDeg: Double
  public var decDeg: Double
  public var madeUTC: String
  /// How many telescopes could observe it.
  public var offers: Int
  /// Slugs of those that were sent it and still have it.
  public var sent: [String]

  public init(
    id: String, name: String, raDeg: Double, decDeg: Double, madeUTC: String, offers: Int, sent: [String]
  ) {
    self.id = id
    self.name = name
    self.raDeg = raDeg
    self.decDeg = decDeg
    self.madeUTC = madeUTC
    self.offers = offers
    self.sent = sent
  }
}

/// Who can observe a source, best first, and why the others cannot.
public struct FollowupView: Codable, Sendable {
  public struct Visit: Codable, Sendable {
    public var startUTC: String
    public var endUTC: String
    public var exposures: Int
    public var exposureS: Double
    public var expectedMag: Double
    public var limitMag: Double
    public var altDeg: Double
    public var airmass: Double
    public var moonSepDeg: Double
    public var moonAltDeg: Double

    public init(
      startUTC: String, endUTC: String, exposures: Int, exposureS: Double, expectedMag: Double,
      limitMag: Double, altDeg: Double, airmass: Double, moonSepDeg: Double, moonAltDeg: Double
    ) {
      self.startUTC = startUTC
      self.endUTC = endUTC
      self.exposures = exposures
      self.exposureS = exposureS
      self.expectedMag = expectedMag
      self.limitMag = limitMag
      self.altDeg = altDeg
      self.airmass = airmass
      self.moonSepDeg = moonSepDeg
      self.moonAltDeg = moonAltDeg
    }
  }
  public struct Offer: Codable, Sendable {
    public var rank: Int
    public var telescope: String
    public var slug: String
    public var filter: String?
    public var band: String
    public var delayS: Double
    public var deepEnough: Bool
    public var latestStartUTC: String
    public var notifyUTC: String
    public var usage: String?
    public var allocation: String?
    /// `icare`, `slack`, ...
    public var channel: String?
    public var notes: [String]
    public var visits: [Visit]

    public init(
      rank: Int, telescope: String, slug: String, filter: String?, band: String, delayS: Double,
      deepEnough: Bool, latestStartUTC: String, notifyUTC: String, usage: String?, allocation: String?,
      channel: String?, notes: [String], visits: [Visit]
    ) {
      self.rank = rank
      self.telescope = telescope
      self.slug = slug
      self.filter = filter
      self.band = band
      self.delayS = delayS
      self.deepEnough = deepEnough
      self.latestStartUTC = latestStartUTC
      self.notifyUTC = notifyUTC
      self.usage = usage
      self.allocation = allocation
      self.channel = channel
      self.notes = notes
      self.visits = visits
    }
  }
  public struct Omission: Codable, Sendable {
    public var telescope: String
    public var slug: String
    public var code: String
    public var reason: String

    public init(telescope: String, slug: String, code: String, reason: String) {
      self.telescope = telescope
      self.slug = slug
      self.code = code
      self.reason = reason
    }
  }
  public struct Sent: Codable, Sendable {
    public var slug: String
    public var plan: String
    /// `live`, `withdrawn`.
    public var state: String
    /// Of its pointings: `sent`, `accepted`, ...
    public var answers: [String]
    public var atUTC: String
    public var reason: String?

    public init(
      slug: String, plan: String, state: String, answers: [String], atUTC: String, reason: String?
    ) {
      self.slug = slug
      self.plan = plan
      self.state = state
      self.answers = answers
      self.atUTC = atUTC
      self.reason = reason
    }
  }
  public var id: String
  public var name: String
  public var raDeg: Double
  public var decDeg: Double
  public var errorArcsec: Double?
  public var event: String?
  public var isMock: Bool
  public var policy: String
  public var priority: String
  public var model: String
  public var eventTimeUTC: String
  public var startUTC: String
  public var endUTC: String
  public var madeUTC: String
  public var actor: String
  public var offers: [Offer]
  public var leftOut: [Omission]
  public var sent: [Sent]

  public init(
    id: String, name: String, raDeg: Double, decDeg: Double, errorArcsec: Double?, event: String?,
    isMock: Bool, policy: String, priority: String, model: String, eventTimeUTC: String, startUTC: String,
    endUTC: String, madeUTC: String, actor: String, offers: [Offer], leftOut: [Omission], sent: [Sent] = []
  ) {
    self.id = id
    self.name = name
    self.raDeg = raDeg
    self.decDeg = decDeg
    self.errorArcsec = errorArcsec
    self.event = event
    self.isMock = isMock
    self.policy = policy
    self.priority = priority
    self.model = model
    self.eventTimeUTC = eventTimeUTC
    self.startUTC = startUTC
    self.endUTC = endUTC
    self.madeUTC = madeUTC
    self.actor = actor
    self.offers = offers
    self.leftOut = leftOut
    self.sent = sent
  }
}
