import Foundation
import Testing

@testable import Dashboard

/// The members of a request, as people and programs name them.
@Suite struct FollowupFieldsTests {
  private func form(_ json: String) throws -> FollowupForm {
    try BodyReader.json(FollowupForm.self, Array(json.utf8))
  }

  @Test func clearNamesAreUnderstood() throws {
    let own = try form(
      #"{"name": "a", "ra": 300.5, "dec": "-30", "mag": 17, "event_time_utc": "2026-07-10T18:00:00Z", "hours": 5}"#
    )
    let other = try form(
      #"{"target": "a", "ra_deg": 300.5, "dec_deg": "-30", "magnitude": 17, "t0": "2026-07-10T18:00:00Z", "#
        + #""window_hours": 5}"#)
    #expect(own == other && own.ra == "300.5")
    #expect(try form(#"{"name": "a", "ra": 1, "dec": 2, "telescopes": ["TCA"]}"#).send == ["TCA"])
  }

  @Test(arguments: [
    (#"{"ra": 1, "dec": 2}"#, "name is missing"), (#"{"name": "a", "dec": 2}"#, "ra is missing"),
    (#"{"name": "a", "ra": 1, "dec": 2, "error_deg": 1}"#, "write error_arcsec"),
    (#"{"name": "a", "ra": 1, "dec": 2, "priorty": "high"}"#, "did you mean priority"),
    (#"{"name": "a", "ra": 1, "dec": 2, "zzz": 1}"#, "the fields are name, ra, dec"),
    (#"{"name": "a", "ra": 1, "ra_deg": 1, "dec": 2}"#, "ra is given twice"),
    (#"{"name": "a", "ra": true, "dec": 2}"#, "ra is of another type"),
    (#"{"name": "a", "ra": 1, "dec": 2, "magnitude": "bright"}"#, "magnitude is of another type"),
    (#"{"name": "a", "ra": 1, "dec": 2, "\u202ex": 1}"#, "there is no field x"),
  ])
  func faultsNameTheRightField(_ json: String, _ words: String) {
    var text = ""
    do { _ = try form(json) } catch { text = "\(error)" }
    #expect(text.contains(words), "\(text)")
  }

  /// What is stored is read again.
  @Test func roundTrip() throws {
    var form = FollowupForm(name: "a", ra: "20:00:00", dec: "+30")
    (form.mag, form.gapH, form.errorArcsec, form.send, form.key) = (17, 2, 3, ["tca"], "k")
    #expect(try JSONDecoder().decode(FollowupForm.self, from: JSONEncoder().encode(form)) == form)
  }
}
