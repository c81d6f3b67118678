import Units

/// The plan of one telescope as every file and page shows it: `grandma.plan/1`.
///
/// One definition for writing and reading. Values are rounded once, here, so that text, CSV, ECSV,
/// regions and JSON hold the same rows; `sha256` in each of them is the digest of this document.
/// Keys carry their unit; angles are ICRS degrees, times UTC with milliseconds.
public struct PlanDocument: Codable, Hashable, Sendable {
  public static let schemaID = "grandma.plan/1"

  public var schema = Self.schemaID
  /// `<event>-r<revision>-<slug>-<digest>`: unique to telescope and request.
  public var planID: String
  public var revision: Int
  public var status: Status
  public var made: UTCTime
  public var event: Event
  public var telescope: Site
  public var instrument: Instrument
  public var limits: Limits
  public var timing: Timing
  /// First to last moment at which anything of this plan may be done.
  public var valid: UTCWindow
  public var darkWindows: [UTCWindow]
  public var map: MapNumbers
  public var totals: Totals
  /// By start time; none when `status` is STOP.
  public var rows: [Row]
  public var assumptions: [Assumption]
  public var notes: [String]
  /// The bound of its allocation that kept it from more, in words; absent where none did.
  @Omittable public var limitedBy: String?
  public var diff: Diff?
  /// The plan this one takes the place of.
  public var replaces: String?
  public var links: Links?
  /// Of this document without this member: see `digest()`.
  public var sha256: String?

  enum CodingKeys: String, CodingKey {
    // In the order of the properties, which is the order of the members.
    case schema
    case planID = "plan_id"
    case revision, status, made, event, telescope, instrument, limits, timing, valid
    case darkWindows = "dark_windows"
    case map, totals, rows, assumptions, notes
    case limitedBy = "limited_by"
    case diff, replaces, links, sha256
  }
}

extension PlanDocument {
  /// What an operator should do.
  public enum Status: String, Codable, Hashable, Sendable {
    case go = "GO"
    case wait = "WAIT"
    case stop = "STOP"
  }

  public struct Event: Codable, Hashable, Sendable {
    public var id: String
    public var alert: String?
    public var t0: UTCTime?
    public var classification: [ClassProbability]
  }

  public struct ClassProbability: Codable, Hashable, Sendable {
    public var name: String
    public var probability: Double
  }

  public struct Site: Codable, Hashable, Sendable {
    public var name: String
    public var slug: String
    public var fullName: String
    public var site: String
    public var country: String
    public var latDeg: Double
    public var lonDeg: Double
    public var elevM: Double
    public var tz: String?
    /// How the team is reached: `slack`, `icare`, ...
    public var channel: String?
    public var contact: String?

    enum CodingKeys: String, CodingKey {
      case name, slug
      case fullName = "full_name"
      case site, country
      case latDeg = "lat_deg"
      case lonDeg = "lon_deg"
      case elevM = "elev_m"
      case tz, channel, contact
    }
  }

  /// The footprint of one exposure about its pointing, before the position angle of a row turns it.
  public struct Instrument: Codable, Hashable, Sendable {
    public enum Shape: String, Codable, Hashable, Sendable { case square, rectangle, circle, polygons }
    public var name: String
    public var apertureM: Double?
    public var pixelScaleArcsec: Double?
    public var filters: [String]
    /// nil: no field is known, only point sources can be planned.
    public var shape: Shape?
    /// Full width and height of the box that holds the field.
    public var fovDeg: [Double]?
    /// Of a rectangle's top from north toward east; rows repeat it as `pa_deg`.
    public var rotationDeg: Double?
    public var radiusDeg: Double?
    /// Gnomonic offsets (east, north) of the corners of each part.
    public var polygonsDeg: [[[Double]]]?

    enum CodingKeys: String, CodingKey {
      case name
      case apertureM = "aperture_m"
      case pixelScaleArcsec = "pixel_scale_arcsec"
      case filters, shape
      case fovDeg = "fov_deg"
      case rotationDeg = "rotation_deg"
      case radiusDeg = "radius_deg"
      case polygonsDeg = "polygons_deg"
    }
  }

  /// The limits the plan was made under: all hold at start, middle and end of every exposure.
  public struct Limits: Codable, Hashable, Sendable {
    public var minAltDeg: Double
    public var maxAirmass: Double?
    public var minDecDeg: Double
    public var maxDecDeg: Double
    public var moonSepDeg: Double
    public var sunAltDeg: Double
    public var maxHaH: Double?
    /// Lowest altitude by azimuth, linear between the points; nil is a flat horizon at `minAltDeg`.
    public var horizon: [HorizonPoint]?

    enum CodingKeys: String, CodingKey {
      case minAltDeg = "min_alt_deg"
      case maxAirmass = "max_airmass"
      case minDecDeg = "min_dec_deg"
      case maxDecDeg = "max_dec_deg"
      case moonSepDeg = "moon_sep_deg"
      case sunAltDeg = "sun_alt_deg"
      case maxHaH = "max_ha_h"
      case horizon
    }
  }

  public struct HorizonPoint: Codable, Hashable, Sendable {
    public var azDeg: Double
    public var altDeg: Double
    enum CodingKeys: String, CodingKey {
      case azDeg = "az_deg"
      case altDeg = "alt_deg"
    }
  }

