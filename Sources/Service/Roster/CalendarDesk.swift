import Foundation
import Rosters
import Store
import Units

/// Calendar files (RFC 5545) of a roster, a person or a telescope. What was published is kept in the state
/// folder (`calendars/<name>.json`), so that changes and cancellations reach calendars that hold a copy.
public struct CalendarDesk {
  private let folder: URL
  private let host: String
  private let clock: ServiceClock

  /// - Parameter host: behind the `@` of every UID; must not change.
  public init(state: String, host: String = "vesper", clock: ServiceClock) throws {
    folder = URL(filePath: state).appending(path: "calendars")
    do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
      throw ConfigurationError("\(folder.path): cannot be made: \(error.localizedDescription)")
    }
    self.host = host
    self.clock = clock
  }

  public func roster(_ roster: Roster) throws -> String {
    try publish("roster-\(roster.key)", roster.campaign, RosterCalendar(host: host).roster(roster))
  }

  public func person(_ user: Username, in roster: Roster) throws -> String {
    let zone = roster.member(user)?.zone.flatMap { RosterFile.zones(of: roster)[$0] }
    let events = RosterCalendar(host: host).person(user, in: roster, zone: zone)
    return try publish("person-\(roster.key)-\(user)", "\(roster.campaign): \(user)", events)
  }

  /// What a telescope has to do: one entry per event, from its first pointing to its last.
  /// - Parameter slug: of the telescope.
  public func telescope(_ slug: String, store: Store) async throws -> String {
    let queue = try await store.queue(of: slug, after: clock.now())
    let events = Self.entries(queue, slug: slug, host: host)
    return try publish("telescope-\(slug)", "Vesper: \(slug)", events)
  }

  /// One entry for each event in a telescope's queue.
  static func entries(_ queue: [StoredAssignment], slug: String, host: String) -> [CalendarEvent] {
    Dictionary(grouping: queue, by: \.event).sorted { $0.key < $1.key }.compactMap { event, rows in
      entry(event, rows, slug: slug, host: host)
    }
  }

  private static func entry(
    _ event: String, _ rows: [StoredAssignment], slug: String, host: String
  ) -> CalendarEvent? {
    guard let start = rows.map(\.assignment.window.start).min(),
      let end = rows.map(\.assignment.window.end).max(), start <= end
    else { return nil }
    let fields = rows.map { row in
      let a = row.assignment
      return "\(a.window.start.iso8601()) \(a.tile) \(a.filter) \(Int(min(a.exposure.seconds, 1e6))) s"
    }
    return CalendarEvent(
      uid: "\(event)-\(slug)@\(host)", window: TimeWindow(start, end),
      summary: "\(event): \(rows.count) pointings", details: fields.joined(separator: "\n"),
      location: slug, categories: ["GRANDMA"], alarm: .minutes(30))
  }

  private func publish(_ name: String, _ title: String, _ events: [CalendarEvent]) throws -> String {
    let file = folder.appending(path: "\(name).json")
    var history = CalendarHistory()
    if FileManager.default.fileExists(atPath: file.path) {
      do {
        history = try JSONDecoder().decode(CalendarHistory.self, from: Data(contentsOf: file))
      } catch {
        throw ConfigurationError("\(file.path): cannot be read; restore it, or remove it to number anew")
      }
    }
    let now = clock.now()
    let numbered = history.publish(events, now: now)
    do { try JSONEncoder().encode(history).write(to: file, options: .atomic) } catch {
      throw ConfigurationError("\(file.path): cannot be written: \(error.localizedDescription)")
    }
    return EventCalendar(name: title, events: numbered).text(stamp: now)
  }
}
