import Deliveries
import Units

/// One telescope's plan in the format of its own software, for the folder that this software watches.
///
/// Kinds: `plan`, and `stop`, which is the same plan without anything left to do.
public struct SiteDropPayload: Hashable, Sendable, Codable {
  public static let plan = "plan"
  public static let stop = "stop"
  private static let maxBytes = 16 << 20

  /// What the plan is for: each has a file of its own, which the next plan replaces.
  public let event: String
  /// `txt`, `csv`, `json`, `sh`.
  public let type: String
  public let text: String
  /// Of two plans for an event the one with the larger number is the newer.
  public let order: Int64
  /// Why it ends, for `stop`.
  public let reason: String?

  /// - Throws: `.payload` for a size beyond reason, or a type that is not a few small letters.
  public init(
    event: String, type: String, text: String, order: Int64, reason: String? = nil
  ) throws(ChannelError) {
    self.event = event
    self.type = type
    self.text = text
    self.order = order
    self.reason = reason
    if let fault { throw .payload(fault) }
  }

  public func encoded() throws(ChannelError) -> [UInt8] { try PayloadJSON.encode(self) }

  private var fault: String? {
    guard !event.isEmpty else { return "no event" }
    guard (1...8).contains(type.utf8.count), type.utf8.allSatisfy({ (97...122).contains($0) }) else {
      return "a file type that is not a few small letters"
    }
    return text.utf8.count <= Self.maxBytes ? nil : "\(text.utf8.count) bytes, \(Self.maxBytes) are allowed"
  }

  init(of delivery: Delivery) throws(ChannelError) {
    guard [Self.plan, Self.stop].contains(delivery.kind) else {
      throw .payload("the folder knows no kind \"\(PlainText.oneLine(delivery.kind).prefix(40))\"")
    }
    self = try PayloadJSON.decode(SiteDropPayload.self, from: delivery.payload)
    if let fault { throw .payload(fault) }
  }
}
