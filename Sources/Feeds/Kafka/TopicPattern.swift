/// A topic by name, or by a pattern in which `*` stands for any run of characters.
public struct TopicPattern: Hashable, Sendable, CustomStringConvertible {
  public let text: String

  /// - Returns: nil for what no Kafka topic can match: letters, digits, `.`, `_`, `-` and `*` alone, at most
  ///   249 of them.
  public init?(_ text: String) {
    let legal = text.utf8.allSatisfy {
      switch $0 {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "._-*".utf8.contains($0)
      }
    }
    guard legal, (1...249).contains(text.utf8.count), text != ".", text != ".." else { return nil }
    self.text = text
  }

  public var description: String { text }
  public var isExact: Bool { !text.utf8.contains(UInt8(ascii: "*")) }

  /// Whether the topic is meant. O(length of both, times the number of stars). A pattern never means the
  /// brokers' own topics, which start with two underscores.
  public func matches(_ topic: String) -> Bool {
    guard !isExact else { return topic == text }
    guard !topic.hasPrefix("__") else { return false }
    let (pattern, name) = (Array(text.utf8), Array(topic.utf8))
    var (p, n) = (0, 0)
    var star: (pattern: Int, name: Int)?
    while n < name.count {
      if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
        star = (p, n)
        p += 1
      } else if p < pattern.count, pattern[p] == name[n] {
        p += 1
        n += 1
      } else if let last = star {
        // The star takes one character more.
        star = (last.pattern, last.name + 1)
        p = last.pattern + 1
        n = last.name + 1
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
  }

  /// The streams of GCN that can bring a target for a network of optical telescopes: gravitational waves,
  /// gamma-ray bursts, X-ray transients, neutrinos, supernova neutrinos, and the circulars on them. The
  /// heartbeat is read by `HeartbeatWatch`. Topics that exist only while they have a recent message are
  /// listed too: they are found when they appear.
  public static let gcnDefaults: [TopicPattern] =
    [
      "igwn.gwalert",
      "gcn.notices.swift.bat.guano",
      "gcn.notices.einstein_probe.wxt.alert",
      "gcn.notices.icecube.gold_bronze_track_alerts",
      "gcn.notices.icecube.lvk_nu_track_search",
      "gcn.notices.svom.voevent.grm",
      "gcn.notices.svom.voevent.eclairs",
      "gcn.notices.svom.voevent.mxt",
      "gcn.notices.fermi.gbm*",
      "gcn.notices.maxi.gsc.unknown",
      "gcn.notices.km3net.alert",
      "gcn.circulars",
    ].compactMap(TopicPattern.init)
    + [
      "FERMI_GBM_FLT_POS", "FERMI_GBM_GND_POS", "FERMI_GBM_FIN_POS", "FERMI_GBM_SUBTHRESH",
      "FERMI_LAT_OFFLINE", "FERMI_LAT_POS_INI", "FERMI_LAT_POS_UPD", "FERMI_LAT_GND",
      "SWIFT_BAT_GRB_POS_ACK", "SWIFT_XRT_POSITION", "SWIFT_UVOT_POS",
      "ICECUBE_ASTROTRACK_GOLD", "ICECUBE_ASTROTRACK_BRONZE", "ICECUBE_CASCADE", "AMON_NU_EM_COINC",
      "GECAM_GND", "IPN_POS", "MAXI_UNKNOWN", "SNEWS", "SK_SN",
    ].compactMap { TopicPattern("gcn.classic.voevent.\($0)") }
}
