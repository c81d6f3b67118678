import Testing
import Units

@testable import WebClient

@Suite struct TokenBucketTests {
  private let start = Instant(tai: 1_000_000_000)

  private func after(_ seconds: Double) -> Instant { start.advanced(bySeconds: seconds) }

  @Test func aBurstThenTheRate() throws {
    var bucket = try #require(TokenBucket(capacity: 4, refillPerSecond: 4, now: start))
    let waits = (0..<8).map { _ in bucket.take(now: start) }
    #expect(waits == [0, 0, 0, 0, 0.25, 0.5, 0.75, 1].map { Duration.seconds($0) })
  }

  @Test func itRefillsToItsCapacityAndNoFurther() throws {
    var bucket = try #require(TokenBucket(capacity: 2, refillPerSecond: 1, now: start))
    for _ in 0..<2 { #expect(bucket.take(now: start) == .zero) }
    #expect(bucket.take(now: after(1)) == .zero)
    #expect(bucket.take(now: after(1000)) == .zero)
    #expect(bucket.take(now: after(1000)) == .zero)
    #expect(bucket.take(now: after(1000)) == .seconds(1))
  }

  @Test func aClockThatGoesBackAddsNothing() throws {
    var bucket = try #require(TokenBucket(capacity: 1, refillPerSecond: 1, now: start))
    #expect(bucket.take(now: after(100)) == .zero)
    #expect(bucket.take(now: after(-1_000_000)) == .seconds(1))
    #expect(bucket.take(now: after(100)) == .seconds(2))
  }

  @Test func aTokenGivenBackIsUsedAgain() throws {
    var bucket = try #require(TokenBucket(capacity: 1, refillPerSecond: 1, now: start))
    #expect(bucket.take(now: start) == .zero)
    #expect(bucket.take(now: start) == .seconds(1))
    bucket.giveBack()
    #expect(bucket.take(now: start) == .seconds(1))
    for _ in 0..<5 { bucket.giveBack() }
    #expect(bucket.take(now: start) == .zero)
    #expect(bucket.take(now: start) == .seconds(1))
  }

  @Test(arguments: [
    (0, 1.0), (-1, 1), (1, 0), (1, -1), (1, .infinity), (1, .nan),
  ])
  func impossibleLimits(_ capacity: Int, _ rate: Double) {
    #expect(TokenBucket(capacity: capacity, refillPerSecond: rate, now: start) == nil)
    #expect(RateLimit(capacity: capacity, perSecond: rate) == nil)
  }

  /// Rounding of the waits to nanoseconds over a few hundred takes.
  static let roundingTokens = 1e-6

  /// In any stretch of time no more leave than the capacity and what flows in.
  @Test(arguments: 1...20)
  func neverMoreThanTheRate(_ seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let capacity = Int.random(in: 1...6, using: &random)
    let rate = Double.random(in: 0.5...20, using: &random)
    var bucket = try #require(TokenBucket(capacity: capacity, refillPerSecond: rate, now: start))
    var now = 0.0
    var departures: [Double] = []
    for _ in 0..<200 {
      now += Double.random(in: 0...(1.6 / rate), using: &random)
      departures.append(now + bucket.take(now: after(now)).seconds)
    }
    #expect(departures == departures.sorted(), "seed \(seed)")
    for first in departures.indices {
      for last in first..<departures.count {
        let allowed = Double(capacity) + (departures[last] - departures[first]) * rate
        #expect(Double(last - first + 1) <= allowed + Self.roundingTokens, "seed \(seed)")
      }
    }
  }

  @Test func icareGetsFourASecond() {
    #expect(RateLimit.icare.capacity == 4)
    #expect(RateLimit.icare.perSecond == 4)
  }
}
