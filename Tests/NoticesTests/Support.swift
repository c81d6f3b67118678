import Foundation
import TestSupport
import Testing
import Units

@testable import Notices

func parse(_ text: String, topic: String? = nil) throws -> Notice {
  try NoticeParser.parse(bytes: Array(text.utf8), topic: topic)
}

func rejection(_ bytes: [UInt8], topic: String? = nil) -> NoticeRejection? {
  do throws(NoticeRejection) {
    _ = try NoticeParser.parse(bytes: bytes, topic: topic)
    return nil
  } catch {
    return error
  }
}

func rejection(_ text: String, topic: String? = nil) -> NoticeRejection? {
  rejection(Array(text.utf8), topic: topic)
}

func ownNotice(_ name: String) throws -> Notice {
  try NoticeParser.parse(bytes: Array(Data(contentsOf: fixture("notices/" + name))))
}

func time(_ text: String) -> Instant { Instant(iso8601: text)! }

extension Notice {
  /// Right ascension and declination in degrees, and the errors, for comparison with plain tables.
  var placed: (ra: Double, dec: Double, errors: [Double], containment: Double)? {
    guard let region = localization.region else { return nil }
    let c = region.center
    let errors: [Double] =
      switch region {
      case .circle(_, let radius, _): [radius.degrees]
      case .ellipse(_, let a, let b, _, _): [a.degrees, b.degrees]
      case .polygon: []
      }
    return (c.ra.degrees, c.dec.degrees, errors, region.containment.value)
  }
}

enum Tolerance {
  /// Directions are unit vectors in doubles: 1e-15 rad and a few operations.
  static let direction = Angle.arcseconds(1e-6)
  /// A decimal read into degrees, to radians and back.
  static let degrees = 1e-12
  /// Relative, for sums and unit conversions.
  static let relative = 1e-12
}

func direction(_ ra: Double, _ dec: Double) -> Direction<ICRS> {
  Direction(ra: .degrees(ra), dec: .degrees(dec))
}

func isClose(_ a: Direction<ICRS>, _ b: Direction<ICRS>) -> Bool {
  a.separation(from: b) < Tolerance.direction
}

/// A minimal igwn.gwalert; `event` and `rest` are spliced in as given.
func gwAlert(
  id: String = "\"S310203ab\"", type: String = "INITIAL",
  event: String = "{\"time\":\"2031-02-03T04:00:00Z\"}",
  rest: String = ""
) -> String {
  """
  {"alert_type":"\(type)","time_created":"2031-02-03T05:00:00Z","superevent_id":\(id),
   "urls":{"gracedb":"https://example.org/x"},"event":\(event)\(rest)}
  """
}

/// A VOEvent of GCN Classic with the given parts.
func classic(
  type: Int, parameters: [(String, String)] = [], ra: String = "10.5", dec: String = "-20.25",
  error: String = "0.05",
  role: String = "observation", time: String = "2031-01-01T00:00:00", position: Bool = true,
  system: String = "UTC-FK5-GEO"
) -> String {
  let params = parameters.map { "<Param name=\"\($0.0)\" value=\"\($0.1)\"/>" }.joined()
  let place =
    position
    ? "<Position2D unit=\"deg\"><Name1>RA</Name1><Name2>Dec</Name2><Value2><C1>\(ra)</C1><C2>\(dec)</C2></Value2>"
      + "<Error2Radius>\(error)</Error2Radius></Position2D>" : ""
  return """
    <?xml version="1.0"?><voe:VOEvent xmlns:voe="x" ivorn="ivo://nasa.gsfc.gcn/X#\(type)" role="\(role)">
    <Who><Date>2031-01-01T00:01:00</Date></Who><What><Param name="Packet_Type" value="\(type)"/>\(params)</What>
    <WhereWhen><ObsDataLocation><ObservationLocation><AstroCoords coord_system_id="\(system)">
    <Time><TimeInstant><ISOTime>\(time)</ISOTime></TimeInstant></Time>\(place)
    </AstroCoords></ObservationLocation></ObsDataLocation></WhereWhen></voe:VOEvent>
    """
}

/// A minimal unified notice with further members.
func unified(_ members: String, schema: String = "einstein_probe/wxt/alert") -> String {
  """
  {"$schema":"https://gcn.nasa.gov/schema/v6.0.0/gcn/notices/\(schema).schema.json",
   "trigger_time":"2031-01-01T00:00:00Z","id":["1"],\(members)}
  """
}

/// The first block of a FITS file, enough to be recognised as one.
let fitsStart: [UInt8] = {
  var bytes = Array("SIMPLE  =                    T".utf8)
  bytes += [UInt8](repeating: 32, count: 2880 - bytes.count)
  return bytes
}()
