import Notices

/// What a notice may be mixed with: real events, mocks and tests live in separate worlds.
public enum Realm: String, Codable, Hashable, Sendable, Comparable, CaseIterable {
  case real, mock, test

  public static func < (a: Self, b: Self) -> Bool { rank(a) < rank(b) }
  private static func rank(_ realm: Realm) -> Int { allCases.firstIndex(of: realm) ?? 0 }
}

extension Notice {
  /// The world the notice belongs to; nil for those about no event (heartbeats, pointings, instrument
  /// reports, predictions).
  public var realm: Realm? {
    switch kind {
    case .heartbeat, .pointing, .archive: return nil
    default: break
    }
    switch role {
    case .utility, .prediction: return nil
    case .test: return .test
    case .mock: return .mock
    case .observation:
      switch tense {
      case .test: return .test
      case .injection: return .mock
      case .current, .archival, .planned, .commanded: return .real
      }
    }
  }

  /// The names that join this notice to others. Whole values are compared, within a namespace; a name
  /// given by people loses its blanks and case (`GRB 230410A` and `grb230410a`).
  ///
  /// The name of a source that flares again and again joins nothing: each flare is its own event. A
  /// notice without any name is alone, under the identifier of its message.
  public var joiningIDs: [NativeID] {
    var named = ids.map(\.canonical)
    if let withdrawn = retraction?.ids { named += withdrawn.map(\.canonical) }
    if isRecurrent { named.removeAll { $0.namespace == "name" } }
    var seen: Set<NativeID> = []
    let unique = named.filter { seen.insert($0).inserted }
    return unique.isEmpty ? [NativeID("message", duplicateKey)] : unique
  }

  private var isRecurrent: Bool {
    if case .knownSource = standing { return true }
    return kind == .gammaRayFlare || kind == .opticalCandidates
  }
}

extension NativeID {
  /// The form in which names compare.
  public var canonical: NativeID {
    guard namespace == "name" else { return self }
    return NativeID("name", String(value.uppercased().filter { !$0.isWhitespace && $0 != "_" }))
  }
}
