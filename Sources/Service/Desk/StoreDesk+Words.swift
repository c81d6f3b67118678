import Deliveries

extension StoreDesk {
  /// What entries without a text of their own say, in words; nil where their fields will do.
  static func words(_ kind: String, _ fields: [String: Any]) -> String? {
    func field(_ name: String) -> String? { (fields[name] as? String).flatMap { $0.isEmpty ? nil : $0 } }
    if kind == "feed.offsetMoved", let topic = field("topic"), let to = field("to") {
      let place = "\(topic), partition \(field("partition") ?? "0")"
      let before = field("from").map { " instead of \($0)" } ?? ""
      return "\(place): read from \(to) on\(before)" + (field("reason").map { ": \($0)" } ?? "")
    }
    guard let state = kind.split(separator: ".").last.flatMap({ DeliveryState(rawValue: String($0)) }),
      kind.hasPrefix("delivery."), let channel = field("channel"), let key = field("key")
    else { return nil }
    // The key is the channel, the event and what of it.
    let part = key.split(separator: "/", maxSplits: 2).last.map(String.init) ?? key
    let what = part.allSatisfy(\.isNumber) ? "message \(part)" : part
    let said = "\(channel), \(what): \(words(state))"
    return said + (field("receipt").map { " as \($0)" } ?? "") + (field("reason").map { ", \($0)" } ?? "")
  }

  private static func words(_ state: DeliveryState) -> String {
    switch state {
    case .ready: "to be sent"
    case .inFlight: "being sent"
    case .done: "arrived"
    case .ambiguous: "may have arrived, will be looked up"
    case .dead: "will not be taken"
    case .expired: "too late to be of use"
    case .superseded: "not sent, something newer took its place or it is not wanted any more"
    case .parked: "may have arrived, a person must look"
    }
  }
}
