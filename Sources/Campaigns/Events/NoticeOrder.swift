import Notices
import Units

/// An order of notices that depends on nothing but what their senders wrote.
enum NoticeOrder {
  /// Removes repetitions and sorts. Of two different messages under one identifier, one is chosen by its
  /// text, and the identifier is reported.
  static func unique(_ notices: [Notice]) -> (notices: [Notice], contradictions: [String]) {
    var kept: [String: Notice] = [:]
    var contradictions: Set<String> = []
    for notice in notices {
      let key = notice.duplicateKey
      guard let other = kept[key] else {
        kept[key] = notice
        continue
      }
      let (a, b) = (notice.withoutDelivery, other.withoutDelivery)
      var chosen = a
      if a != b {
        if a.inOneOrder != b.inOneOrder { contradictions.insert(key) }
        chosen = String(reflecting: a) < String(reflecting: b) ? a : b
      }
      chosen.received = [notice.received, other.received].compactMap { $0 }.min()
      chosen.source.topic = [notice.source.topic, other.source.topic].compactMap { $0 }.min()
      kept[key] = chosen
    }
    return (kept.values.sorted(by: precedes), contradictions.sorted())
  }

  static func precedes(_ a: Notice, _ b: Notice) -> Bool {
    (a.orderTime, a.stage.rank, a.revision ?? -1, a.duplicateKey)
      < (b.orderTime, b.stage.rank, b.revision ?? -1, b.duplicateKey)
  }

  /// The sender's own numbering before names that people gave and message identifiers.
  static func ranked(_ ids: [NativeID]) -> [NativeID] {
    func rank(_ id: NativeID) -> Int {
      switch id.namespace {
      case "lvk": 0
      case "name": 2
      case "circular", "message": 3
      default: 1
      }
    }
    return Set(ids).sorted { (rank($0), $0) < (rank($1), $1) }
  }
}

extension Notice {
  fileprivate var orderTime: Int64 { (created ?? eventTime)?.tai ?? .min }

  /// Without what differs between two deliveries of one message.
  fileprivate var withoutDelivery: Notice {
    var copy = self
    copy.received = nil
    copy.source.topic = nil
    return copy
  }
}

extension Notice {
  /// With lists that are members of JSON objects in one order: theirs says nothing.
  fileprivate var inOneOrder: Notice {
    var copy = self
    copy.wave?.classification.sort { ($0.name, $0.probability) < ($1.name, $1.probability) }
    copy.wave?.properties.sort { ($0.name, $0.probability) < ($1.name, $1.probability) }
    copy.extra.sort { ($0.name, "\($0.value)") < ($1.name, "\($1.value)") }
    return copy
  }
}

extension NoticeStage {
  /// How far the analysis has come; decides between notices made at the same time.
  var rank: Int {
    switch self {
    case .earlyWarning: 0
    case .preliminary: 1
    case .initial: 2
    case .unspecified: 3
    case .update, .subsequent, .other: 4
    case .retraction: 5
    }
  }
}
