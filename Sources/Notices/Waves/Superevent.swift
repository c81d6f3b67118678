/// The name of an LVK superevent: `[M|T]S` + yymmdd + letters; after confirmation `GW...`.
///
/// The first letter is the only sign of a mock in a retraction, which carries no search.
struct Superevent {
  let id: String
  let role: NoticeRole
  let knownPrefix: Bool

  /// nil unless the name is 2...40 letters, digits, `-` or `_`, and starts with a letter.
  init?(_ text: String) {
    let utf8 = text.utf8
    func isWord(_ byte: UInt8) -> Bool {
      (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45
        || byte == 95
    }
    guard (2...40).contains(utf8.count), utf8.allSatisfy(isWord), let first = utf8.first,
      !(48...57).contains(first)
    else { return nil }
    id = text
    let prefix = text.prefix { $0.isLetter }
    switch prefix {
    case "S", "GW", "G":
      role = .observation
      knownPrefix = true
    case "MS", "MG", "MGW":
      role = .mock
      knownPrefix = true
    case "TS", "TG", "TGW":
      role = .test
      knownPrefix = true
    default:
      // Whatever it is, it must not move a telescope.
      role = prefix.hasPrefix("M") ? .mock : .test
      knownPrefix = false
    }
  }
}

extension Notice {
  /// Takes the event's name and what its prefix says about the notice being real.
  mutating func adopt(_ superevent: Superevent, field: String, _ notes: inout Notes) {
    ids.append(NativeID("lvk", superevent.id))
    if !superevent.knownPrefix {
      notes.add(.unknownPrefix, field, "\(superevent.id): not S, MS or TS; taken for a \(superevent.role)")
    }
    // A VOEvent's own role may say more (test) but never less.
    if role == .observation || role == .test, superevent.role != .observation { role = superevent.role }
  }

  /// The mock data challenge also writes S names; its search tells.
  mutating func checkMockSearch(_ search: String?, field: String, _ notes: inout Notes) {
    guard search == "MDC", role == .observation else { return }
    role = .mock
    notes.add(.mockSearch, field, "MDC is the mock data challenge; taken for a mock in spite of its name")
  }

  /// Checks that the classes add up to one.
  func checkClasses(_ classes: [NamedProbability], field: String, _ notes: inout Notes) {
    guard !classes.isEmpty else { return }
    let sum = classes.reduce(0) { $0 + $1.probability.value }
    if abs(sum - 1) > 0.01 { notes.add(.classSum, field, "the probabilities add up to \(sum)") }
  }

  func checkInstruments(_ instruments: [String], field: String, _ notes: inout Notes) {
    for name in instruments where !["H1", "L1", "V1", "K1", "G1", "I1"].contains(name) {
      notes.add(.unknownInstrument, field, "\"\(name.clipped())\" is no detector we know")
    }
  }
}
