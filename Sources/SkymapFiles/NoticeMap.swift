import Foundation
import Skymaps
import Units

/// The localisation inside a JSON notice, as far as a sky map needs it.
///
/// Formats: `igwn.gwalert` (also wrapped in a one-element array as SCiMMA sends it) and the GCN unified
/// schema. Everything else about a notice belongs to `Notices`.
extension SkymapFile {
  static func notice(_ json: [UInt8], prefer: NoticeMap, limits: Limits) throws(SkymapFileError) -> Skymap {
    let object: Any
    do { object = try JSONSerialization.jsonObject(with: Data(json)) } catch {
      throw .foreign("text that begins like JSON but is not valid JSON", advice: "get the notice again")
    }
    var root = object
    if let list = object as? [Any], list.count == 1 { root = list[0] }
    guard let notice = root as? [String: Any] else {
      throw .foreign("JSON without a notice in it", advice: "give an igwn.gwalert or GCN notice with a localisation")
    }
    if (notice["alert_type"] as? String)?.uppercased() == "RETRACTION" {
      throw .notice("the notice is a retraction of \(name(notice) ?? "its event"); there is nothing to observe")
    }
    if notice["superevent_id"] != nil || notice["event"] is [String: Any] {
      return try gravitationalWave(notice, prefer: prefer, limits: limits)
    }
    return try unified(notice, limits: limits)
  }

  // MARK: igwn.gwalert

  private static func gravitationalWave(
    _ notice: [String: Any], prefer: NoticeMap, limits: Limits
  ) throws(SkymapFileError) -> Skymap {
    let event = notice["event"] as? [String: Any] ?? [:]
    let own = event["skymap"] as? String
    let combined = (notice["external_coinc"] as? [String: Any])?["combined_skymap"] as? String
    guard let text = prefer == .combined ? combined ?? own : own ?? combined else {
      throw .notice("the notice of \(name(notice) ?? "this event") carries no sky map; wait for the next one")
    }
    var raw = try embedded(text, limits: limits)
    if text == combined {
      raw.findings.append(
        .init(.note, "combined_skymap", "this is the map combined with the external coincidence"))
    }
    if raw.header.object == nil { raw.header.object = name(notice) }
    if raw.header.eventTime == nil { raw.header.eventTime = time(event["time"]) }
    if raw.header.instruments.isEmpty { raw.header.instruments = event["instruments"] as? [String] ?? [] }
    return try map(raw)
  }

  // MARK: GCN unified schema

  private static func unified(_ notice: [String: Any], limits: Limits) throws(SkymapFileError) -> Skymap {
    let header = unifiedHeader(notice)
    var mapFault: SkymapFileError?
    if let text = notice["healpix_file"] as? String {
      do {
        var raw = try embedded(text, limits: limits)
        raw.header.eventTime = raw.header.eventTime ?? header.eventTime
        raw.header.object = raw.header.object ?? header.object
        if raw.header.instruments.isEmpty { raw.header.instruments = header.instruments }
        return try map(raw)
      } catch { mapFault = error }
    }
    // A map that cannot be read leaves the circle it was refined from.
    let findings = mapFault.map {
      [SkymapReport.Finding(.warning, "notice_map_unreadable", "the map in the notice was not used: \($0.description)")]
    }
    if let map = try shape(notice, header: header, findings: findings ?? []) { return map }
    if let mapFault { throw mapFault }
    throw .notice(
      "the notice of \(name(notice) ?? "this event") has neither a map nor a position with an error;"
        + " wait for a notice with a localisation")
  }

  private static func unifiedHeader(_ notice: [String: Any]) -> SkymapHeader {
    var header = SkymapHeader()
    header.object = name(notice)
    header.eventTime = time(notice["trigger_time"])
    if let instrument = (notice["instrument"] ?? notice["mission"]) as? String { header.instruments = [instrument] }
    return header
  }

  /// nil when there is no position, or an error that stands for "not localised" (zero or negative).
  private static func shape(
    _ notice: [String: Any], header: SkymapHeader, findings: [SkymapReport.Finding]
  ) throws(SkymapFileError) -> Skymap? {
    let errors = (notice["ra_dec_error"] as? [Any])?.map(number) ?? [number(notice["ra_dec_error"])]
    guard let ra = number(notice["ra"]), let dec = number(notice["dec"]), let first = errors.first, let major = first,
      major > 0, errors.allSatisfy({ $0 != nil }), !(errors.count > 1 && (errors[1] ?? 0) <= 0)
    else { return nil }
    // GCN's default containment is 0.9 (core Localization schema).
    let containment = number(notice["containment_probability"]) ?? 0.9
    do throws(SkymapError) {
      guard abs(dec) <= 90 else { throw SkymapError.shape(.declination(degrees: dec)) }
      guard let fraction = Fraction(containment) else { throw SkymapError.shape(.containment(containment)) }
      let center = Direction<ICRS>(ra: .degrees(ra), dec: .degrees(dec))
      let shape: LocalizationShape =
        errors.count > 1
        ? .ellipse(
          semiAxis: .degrees(major), acrossSemiAxis: .degrees((errors[1] ?? major)),
          positionAngle: .degrees(errors.count > 2 ? (errors[2] ?? 0) : 0))
        : .circle(radius: .degrees(major))
      return try Skymap(shape, around: center, containing: fraction, header: header, findings: findings)
    } catch { throw .map(error) }
  }

  // MARK: fields

  private static func embedded(_ text: String, limits: Limits) throws(SkymapFileError) -> RawSkymap {
    // Line breaks inside the text are legal in MIME and do occur.
    guard let data = Data(base64Encoded: text, options: .ignoreUnknownCharacters), !data.isEmpty else {
      throw .notice("the sky map in the notice is not valid base64; get the notice again")
    }
    let opened = try OpenedInput(ByteReader(MemorySource([UInt8](data))), limits: limits)
    guard opened.content == .fits else {
      throw .notice("the sky map in the notice is not FITS; get the notice again")
    }
    var raw = try MapReader.read(opened.reader, limits: limits)
    if opened.isCompressed { while try opened.reader.skip(1 << 20) > 0 {} }
    raw.findings += opened.findings
    return raw
  }

  private static func name(_ notice: [String: Any]) -> String? {
    for key in ["superevent_id", "event_name", "id"] {
      if let text = notice[key] as? String { return text }
      if let list = notice[key] as? [Any], let text = list.first as? String { return text }
    }
    return nil
  }

  private static func time(_ value: Any?) -> Instant? { (value as? String).flatMap { Instant(iso8601: $0) } }

  /// A finite JSON number; Foundation hands booleans over as numbers too, of type char.
  private static func number(_ value: Any?) -> Double? {
    guard let number = value as? NSNumber, number.objCType.pointee != CChar(UInt8(ascii: "c")),
      number.doubleValue.isFinite
    else { return nil }
    return number.doubleValue
  }
}
