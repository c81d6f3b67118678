import Units

/// One notice as it is handed in.
struct HandIn: Sendable {
  enum Expectation: Sendable { case handled, quarantined, either }
  enum Door: Sendable { case spool, http }
  let name: String
  let bytes: [UInt8]
  let expectation: Expectation
  let digest: String
  var door = Door.spool

  init(_ name: String, _ bytes: [UInt8], _ expectation: Expectation = .handled) {
    self.name = name
    self.bytes = bytes
    self.expectation = expectation
    digest = SHA256.hexDigest(of: bytes)
  }
}

/// What is told about one event, in order.
struct EventScript: Sendable {
  /// Its name in the store begins so.
  let id: String
  let isReal: Bool
  let isRetracted: Bool
  var notices: [HandIn]
}

/// Everything that is handed in, in order, and what is to come of it.
struct Stream: Sendable {
  var items: [HandIn] = []
  var scripts: [EventScript] = []
  /// Handed in a second time, byte for byte.
  var repeats = 0

  var expected: [String: HandIn] {
    Dictionary(items.map { ($0.digest, $0) }, uniquingKeysWith: { a, _ in a })
  }
}
