import Units

/// A stretch of every day that one shift covers, half-open `[from, to)` in UTC; over midnight when `to` is
/// not after `from`.
public struct Slot: Hashable, Sendable {
  /// Such as `1`; letters, digits, `-`, `_`.
  public let name: String
  public let from: TimeOfDay
  public let to: TimeOfDay

  public init(name: String, from: TimeOfDay, to: TimeOfDay) {
    self.name = name
    self.from = from
    self.to = to
  }

  /// 1...1440.
  public var lengthInMinutes: Int { from == to ? 1440 : to.minutes(after: from) }

  /// The slot that starts on a UTC day.
  public func window(startingOn day: UTCDay) -> TimeWindow {
    let end = to > from ? day : day.advanced(by: 1)
    return TimeWindow(day.at(from), end.at(to))
  }
}

/// How a week is cut: when it starts and the slots of each of its seven days, in order from that time.
public struct SlotTable: Hashable, Sendable {
  public let weekday: Weekday
  public let time: TimeOfDay
  public let slots: [Slot]

  /// - Parameter slots: any order, names unique; kept in the order in which they come after `time`.
  public init(weekday: Weekday, time: TimeOfDay, slots: [Slot]) {
    self.weekday = weekday
    self.time = time
    self.slots = slots.sorted { $0.from.minutes(after: time) < $1.from.minutes(after: time) }
  }

  /// GRANDMA's: weeks from Thursday 11:00 UTC, three slots of eight hours.
  public static let grandma: SlotTable = {
    func at(_ hour: Int) -> TimeOfDay { TimeOfDay(hour: hour) ?? .midnight }
    return SlotTable(
      weekday: .thursday, time: at(11),
      slots: [
        Slot(name: "1", from: at(11), to: at(19)), Slot(name: "2", from: at(19), to: at(3)),
        Slot(name: "3", from: at(3), to: at(11)),
      ])
  }()

  public func slot(named name: String) -> Slot? { slots.first { $0.name == name } }
  public func index(of name: String) -> Int? { slots.firstIndex { $0.name == name } }

  /// The UTC day on which `slot` starts in the `day`-th day (0...6) of the week that starts on `week`.
  public func startDay(of slot: Slot, week: UTCDay, day: Int) -> UTCDay {
    week.advanced(by: day + (slot.from < time ? 1 : 0))
  }

  /// The week as an instant range.
  public func window(ofWeek week: UTCDay) -> TimeWindow {
    TimeWindow(week.at(time), week.advanced(by: 7).at(time))
  }
}
