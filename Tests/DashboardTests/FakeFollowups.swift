import Synchronization
import Units

@testable import Dashboard

/// Requests for point sources that are answered as if there were two telescopes.
final class FakeFollowups: FollowupDesk {
  let asked = Mutex<[FollowupForm]>([])
  let sent = Mutex<[String]>([])

  static func view(_ form: FollowupForm, sent: [String]) -> FollowupView {
    let visit = FollowupView.Visit(
      startUTC: "2023-05-18T20:10:00Z", endUTC: "2023-05-18T20:40:00Z", exposures: 15, exposureS: 120,
      expectedMag: 17.4, limitMag: 18.6, altDeg: 61.2, airmass: 1.14, moonSepDeg: 88.5, moonAltDeg: -12)
    return FollowupView(
      id: "GRB-f1", name: form.name, raDeg: 300.5, decDeg: -29.25, errorArcsec: 2, event: "S230518h",
      isMock: false, policy: "grb", priority: "normal", model: "flux as t^-0.9",
      eventTimeUTC: "2023-05-18T12:59:08Z", startUTC: "2023-05-18T14:00:00Z", endUTC: "2023-05-20T14:00:00Z",
      madeUTC: "2023-05-18T14:00:00Z", actor: "shift leader",
      offers: [
        .init(
          rank: 1, telescope: "TAROT/TCA", slug: "TAROT-TCA", filter: "R", band: "R", delayS: 22_200,
          deepEnough: true, latestStartUTC: "2023-05-19T02:00:00Z", notifyUTC: "2023-05-18T17:50:00Z",
          usage: "VF", allocation: "0 h of 3 h used tonight; 2.5 h left after one visit", channel: "icare",
          notes: ["send 2 requests of at most 10 exposures"], visits: [visit, visit])
      ], leftOut: [.init(telescope: "KAO", slug: "KAO", code: "not_visible", reason: "never above 30 deg")],
      sent: sent.map {
        .init(
          slug: $0, plan: "GRB-f1-r1-0123abcd", state: "live", answers: ["sent"],
          atUTC: "2023-05-18T14:01:00Z",
          reason: nil)
      })
  }

  private func check(_ id: String) throws(DeskError) {
    guard id == "GRB-f1" else { throw .notFound("no request is called \(id)") }
  }

  func ask(_ form: FollowupForm, by identity: Identity) async throws(DeskError) -> FollowupView {
    guard form.mag != nil else {
      throw .invalid("give the expected magnitude, mag, or distance_mpc and a model")
    }
    asked.withLock { $0.append(form) }
    return Self.view(form, sent: form.send ?? [])
  }
  func followup(_ id: String) async throws(DeskError) -> FollowupView {
    try check(id)
    return Self.view(FollowupForm(name: "GRB 230518A", ra: "0", dec: "0"), sent: sent.withLock { $0 })
  }
  func followups(limit: Int) async throws(DeskError) -> [FollowupLine] {
    [
      FollowupLine(
        id: "GRB-f1", name: "GRB 230518A", raDeg: 300.5, decDeg: -29.25, madeUTC: "2023-05-18T14:00:00Z",
        offers: 1, sent: [])
    ]
  }
  func send(_ id: String, to slugs: [String], by identity: Identity) async throws(DeskError) -> FollowupView {
    try check(id)
    guard slugs == ["TAROT-TCA"] else { throw .conflict("\(slugs) cannot observe it now") }
    sent.withLock { $0 = slugs }
    return try await followup(id)
  }
  func withdraw(
    _ id: String, from slugs: [String], reason: String, by identity: Identity
  ) async throws(DeskError) -> FollowupView {
    try check(id)
    sent.withLock { $0 = [] }
    return try await followup(id)
  }
}

/// One silent team.
struct FakeReminders: ReminderDesk {
  func unanswered(of event: String) async throws(DeskError) -> [UnansweredView] {
    guard event == FakeDesk.event.id else { throw .notFound("no event is called \(event)") }
    return [
      UnansweredView(
        slug: "TAROT-TCA", name: "TAROT/TCA", plan: "S230518h-r1-0123abcd", pointings: 12,
        nightStartUTC: "2023-05-18T20:00:00Z", nightEndUTC: nil, remindedUTC: nil, channel: "slack")
    ]
  }
  func nights(of slug: String) async throws(DeskError) -> FileView {
    guard slug == "TAROT-TCA" else { throw .notFound("no telescope is called \(slug)") }
    return FileView(
      bytes: Array("BEGIN:VCALENDAR\r\n".utf8), mediaType: "text/calendar; charset=utf-8", isImmutable: false)
  }
}
