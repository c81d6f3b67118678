import Foundation
import TestSupport

struct TimeOracle: Decodable {
  struct Moment: Decodable {
    let utc: String
    let mjd: Double
    let gps: Double
    let taiMilliseconds: Int64
    let jdTT: [Double]
  }
  struct Frame: Decodable {
    let ra, dec, l, b, lambda, beta: Double
  }
  struct Sexagesimal: Decodable {
    let ra, dec: Double
    let hms, dms: String
  }
  struct Leap: Decodable {
    let year, month: Int
    let offset: Double
  }
  let times: [Moment]
  let frames: [Frame]
  let angles: [Sexagesimal]
  let leapSeconds: [Leap]

  static func load() throws -> TimeOracle {
    try JSONDecoder().decode(TimeOracle.self, from: Data(contentsOf: fixture("oracles/erfa-time.json")))
  }
}

/// SplitMix64 (Steele, Lea & Flood 2014), so that a failure can be replayed from its seed.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}
