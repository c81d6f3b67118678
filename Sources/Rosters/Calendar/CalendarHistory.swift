import Units

/// What was published before: gives changed events the next sequence number and keeps cancelled ones in the
/// feed, so that calendars that hold a copy take them out.
public struct CalendarHistory: Hashable, Sendable, Codable {
  struct Entry: Hashable, Sendable, Codable {
    var digest: String
    var sequence: Int
    var modified: Int64
    /// What a cancelled event still has to say.
    var start: Int64
    var end: Int64
    var summary: String
    var isCancelled: Bool
  }

  private(set) var entries: [String: Entry] = [:]
  public init() {}

  /// How long a cancelled event stays.
  public static let cancelledFor: Duration = .hours(30 * 24)

  /// Numbers events and adds the cancelled ones. Publishing the same again changes nothing.
  /// - Parameter events: all that the feed holds now; of several with one uid the first counts. Events that
  ///   are over are not cancelled when they leave the feed.
  public mutating func publish(_ events: [CalendarEvent], now: Instant) -> [CalendarEvent] {
    var out: [CalendarEvent] = []
    var seen: Set<String> = []
    for event in events where seen.insert(event.uid).inserted {
      var event = event
      let digest = Self.digest(event)
      let old = entries[event.uid]
      let isSame = old?.digest == digest && old?.isCancelled == (event.status == .cancelled)
      let sequence = old.map { isSame ? $0.sequence : $0.sequence + 1 } ?? event.sequence
      let modified = isSame ? old?.modified ?? now.tai : now.tai
      (event.sequence, event.modified) = (sequence, Instant(tai: modified))
      entries[event.uid] = Entry(
        digest: digest, sequence: sequence, modified: modified, start: event.window.start.tai,
        end: event.window.end.tai,
        summary: event.summary, isCancelled: event.status == .cancelled)
      out.append(event)
    }
    for uid in entries.keys.sorted() where !seen.contains(uid) {
      guard var entry = entries[uid] else { continue }
      if !entry.isCancelled {
        guard entry.end > now.tai else {
          entries[uid] = nil
          continue
        }
        entry.isCancelled = true
        entry.sequence += 1
        entry.modified = now.tai
        entries[uid] = entry
      } else if now - Instant(tai: entry.modified) > Self.cancelledFor {
        entries[uid] = nil
        continue
      }
      out.append(
        CalendarEvent(
          uid: uid, window: TimeWindow(Instant(tai: entry.start), Instant(tai: max(entry.start, entry.end))),
          summary: entry.summary, status: .cancelled, sequence: entry.sequence,
          modified: Instant(tai: entry.modified)))
    }
    return out
  }

  /// Of everything a reader sees except the count itself.
  private static func digest(_ event: CalendarEvent) -> String {
    let fields = [
      "\(event.window.start.tai)", "\(event.window.end.tai)", event.summary, event.details, event.location,
      event.url ?? "", event.categories.joined(separator: "\u{1f}"), event.status.rawValue, "\(event.isBusy)",
      event.alarm.map { "\($0)" } ?? "",
    ]
    return SHA256.hexDigest(of: fields.joined(separator: "\u{1e}"))
  }
}

/// The calendars of a roster.
public struct RosterCalendar: Sendable {
  /// Behind the `@` of every UID; a name that belongs to whoever publishes.
  public var host: String
  /// A reminder before each shift of a personal calendar.
  public var alarm: Duration?
  /// An address for a shift, such as its hand-over page.
  public var link: @Sendable (Shift) -> String?

  public init(
    host: String, alarm: Duration? = .minutes(30), link: @escaping @Sendable (Shift) -> String? = { _ in nil }
  ) {
    self.host = host
    self.alarm = alarm
    self.link = link
  }

  /// All shifts.
  public func roster(_ roster: Roster) -> [CalendarEvent] {
    roster.shifts.map { shift in
      let names = shift.members.isEmpty ? "nobody" : shift.members.map(\.text).joined(separator: ", ")
      var event = self.event(shift, roster, uid: "", zone: nil)
      event.summary = "GRANDMA shift \(shift.slot.name): \(names)"
      event.status = shift.members.isEmpty ? .tentative : .confirmed
      // The whole team's calendar makes nobody busy.
      event.isBusy = false
      return event
    }
  }

  /// The shifts of one person and the weeks they coordinate.
  public func person(_ user: Username, in roster: Roster, zone: LocalZone? = nil) -> [CalendarEvent] {
    let own = roster.shifts.filter { $0.members.contains(user) }.map { shift in
      var event = self.event(shift, roster, uid: "-\(user)", zone: zone)
      event.summary = "GRANDMA shift \(shift.slot.name)"
      event.alarm = alarm
      return event
    }
    let weeks = roster.weeks.filter { $0.coordinator == user }.map { week in
      CalendarEvent(
        uid: "\(roster.key)-\(week.start)-coordinator-\(user)@\(host)",
        window: roster.table.window(ofWeek: week.start),
        summary: "GRANDMA weekly coordinator", details: roster.campaign, categories: ["GRANDMA"],
        isBusy: false, alarm: alarm)
    }
    return own + weeks
  }

  private func event(_ shift: Shift, _ roster: Roster, uid: String, zone: LocalZone?) -> CalendarEvent {
    let names = shift.members.isEmpty ? "nobody" : shift.members.map(\.text).joined(separator: ", ")
    var details = "\(roster.campaign)\n\(ShiftTimes.text(shift.window, zone: zone))\nOn shift: \(names)"
    details += "\nCoordinator: \(shift.coordinator?.text ?? "nobody")"
    return CalendarEvent(
      uid: "\(roster.key)-\(shift.id.day)-\(shift.slot.name)\(uid)@\(host)", window: shift.window,
      summary: "",
      details: details, url: link(shift), categories: ["GRANDMA"])
  }
}
