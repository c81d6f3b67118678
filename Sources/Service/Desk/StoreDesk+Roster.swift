import Dashboard
import Foundation
import Rosters
import Units

/// Who is on shift, from the roster file, read again when it changes.
extension StoreDesk {
  func roster(week: String?) async throws(DeskError) -> RosterSheet {
    let roster = try readRoster()
    let now = state.clock.now()
    let duty = OnDuty(roster, at: now)
    let starts = roster.weekStarts
    guard let first = starts.first, let last = starts.last else { throw .notFound("the roster has no weeks") }
    var day = UTCDay(containing: now) ?? first
    if let week {
      guard let asked = UTCDay(week) else { throw .invalid("week must be a day such as \(first)") }
      day = asked
    }
    // A week runs to the hour at which the next one starts.
    let running = starts.first { week == nil && roster.table.window(ofWeek: $0).contains(now) }
    let start = running ?? starts.last { $0 <= day } ?? (day < first ? first : last)
    let place = starts.firstIndex(of: start) ?? 0
    let zones = Dictionary(
      roster.members.compactMap { m in m.zone.map { (m.user, $0) } }, uniquingKeysWith: { first, _ in first })
    let check = Self.check(roster)
    let findings = check.findings(roster)
    var sheet = RosterSheet(
      campaign: roster.campaign, nowUTC: now.iso8601(), now: duty.now.map { Self.shift($0, zones) },
      next: duty.next.map { Self.shift($0, zones) }, coordinator: duty.coordinator?.text, week: "\(start)",
      weekCoordinator: roster.week(start)?.coordinator?.text,
      previousWeek: place > 0 ? "\(starts[place - 1])" : nil,
      nextWeek: place + 1 < starts.count ? "\(starts[place + 1])" : nil,
      shifts: roster.shifts.filter { $0.week == start }.map { Self.shift($0, zones) },
      findings: findings.map { finding in
        // What it is about comes with the description, behind the word that is shown as a mark.
        let text = "\(finding)".trimmingPrefix(finding.severity.word + ": ")
        return .init(severity: finding.severity.word, text: String(text))
      },
      users: roster.everybody.sorted().map(\.text))
    let soon = now + .hours(24 * 7 * Self.swapWeeks)
    sheet.coming = roster.shifts.filter { $0.window.end > now && $0.window.start < soon }.map {
      Self.shift($0, zones)
    }
    sheet.swaps = try await swaps(in: roster, check)
    return sheet
  }

  /// How far ahead shifts are offered for swapping.
  private static let swapWeeks = 5.0

  func readRoster() throws(DeskError) -> Roster {
    switch state.readRoster() {
    case nil: throw .notFound("no roster is configured: name its file under `roster`")
    case .failure(let problem): throw .unavailable("the roster cannot be read: \(problem)")
    case .success(let roster): return roster
    }
  }

  private static func shift(_ shift: Rosters.Shift, _ zones: [Username: String]) -> RosterSheet.Shift {
    RosterSheet.Shift(
      id: "\(shift.id)", slot: shift.slot.name, startUTC: shift.window.start.iso8601(),
      endUTC: shift.window.end.iso8601(),
      people: shift.members.map { user in
        .init(user: user.text, local: zones[user].flatMap { SiteClock.window(shift.window, in: $0) })
      }, isOverridden: shift.isOverridden)
  }

  func calendar(of user: String?) async throws(DeskError) -> FileView {
    let roster = try readRoster()
    // Names behind the @ of UIDs must not change when the service moves.
    let calendar = RosterCalendar(host: "vesper.grandma")
    var (name, events) = ("GRANDMA shifts", calendar.roster(roster))
    if let user {
      guard let known = roster.everybody.first(where: { $0.text == user }) else {
        throw .notFound("the roster names nobody called \(user)")
      }
      (name, events) = ("GRANDMA shifts of \(user)", calendar.person(known, in: roster))
    }
    let text = EventCalendar(name: name, events: events).text(stamp: state.rosterChanged ?? state.clock.now())
    return FileView(bytes: Array(text.utf8), mediaType: "text/calendar; charset=utf-8", isImmutable: false)
  }
}

/// The zone files of the machine; without them nights are not judged.
enum ZoneFiles {
  static func load(_ names: Set<String>) -> [String: LocalZone] {
    var zones: [String: LocalZone] = [:]
    for name in names where LocalZone.isPlausible(name: name) {
      guard let bytes = FileManager.default.contents(atPath: "/usr/share/zoneinfo/\(name)") else { continue }
      zones[name] = try? LocalZone(name: name, file: Array(bytes))
    }
    return zones
  }
}

extension SiteClock {
  /// `12:00-20:00 +01:00`.
  static func window(_ window: TimeWindow, in zone: String) -> String? {
    guard let offset = offsetMinutes(of: zone, at: window.start) else { return nil }
    func clock(_ t: Instant) -> Substring {
      t.advanced(bySeconds: Double(offset) * 60).iso8601().dropFirst(11).prefix(5)
    }
    let sign = offset < 0 ? "-" : "+"
    return String(
      format: "%@-%@ %@%02d:%02d", String(clock(window.start)), String(clock(window.end)), sign,
      abs(offset) / 60,
      abs(offset) % 60)
  }
}

/// A roster file as it was last read.
final class RosterShelf: Sendable {
  private struct Held {
    var changed: Date?
    var result: Result<Roster, RosterProblem>?
  }
  let path: String
  private let held = Guard(Held())
  init(path: String) { self.path = path }

  /// The next reader looks at the file, also within the resolution of its time.
  func forget() { held.withLock { $0 = Held() } }

  var changed: Date? { held.withLock { $0.changed } }

  func read() -> Result<Roster, RosterProblem> {
    let facts = try? FileManager.default.attributesOfItem(atPath: path)
    let changed = facts?[.modificationDate] as? Date
    return held.withLock { held in
      if let result = held.result, held.changed == changed { return result }
      held.changed = changed
      let result = Self.load(path)
      held.result = result
      return result
    }
  }

  private static func load(_ path: String) -> Result<Roster, RosterProblem> {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      return .failure(RosterProblem(text: "\(path) is not there or no text"))
    }
    do { return .success(try RosterReading(yaml: text, file: path).roster) } catch {
      return .failure(RosterProblem(text: "\(error)"))
    }
  }
}

struct RosterProblem: Error, CustomStringConvertible {
  let text: String
  var description: String { text }
}

extension ServiceState {
  /// Nil where none is configured.
  func readRoster() -> Result<Roster, RosterProblem>? { rosterFile?.read() }
  var roster: Roster? { try? readRoster()?.get() }
  var rosterChanged: Instant? {
    rosterFile?.changed.flatMap { Instant(mjdUTC: 40_587 + $0.timeIntervalSince1970 / 86_400) }
  }
}
