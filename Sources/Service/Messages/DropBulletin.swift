import Channels
import Deliveries
import Formats
import Units

/// The folder of one telescope, and how its software wants plans.
public struct DropOptions: Hashable, Sendable {
  /// What sites may name in the configuration.
  public static let formats: [String: (format: PlanFormat, type: String)] = [
    "plain": (.text, "txt"), "acp": (.acp, "txt"), "nina": (.nina, "csv"), "rts2": (.rts2, "sh"),
    "json": (.json, "json"), "csv": (.csv, "csv"),
  ]

  /// Of the telescope.
  public let slug: String
  /// One of `formats`.
  public let format: String

  public init(slug: String, format: String) {
    self.slug = slug
    self.format = format
  }

  /// - Parameters:
  ///   - event: what the file is named for.
  ///   - ends: whether nothing is to be done any more.
  func payload(
    _ plan: PlanDocument, event: String, ends: Bool, reason: String?, at now: Instant
  ) throws(ChannelError) -> SiteDropPayload {
    let (format, type) = Self.formats[format] ?? (.text, "txt")
    return try SiteDropPayload(
      event: event, type: type,
      text: String(decoding: format.render(ends ? plan.stopped : plan), as: UTF8.self), order: now.tai,
      reason: ends ? reason ?? "stopped" : nil)
  }
}

extension Bulletin {
  /// The telescope's own part of a plan; STOP where it had one and has none any more.
  func drop(_ channel: String, _ options: DropOptions) throws(ChannelError) -> [Delivery] {
    guard occasion == .plan || occasion == .stop else { return [] }
    func part(_ document: NetworkPlanDocument?) -> PlanDocument? {
      document?.plans.first { $0.telescope.slug == options.slug && !$0.rows.isEmpty }
    }
    let present = part(document)
    guard let plan = present ?? part(replaced) else { return [] }
    let ends = occasion == .stop || present == nil
    let payload = try options.payload(
      plan, event: event, ends: ends, reason: reason ?? "not in the present plan", at: now)
    return [
      Delivery(
        key: DeliveryKey("\(channel)/\(event)/\(number)"), channel: channel,
        kind: ends ? SiteDropPayload.stop : SiteDropPayload.plan, payload: try payload.encoded(),
        event: event,
        isMock: isMock, notBefore: now, expires: now + .hours(24), urgency: urgency,
        slot: "\(channel)/\(event)")
    ]
  }
}
