import Dashboard
import Followups
import Foundation
import Observatories
import Photometry
import Units

/// Reads a form into a request: every field is checked, and a fault names its field.
struct FollowupReading {
  let form: FollowupForm
  /// The network, as it may be used now.
  let telescopes: [Telescope]
  let now: Instant

  func request() throws(DeskError) -> FollowupRequest {
    let event = try time(form.eventTimeUTC, "event_time_utc") ?? now
    let start = try time(form.startUTC, "start_utc") ?? now
    let hours = try within(form.hours ?? 48, 0.1...240, "hours")
    let bands = try bands()
    guard let policy = FollowupRequest.Policy(rawValue: form.policy ?? "candidate") else {
      throw .invalid("policy is one of \(Self.words(FollowupRequest.Policy.self))")
    }
    guard let priority = FollowupRequest.Priority(rawValue: form.priority ?? "normal") else {
      throw .invalid("priority is one of \(Self.words(FollowupRequest.Priority.self))")
    }
    var request = FollowupRequest(
      target: try target(), source: try source(event: event, band: bands.first ?? .r), eventTime: event,
      window: TimeWindow(start, start + .hours(hours)), policy: policy, telescopes: telescopes, now: now)
    request.bands = bands
    request.priority = priority
    request.visits = form.visits ?? 1
    request.leastGap = .hours(try within(form.gapH ?? 1, 0...240, "gap_h"))
    if let ebv = form.ebv { request.extinction = .reddening(try within(ebv, 0...10, "ebv")) }
    request.permissions = try permissions()
    return request
  }

  private static func words<T: CaseIterable & RawRepresentable>(_ type: T.Type) -> String
  where T.RawValue == String { T.allCases.map(\.rawValue).joined(separator: ", ") }

  private func time(_ text: String?, _ name: String) throws(DeskError) -> Instant? {
    guard let text else { return nil }
    return try StoreQueueDesk.time(text, name)
  }

  private func within(
    _ value: Double, _ range: ClosedRange<Double>, _ name: String
  ) throws(DeskError) -> Double {
    guard range.contains(value) else {
      throw .invalid("\(name) is \(value): give \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  private func target() throws(DeskError) -> FollowupRequest.Target {
    let name = try PlainWords.checked(form.name, "name", most: 64) ?? ""
    guard !name.isEmpty, name.unicodeScalars.allSatisfy({ (0x20...0x7E).contains($0.value) }) else {
      throw .invalid("name: give up to 64 plain characters")
    }
    let ra = try Self.angle(form.ra, "ra", .hours)
    let dec = try Self.angle(form.dec, "dec", .degrees)
    guard (0..<360).contains(ra) else { throw .invalid("ra lies in 0...360 degrees, or 0 h to 24 h") }
    guard (-90...90).contains(dec) else { throw .invalid("dec lies in -90...90 degrees") }
    let error = try form.errorArcsec.map { value throws(DeskError) in
      Angle.arcseconds(try within(value, 0...(180 * 3600), "error_arcsec"))
    }
    return .init(name: name, position: Direction(ra: .degrees(ra), dec: .degrees(dec)), error: error)
  }

  private static func angle(
    _ text: String, _ name: String, _ part: Angle.LeadingPart
  ) throws(DeskError) -> Double {
    do throws(AngleTextError) { return try Angle(text: text, part).degrees } catch {
      throw .invalid("\(name): \(error)")
    }
  }

  private func bands() throws(DeskError) -> [Band] {
    guard (form.filters ?? []).count <= 20 else { throw .invalid("filters: at most 20") }
    var bands: [Band] = []
    for name in form.filters ?? [] {
      guard let band = Band(filter: name.trimmingCharacters(in: .whitespaces)) else {
        let known = Band.allCases.map(\.rawValue).joined(separator: ", ")
        throw .invalid("filters: \(name.prefix(20)) is no band; known: \(known)")
      }
      bands.append(band)
    }
    return bands
  }

  private func source(event: Instant, band: Band) throws(DeskError) -> ExpectedSource {
    guard [form.decay != nil, form.fade != nil, form.model != nil].count(where: { $0 }) <= 1 else {
      throw .invalid("give one of decay, fade and model")
    }
    do {
      let curve: LightCurve
      if let decay = form.decay {
        curve = .powerLaw(decay: try within(decay, -5...10, "decay"))
      } else if let model = form.model {
        curve = try LightCurveLibrary.shipped().curve(model)
      } else {
        curve = .fading(magnitudesPerDay: try within(form.fade ?? 0, -20...20, "fade"))
      }
      if let distance = form.distanceMpc {
        return try ExpectedSource(
          curve, at: .megaparsecs(try within(distance, 1e-6...1e5, "distance_mpc")))
      }
      guard let mag = form.mag else {
        throw DeskError.invalid("give the expected magnitude, mag, or distance_mpc and a model")
      }
      let measured = Magnitude(try within(mag, -5...40, "mag"))
      let age = (try time(form.magTimeUTC, "mag_time_utc") ?? now) - event
      guard form.decay == nil || age > .zero else {
        throw DeskError.invalid(
          "a decay counts from the event: give event_time_utc, a time before that of the magnitude")
      }
      return try ExpectedSource(curve, measured: measured, at: age, in: band)
    } catch let error as DeskError {
      throw error
    } catch {
      throw .invalid("\(error)")
    }
  }

  private func permissions() throws(DeskError) -> [String: Set<Telescope.Permission>] {
    var result: [String: Set<Telescope.Permission>] = [:]
    let registry = Registry(telescopes)
    let lists = [
      ("approved", form.approved, Telescope.Permission.approved), ("planned", form.planned, .planned),
    ]
    for (field, names, permission) in lists {
      guard (names ?? []).count <= 200 else { throw .invalid("\(field): at most 200 telescopes") }
      for name in names ?? [] {
        do {
          result[try registry.resolve(name).id, default: []].insert(permission)
        } catch {
          throw .invalid("\(field): \(error)")
        }
      }
    }
    if form.detected ?? false { for t in telescopes { result[t.id, default: []].insert(.detected) } }
    return result
  }
}
