import Foundation
import HTTPTypes
import Hummingbird
import JSON

/// Exposures as they were sent, in JSON or CSV.
struct ReportSheet {
  let reports: [ReportForm]
  /// Columns that say nothing to us and are no slip of the pen, as they were written.
  let ignored: [String]

  private static let mostReports = 2000
  static let columns = ReportForm.CodingKeys.allCases.map(\.rawValue)
  /// What logs of telescopes commonly hold beside.
  static let commonExtras: Set<String> = [
    "", "airmass", "altitude", "alt_deg", "azimuth", "az_deg", "camera", "comment", "comments", "dome",
    "fwhm",
    "humidity", "id", "instrument", "jd", "mjd", "moon", "n", "night", "note", "notes", "object", "observer",
    "operator", "sequence", "seeing", "sky", "target", "telescope", "temperature", "weather", "wind",
    "zeropoint",
  ]

  private struct List: Decodable { var observations: [ReportForm] }
  private struct KnownList: Decodable { var observations: [KnownMembers<ReportForm.CodingKeys>] }
  private enum ListKeys: String, CodingKey, CaseIterable { case observations }

  init(_ bytes: [UInt8], isCSV: Bool) throws {
    guard isCSV else {
      let list = try BodyReader.json(List.self, bytes).observations
      _ = try BodyReader.json(KnownMembers<ListKeys>.self, bytes)
      _ = try BodyReader.json(KnownList.self, bytes)
      guard !list.isEmpty, list.count <= Self.mostReports else {
        throw HTTPError(.badRequest, message: "send 1 to \(Self.mostReports) observations")
      }
      (reports, ignored) = (list, [])
      return
    }
    let (names, rows) = try BodyReader.csv(bytes, limit: Self.mostReports)
    guard !rows.isEmpty else { throw HTTPError(.badRequest, message: "there is no row below the head") }
    let others = names.filter { !Self.columns.contains($0) }
    let unknown = others.filter { !Self.commonExtras.contains($0) }
    guard unknown.isEmpty else {
      throw HTTPError(
        .badRequest,
        message: "unknown columns: \(Self.shown(unknown)). Nothing was recorded; the columns are "
          + Self.columns.joined(separator: ", "))
    }
    ignored = others.map { $0.isEmpty ? "(no name)" : $0 }
    reports = try rows.enumerated().map { try Self.report($1, row: $0 + 1) }
  }

  /// A few of them, short enough for a message.
  private static func shown(_ names: [String]) -> String {
    let some = names.prefix(10).map { "\"\($0.prefix(40))\"" }
    return some.joined(separator: ", ")
      + (names.count > some.count ? " and \(names.count - some.count) more" : "")
  }

  private static func report(_ cells: [String: String], row: Int) throws -> ReportForm {
    func number(_ name: String) throws -> Double? {
      guard let text = cells[name] else { return nil }
      guard let value = Double(text.trimmingCharacters(in: .whitespaces)), value.isFinite else {
        throw HTTPError(.badRequest, message: "row \(row): \(name) is no number")
      }
      return value
    }
    guard let start = cells["start_utc"], let exposure = try number("exposure_s") else {
      throw HTTPError(.badRequest, message: "row \(row): start_utc and exposure_s are needed")
    }
    var form = ReportForm(startUTC: start, exposureS: exposure)
    (form.raDeg, form.decDeg) = (try number("ra_deg"), try number("dec_deg"))
    (form.rotationDeg, form.limitMag) = (try number("rotation_deg"), try number("limit_mag"))
    if let corrects = try number("corrects") {
      guard let exact = Int64(exactly: corrects) else {
        throw HTTPError(.badRequest, message: "row \(row): corrects is the number of an exposure")
      }
      form.corrects = exact
    }
    // What a spreadsheet was kept from running comes back without its guard.
    func plain(_ name: String) -> String? {
      cells[name].map { $0.hasPrefix("'") ? String($0.dropFirst()) : $0 }
    }
    (form.filter, form.tile) = (plain("filter"), plain("tile"))
    (form.event, form.key) = (plain("event"), plain("key"))
    return form
  }
}

/// The members of an answer's exposure; one of another name is an error.
struct KnownObservation: Decodable {
  var observation: KnownMembers<ReportForm.CodingKeys>?
}

struct ReportAnswer: Encodable {
  var results: [ReportView]
  var ignoredColumns: [String]
}
