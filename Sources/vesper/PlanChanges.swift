import ArgumentParser
import Formats
import Foundation
import Observatories
import Planning
import Units

/// What has happened since the plan before, and what-if.
struct PlanChanges: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "plan.json of the plan before: what is still to come of it stays, unless a free plan covers clearly more.",
      valueName: "plan.json"))
  var previous: String?

  @Option(
    help: ArgumentHelp(
      "CSV of what was observed: telescope,ra_deg,dec_deg and, if known, limit_mag; other columns are ignored.",
      valueName: "observed.csv"))
  var observed: String?

  @Option(help: "Without these telescopes, by any of their names, separated by commas.")
  var without: String?

  @Option(
    help: ArgumentHelp(
      "A site that cannot observe for a time, or the one where a telescope is; may be given again.",
      valueName: "site:from/to"))
  var cloud: [String] = []

  @Option(
    help: ArgumentHelp(
      "Who goes first where telescopes choose together: what this one adds counts so many times (0.01 to 100); fields "
        + "that a rule chooses stay. May be given again.",
      valueName: "telescope:times"))
  var weight: [String] = []

  func apply(to request: inout PlanRequest) throws {
    let registry = Registry(request.telescopes, notUsable: [])
    func telescope(_ name: String, _ option: String) throws -> Telescope {
      do { return try registry.resolve(name) } catch { throw Failure(.usage, "\(option): \(error)") }
    }
    if let without {
      let gone = try without.split(separator: ",").map {
        try telescope($0.trimmingCharacters(in: .whitespaces), "--without").id
      }
      request.telescopes.removeAll { gone.contains($0.id) }
      request.named.subtract(gone)
    }
    request.outages += try cloud.flatMap { text in
      // Times hold colons, names do not.
      guard let colon = text.firstIndex(of: ":") else { throw Self.wrongCloud(text) }
      let times = text[text.index(after: colon)...].split(separator: "/", omittingEmptySubsequences: false)
      guard times.count == 2, let from = Instant(iso8601: String(times[0])),
        let to = Instant(iso8601: String(times[1])), from < to
      else { throw Self.wrongCloud(text) }
      let there: [Telescope]
      do { there = try registry.telescopes(at: String(text[..<colon])) } catch {
        throw Failure(.usage, "--cloud: \(error), or one at the site")
      }
      return there.map { Outage(telescopeID: $0.id, window: TimeWindow(from, to), reason: "clouds") }
    }
    for text in weight {
      let parts = text.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 2, let times = Double(parts[1]), (0.01...100).contains(times) else {
        throw Failure(.usage, "--weight \(text): write it like TCH:0.5, from 0.01 to 100")
      }
      request.favor[try telescope(String(parts[0]), "--weight").id] = times
    }
    if let observed { request.observed += try Self.fields(observed, telescope) }
  }

  private static func wrongCloud(_ text: String) -> Failure {
    Failure(
      .usage, "--cloud \(text): write it like TCA:2026-11-21T20:00:00Z/2026-11-21T23:00:00Z, from before to")
  }

  /// The plan before, if it is one of the same event.
  func previousPlan(for request: PlanRequest) throws -> NetworkPlanDocument? {
    guard let previous else { return nil }
    let document: NetworkPlanDocument
    do { document = try NetworkPlanDocument(json: try PlanInput.bytes(of: previous)) } catch let error
      as FormatError
    {
      throw Failure(.badData, "\(previous): \(error)")
    }
    guard document.event.id == request.event.id else {
      throw Failure(
        .badData, "\(previous): is a plan of \(document.event.id), not of \(request.event.id); give that one")
    }
    return document
  }

  private static func fields(
    _ path: String, _ telescope: (String, String) throws -> Telescope
  ) throws -> [ObservedField] {
    let text = String(decoding: try PlanInput.bytes(of: path), as: UTF8.self)
    let lines = text.split(whereSeparator: \.isNewline).map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
        .map { $0.trimmingCharacters(in: .whitespaces) }
    }
    guard let head = lines.first, let name = head.firstIndex(of: "telescope"),
      let ra = head.firstIndex(of: "ra_deg"), let dec = head.firstIndex(of: "dec_deg")
    else {
      throw Failure(.badData, "\(path): the first line must name the columns telescope, ra_deg and dec_deg")
    }
    let limit = head.firstIndex(of: "limit_mag")
    return try lines.dropFirst().enumerated().map { i, cells in
      func wrong(_ what: String) -> Failure { Failure(.badData, "\(path), line \(i + 2): \(what)") }
      guard cells.count == head.count else { throw wrong("has \(cells.count) cells, not \(head.count)") }
      guard let raDeg = Double(cells[ra]), let decDeg = Double(cells[dec]), (0..<360).contains(raDeg),
        abs(decDeg) <= 90
      else { throw wrong("ra_deg must be 0 to below 360 and dec_deg -90 to 90") }
      let depth = limit.flatMap { cells[$0].isEmpty ? nil : cells[$0] }
      guard depth.map({ Double($0)?.isFinite ?? false }) ?? true else {
        throw wrong("limit_mag \(depth ?? "") is no number; leave it empty if it is not known")
      }
      let one = try telescope(cells[name], "\(path), line \(i + 2)")
      guard let field = one.field else { throw wrong("the field of \(one.id) is not known") }
      return ObservedField(
        telescopeID: one.id, center: Direction(ra: .degrees(raDeg), dec: .degrees(decDeg)), field: field,
        limit: depth.flatMap { Double($0) }.map { Magnitude($0) })
    }
  }
}
