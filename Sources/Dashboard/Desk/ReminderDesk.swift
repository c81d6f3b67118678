/// Who has not answered yet, and the nights of telescopes. See `Desk`.
public protocol ReminderDesk: Sendable {
  /// Teams that have something to do for an event and have said nothing; whose night begins first is first.
  func unanswered(of event: String) async throws(DeskError) -> [UnansweredView]
  /// A telescope's nights to come and what it has to do in them, as iCalendar.
  func nights(of slug: String) async throws(DeskError) -> FileView
}

extension Desk {
  public var reminders: (any ReminderDesk)? { nil }

  func openReminders() throws(DeskError) -> any ReminderDesk {
    guard let reminders else { throw .unavailable("this service reminds nobody") }
    return reminders
  }
}

public struct UnansweredView: Encodable, Sendable {
  public var slug: String
  public var name: String
  public var plan: String
  public var pointings: Int
  /// Null where the Sun does not set.
  public var nightStartUTC: String?
  public var nightEndUTC: String?
  /// When its team was reminded; null before.
  public var remindedUTC: String?
  /// How the team is reached.
  public var channel: String?

  public init(
    slug: String, name: String, plan: String, pointings: Int, nightStartUTC: String?, nightEndUTC: String?,
    remindedUTC: String?, channel: String?
  ) {
    self.slug = slug
    self.name = name
    self.plan = plan
    self.pointings = pointings
    self.nightStartUTC = nightStartUTC
    self.nightEndUTC = nightEndUTC
    self.remindedUTC = remindedUTC
    self.channel = channel
  }
}
