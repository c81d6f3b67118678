import Foundation
import Hummingbird

/// The fields of the follow-up form as somebody typed them: what cannot be read is shown again, unchanged.
struct FollowupTyped: Sendable {
  static let names = [
    "name", "ra", "dec", "error_arcsec", "mag", "event_time_utc", "change", "change_value", "filters",
    "hours",
    "policy", "priority", "visits", "approved", "event", "detected", "mock", "key",
  ]
  private static let longest = 400
  private var values: [String: String] = [:]

  init(_ field: (String) -> String?) {
    for name in Self.names {
      if let text = field(name), !text.isEmpty { values[name] = String(text.prefix(Self.longest)) }
    }
  }

  /// From the query: a page can link to a form that is filled in.
  init(_ request: Request) {
    self.init { request.formValue($0) }
    // Only a form that was shown has a key.
    values["key"] = nil
  }

  subscript(name: String) -> String { values[name] ?? "" }

  private func text(_ name: String) -> String? {
    let trimmed = self[name].trimmingCharacters(in: .whitespaces)
    return trimmed.isEmpty ? nil : trimmed
  }

  private func number(_ name: String, _ label: String) throws(DeskError) -> Double? {
    guard let text = text(name) else { return nil }
    guard let value = Double(text), value.isFinite else { throw .invalid("\(label) is no number: \(text)") }
    return value
  }

  private func list(_ name: String) -> [String]? {
    text(name).map { $0.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } }
  }

  /// - Throws: `.invalid` that names the field.
  func form() throws(DeskError) -> FollowupForm {
    guard let name = text("name"), let ra = text("ra"), let dec = text("dec") else {
      throw .invalid("Name, right ascension and declination are needed")
    }
    var form = FollowupForm(name: name, ra: ra, dec: dec)
    form.errorArcsec = try number("error_arcsec", "Error radius")
    form.mag = try number("mag", "Magnitude now")
    form.eventTimeUTC = text("event_time_utc")
    switch text("change") {
    case "decay": form.decay = try number("change_value", "How it changes")
    case "fade": form.fade = try number("change_value", "How it changes")
    case "model": form.model = text("change_value")
    default: break
    }
    form.filters = list("filters")
    form.hours = try number("hours", "Hours")
    (form.policy, form.priority) = (text("policy"), text("priority"))
    if let visits = try number("visits", "Visits") {
      guard visits == visits.rounded(), (1...20).contains(visits) else {
        throw .invalid("Visits are 1 to 20")
      }
      form.visits = Int(visits)
    }
    form.approved = list("approved")
    form.event = text("event")
    form.detected = text("detected") != nil
    form.mock = text("mock") != nil
    form.key = text("key")
    return form
  }
}
