import Skymaps
import Units

/// Reads what a map says of itself from the header of its table and, for cards missing there, from the
/// primary header (Fermi GBM writes its trigger there).
struct MapCards {
  let table: FITSHeader
  let primary: FITSHeader?
  private(set) var findings: [SkymapReport.Finding] = []

  init(table: FITSHeader, primary: FITSHeader?) {
    self.table = table
    self.primary = primary
  }

  mutating func header() -> SkymapHeader {
    var result = SkymapHeader()
    // healpy writes the extent of the map where others write its object.
    result.object = string("OBJECT").flatMap {
      ["FULLSKY", "PARTIAL"].contains($0) ? primary?.string("OBJECT") : $0
    }
    result.instruments = (string("INSTRUME") ?? "").split(separator: ",").map(trimmed).filter { !$0.isEmpty }
    result.creator = string("CREATOR")
    result.reference = string("REFERENC")
    result.distanceMean = number("DISTMEAN").map(Distance.megaparsecs)
    result.distanceDeviation = number("DISTSTD").map(Distance.megaparsecs)
    result.eventTime = eventTime()
    return result
  }

  private func string(_ name: String) -> String? { table.string(name) ?? primary?.string(name) }

  /// A number above zero; anything else in the card is told and ignored.
  private mutating func number(_ name: String) -> Double? {
    guard let text = table.string(name) else { return nil }
    guard let value = table.double(name), value > 0 else {
      findings.append(.init(.note, "bad_card", "\(name) is '\(text)', not a positive number; ignored"))
      return nil
    }
    return value
  }

  /// DATE-OBS before MJD-OBS; then the trigger time of a mission clock; IceCube's EVENTMJD last.
  private mutating func eventTime() -> Instant? {
    let date = date("DATE-OBS", in: table)
    let mjd = table.double("MJD-OBS").flatMap { Instant(mjdUTC: $0) }
    if let date, let mjd, abs(date.seconds(since: mjd)) > 1 {
      findings.append(
        .init(
          .warning, "time_conflict",
          "DATE-OBS \(date.iso8601()) and MJD-OBS \(mjd.iso8601()) differ; DATE-OBS is used"))
    }
    if let time = date ?? mjd { return time }
    guard let primary else { return table.double("EVENTMJD").flatMap { Instant(mjdUTC: $0) } }
    return missionTime(primary) ?? self.date("DATE-OBS", in: primary)
      ?? table.double("EVENTMJD").flatMap { Instant(mjdUTC: $0) }
  }

  private mutating func date(_ name: String, in header: FITSHeader) -> Instant? {
    guard let text = header.string(name) else { return nil }
    guard let labelled = Instant(iso8601: text) else {
      findings.append(.init(.warning, "bad_date", "\(name) is '\(text)', not a date; ignored"))
      return nil
    }
    guard header.string("TIMESYS")?.uppercased() == "TT" else { return labelled }
    return Self.instant(mjdTT: labelled.mjdUTC, plusSeconds: 0)
  }

  /// TRIGTIME counts seconds of TT from MJDREFI + MJDREFF (OGIP 93-003).
  private func missionTime(_ header: FITSHeader) -> Instant? {
    guard let trigger = header.double("TRIGTIME"), trigger > 0, let day = header.double("MJDREFI"),
      (40_000...70_000).contains(day), header.string("TIMESYS")?.uppercased() == "TT"
    else { return nil }
    return Self.instant(mjdTT: day, plusSeconds: (header.double("MJDREFF") ?? 0) * 86_400 + trigger)
  }

  /// The epoch of `Instant` is MJD 51544.5 TAI, and TT = TAI + 32.184 s.
  private static func instant(mjdTT: Double, plusSeconds seconds: Double) -> Instant? {
    let fromEpoch = (mjdTT - 51_544.5) * 86_400 + seconds - 32.184
    guard abs(fromEpoch) < 9e9 else { return nil }
    return Instant(tai: 0).advanced(bySeconds: fromEpoch)
  }

  private func trimmed(_ text: Substring) -> String {
    String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