  /// The gap between two exposures is max(readout, slew angle / rate + settle).
  public struct Timing: Codable, Hashable, Sendable {
    public var readoutS: Double
    /// nil when the slew takes no time.
    public var slewDegPerS: Double?
    public var settleS: Double
    /// Between exposures in different filters, on top; absent where the plan has none.
    @Omittable public var filterChangeS: Double?
    enum CodingKeys: String, CodingKey {
      case readoutS = "readout_s"
      case slewDegPerS = "slew_deg_per_s"
      case settleS = "settle_s"
      case filterChangeS = "filter_change_s"
    }
  }

  public struct MapNumbers: Codable, Hashable, Sendable {
    public var area50Deg2: Double
    public var area90Deg2: Double
    public var distanceMeanMpc: Double?
    public var distanceStdMpc: Double?
    enum CodingKeys: String, CodingKey {
      case area50Deg2 = "area50_deg2"
      case area90Deg2 = "area90_deg2"
      case distanceMeanMpc = "distance_mean_mpc"
      case distanceStdMpc = "distance_std_mpc"
    }
  }

  public struct Totals: Codable, Hashable, Sendable {
    /// In the union of the telescope's own footprints.
    public var prob: Double
    /// What it adds to the exposures of others that come earlier.
    public var added: Double
    /// Time with an open shutter.
    public var exptimeS: Double
    public var tiles: Int
    public var exposures: Int
    /// That the source is in the footprints and seen there; absent where no source was asked for.
    @Omittable public var detection: Double?
    enum CodingKeys: String, CodingKey {
      case prob, added
      case exptimeS = "exptime_s"
      case tiles, exposures, detection
    }
  }

  public struct Assumption: Codable, Hashable, Sendable {
    public var key: String
    public var value: String
    public var basis: String
  }

  /// How the rows differ from those of the plan it replaces.
  public struct Diff: Codable, Hashable, Sendable {
    public var kept: Int
    public var new: Int
    public var dropped: Int
    public init(kept: Int, new: Int, dropped: Int) {
      self.kept = kept
      self.new = new
      self.dropped = dropped
    }
  }

  public struct Links: Codable, Hashable, Sendable {
    /// Where an operator says that the plan was taken, started, done, or cannot be done.
    public var ack: String?
    public var txt: String?
    public init(ack: String? = nil, txt: String? = nil) {
      self.ack = ack
      self.txt = txt
    }
  }
}

extension PlanDocument {
  /// A galaxy that may be the host.
  public struct Galaxy: Codable, Hashable, Sendable {
    public var name: String
    public var raDeg: Double
    public var decDeg: Double
    /// nil: not known.
    public var distanceMpc: Double?
    /// Share of the weight of all galaxies ranked.
    public var weight: Double
    enum CodingKeys: String, CodingKey {
      case name
      case raDeg = "ra_deg"
      case decDeg = "dec_deg"
      case distanceMpc = "distance_mpc"
      case weight
    }
  }

  /// One pointing: `exposures` in a row at one place and in one filter. A visit in several filters is as many rows,
  /// one after the other.
  public struct Row: Codable, Hashable, Sendable {
    /// 1 for the most probable tile of the telescope.
    public var rank: Int
    public var fieldID: String
    /// `[A-Za-z0-9_+-]{1,32}`: a name the site's programs accept.
    public var target: String
    public var raDeg: Double
    public var decDeg: Double
    /// Of the field's top, from north toward east.
    public var paDeg: Double
    public var startUTC: UTCTime
    public var endUTC: UTCTime
    public var latestStartUTC: UTCTime
    /// One exposure.
    public var exptimeS: Double
    public var nexp: Int
    public var filter: String?
    /// This and the five that follow: at the middle of the row's time.
    public var airmass: Double?
    public var altDeg: Double
    public var azDeg: Double
    public var haH: Double
    public var moonSepDeg: Double
    public var moonAltDeg: Double
    public var sunAltDeg: Double
    /// Inside this footprint alone.
    public var prob: Double
    /// Not covered by any earlier exposure of the network.
    public var added: Double
    /// Covered by this telescope up to and with this row.
    public var cumProb: Double
    public var reason: String
    /// Stable across revisions: what diffs compare.
    public var tileKey: String
    /// In the field, the likeliest host first; absent where a field was not chosen for galaxies.
    @Omittable public var galaxies: [Galaxy]?
    /// That the source is in this footprint and seen there; absent where no source was asked for.
    @Omittable public var detection: Double?
    /// 5 sigma, AB, expected of the row's exposures stacked, with the airmass and Moon of its middle; absent where no
    /// source was asked for.
    @Omittable public var limitMag: Double?

    enum CodingKeys: String, CodingKey {
      case rank
      case fieldID = "field_id"
      case target
      case raDeg = "ra_deg"
      case decDeg = "dec_deg"
      case paDeg = "pa_deg"
      case startUTC = "start_utc"
      case endUTC = "end_utc"
      case latestStartUTC = "latest_start_utc"
      case exptimeS = "exptime_s"
      case nexp, filter, airmass
      case altDeg = "alt_deg"
      case azDeg = "az_deg"
      case haH = "ha_h"
      case moonSepDeg = "moon_sep_deg"
      case moonAltDeg = "moon_alt_deg"
      case sunAltDeg = "sun_alt_deg"
      case prob, added
      case cumProb = "cum_prob"
      case reason
      case tileKey = "tile_key"
      case galaxies, detection
      case limitMag = "limit_mag"
    }
  }
}
