import ArgumentParser
import Followups
import Foundation
import Observatories
import Photometry
import Units

struct FollowupCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "followup", abstract: "Which telescopes can observe a point source, ranked, and how.",
    discussion: """
      The magnitude is in r (or the first of --filters) and as of --now unless --mag-time says otherwise. How it \
      changes: --decay for a power law since --event-time, --fade for a steady decline, or --model with a light \
      curve by name. Example: vesper followup --name GRB260710A --ra 300.0 --dec 30.0 --event-time \
      2026-07-10T18:00:00Z --mag 17.5 --decay 0.9 --policy grb
      """)

  @OptionGroup var registry: RegistryOptions

  @Option(help: "Name of the source.") var name = "target"
  @Option(parsing: .unconditional, help: "Right ascension: degrees, or HH:MM:SS.") var ra: String
  @Option(parsing: .unconditional, help: "Declination: degrees, or DD:MM:SS.") var dec: String
  @Option(help: "Radius of the error circle, arcsec.") var error: Double?
  @Option(parsing: .unconditional, help: "Expected magnitude (AB).") var mag: Double?
  @Option(help: "When it had this magnitude, ISO 8601 UTC; default: now.") var magTime: String?
  @Option(help: "Time of the event, ISO 8601 UTC; default: now.") var eventTime: String?
  @Option(parsing: .unconditional, help: "Flux goes as t^-DECAY since the event.") var decay: Double?
  @Option(parsing: .unconditional, help: "Fades by so many magnitudes a day.") var fade: Double?
  @Option(help: "A light curve: the name of one that is shipped, or a file.") var model: String?
  @Option(help: "Distance in Mpc, in place of a magnitude, for a --model with a luminosity.")
  var distance: Double?
  @Option(help: "Bands in order of preference, such as r,i; default: each telescope's own.")
  var filters: String?
  @Option(help: "Start of the window, ISO 8601 UTC; default: now.") var start: String?
  @Option(help: "Length of the window in hours, up to 240.") var hours = 48.0
  @Option(help: "grb, svom, ep, neutrino, candidate.") var policy = FollowupRequest.Policy.candidate
  @Option(help: "low, normal, high: high asks rare telescopes too.")
  var priority = FollowupRequest.Priority.normal
  @Option(help: "Visits of each telescope.") var visits = 1
  @Option(help: "Hours between visits at least.") var gap = 1.0
  @Option(help: "E(B-V) of the Galaxy toward the source.") var ebv: Double?
  @Option(help: "Telescopes whose people agreed, separated by commas.") var approved: String?
  @Option(help: "Telescopes whose night was agreed on before.") var planned: String?
  @Flag(help: "The counterpart has been detected.") var detected = false
  @Flag(help: "Print JSON.") var json = false
  @Option(help: .hidden) var now: String?

  func run() throws {
    try reporting {
      let request = try makeRequest()
      let answer: FollowupAnswer
      do { answer = try Followup.answer(to: request) } catch { throw Failure(.usage, "\(error)") }
      let text = json ? FollowupTable.json(answer, of: request) : FollowupTable.text(answer, of: request)
      print(text, terminator: "")
    }
  }

  private func makeRequest() throws -> FollowupRequest {
    let now = try self.now.map { try parseTime($0, option: "--now") } ?? .now
    let event = try eventTime.map { try parseTime($0, option: "--event-time") } ?? now
    let begin = try start.map { try parseTime($0, option: "--start") } ?? now
    guard hours > 0, hours <= 240 else {
      throw Failure(.usage, "--hours \(hours): give a length above 0 and up to 240 hours")
    }
    guard (0...240).contains(gap) else { throw Failure(.usage, "--gap \(gap): give 0 to 240 hours") }
    let bands = try wantedBands()
    let selection = try registry.load()
    var request = FollowupRequest(
      target: try target(), source: try source(now: now, event: event, band: bands.first ?? .r),
      eventTime: event, window: TimeWindow(begin, begin + .hours(hours)), policy: policy,
      telescopes: selection.telescopes, now: now)
    request.bands = bands
    request.priority = priority
    request.visits = visits
    request.leastGap = .hours(gap)
    if let ebv {
      guard (0...10).contains(ebv) else { throw Failure(.usage, "--ebv \(ebv): give 0 to 10 magnitudes") }
      request.extinction = .reddening(ebv)
    }
    request.permissions = try permissions(selection.telescopes)
    return request
  }

  private func target() throws -> FollowupRequest.Target {
    let (a, d) = (try Self.angle(ra, "--ra", .hours), try Self.angle(dec, "--dec", .degrees))
    guard (0...360).contains(a), (-90...90).contains(d) else {
      throw Failure(.usage, "RA \(ra), Dec \(dec): outside 0...360 and -90...90 degrees")
    }
    if let error, !(error >= 0 && error <= 180 * 3600) {
      throw Failure(.usage, "--error \(error): give a radius in arcsec")
    }
    guard !name.isEmpty, name.count <= 64, name.allSatisfy({ $0.isASCII && !$0.isNewline && $0 >= " " })
    else {
      throw Failure(.usage, "--name: give up to 64 plain characters")
    }
    return .init(
      name: name, position: Direction(ra: .degrees(a), dec: .degrees(d)), error: error.map(Angle.arcseconds))
  }

  private static func angle(
    _ text: String, _ option: String, _ part: Angle.LeadingPart
  ) throws -> Double {
    do throws(AngleTextError) { return try Angle(text: text, part).degrees } catch {
      throw Failure(.usage, "\(option): \(error)")
    }
  }

  private func wantedBands() throws -> [Band] {
    try (filters ?? "").split(separator: ",").map { name in
      guard let band = Band(filter: name.trimmingCharacters(in: .whitespaces)) else {
        let known = Band.allCases.map(\.rawValue).joined(separator: ", ")
        throw Failure(.usage, "--filters: `\(name)` is no band; known: \(known)")
      }
      return band
    }
  }

  private func source(now: Instant, event: Instant, band: Band) throws -> ExpectedSource {
    guard [decay != nil, fade != nil, model != nil].count(where: { $0 }) <= 1 else {
      throw Failure(.usage, "give one of --decay, --fade and --model")
    }
    do {
      let curve: LightCurve =
        if let decay {
          LightCurve.powerLaw(decay: try checked(decay, "--decay", -5...10))
        } else if let model {
          FileManager.default.fileExists(atPath: model)
            ? try LightCurveLibrary.file(at: URL(filePath: model))
            : try LightCurveLibrary.shipped().curve(model)
        } else {
          LightCurve.fading(magnitudesPerDay: try checked(fade ?? 0, "--fade", -20...20))
        }
      if let distance {
        guard distance > 0, distance <= 1e5 else { throw Failure(.usage, "--distance \(distance): give Mpc") }
        return try ExpectedSource(curve, at: .megaparsecs(distance))
      }
      guard let mag, (-5...40).contains(mag) else {
        throw Failure(.usage, "give the expected magnitude with --mag, or --distance and --model")
      }
      let time = try magTime.map { try parseTime($0, option: "--mag-time") } ?? now
      return try ExpectedSource(curve, measured: Magnitude(mag), at: time - event, in: band)
    } catch let error as PhotometryError {
      throw Failure(.usage, "\(error)")
    }
  }

  private func checked(_ value: Double, _ option: String, _ range: ClosedRange<Double>) throws -> Double {
    guard range.contains(value) else { throw Failure(.usage, "\(option) \(value): not in \(range)") }
    return value
  }

  private func permissions(_ telescopes: [Telescope]) throws -> [String: Set<Telescope.Permission>] {
    var result: [String: Set<Telescope.Permission>] = [:]
    let registry = Registry(telescopes)
    for (list, permission) in [(approved, Telescope.Permission.approved), (planned, .planned)] {
      for name in (list ?? "").split(separator: ",") {
        do {
          let id = try registry.resolve(name.trimmingCharacters(in: .whitespaces)).id
          result[id, default: []].insert(permission)
        } catch { throw Failure(.usage, "--\(permission.rawValue): \(error)") }
      }
    }
    if detected { for t in telescopes { result[t.id, default: []].insert(.detected) } }
    return result
  }
}

extension FollowupRequest.Policy: ExpressibleByArgument {}
extension FollowupRequest.Priority: ExpressibleByArgument {}
