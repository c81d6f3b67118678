import Foundation

/// How many requests one token, link or stranger may make: a bucket each (RFC 6585 answers with 429).
final class RateGate: @unchecked Sendable {
  struct Limit: Hashable, Sendable {
    /// Taken at once.
    var burst: Double
    var perSecond: Double
    /// A robot that asks for everything every few seconds, and pages that fetch their parts.
    static let usual = Limit(burst: 120, perSecond: 10)
  }

  private struct Bucket {
    var level: Double
    var filledAt: ContinuousClock.Instant
  }
  private let limit: Limit
  private let lock = NSLock()
  private var buckets: [String: Bucket] = [:]
  /// More askers than there can be: then those that are full again are forgotten.
  private static let mostBuckets = 10_000

  init(_ limit: Limit = .usual) { self.limit = limit }

  /// - Returns: nil if the request may go on, else the seconds to wait.
  func pass(_ asker: String, at now: ContinuousClock.Instant = .now) -> Int? {
    lock.lock()
    defer { lock.unlock() }
    if buckets.count >= Self.mostBuckets {
      buckets = buckets.filter { !isFull($0.value, now) }
      // A crowd of strangers is slowed down together.
      if buckets.count >= Self.mostBuckets { return 1 }
    }
    var bucket = buckets[asker] ?? Bucket(level: limit.burst, filledAt: now)
    bucket.level = level(bucket, now)
    bucket.filledAt = now
    defer { buckets[asker] = bucket }
    guard bucket.level >= 1 else { return max(1, Int(((1 - bucket.level) / limit.perSecond).rounded(.up))) }
    bucket.level -= 1
    return nil
  }

  private func level(_ bucket: Bucket, _ now: ContinuousClock.Instant) -> Double {
    let passed = now - bucket.filledAt
    let seconds = Double(passed.components.seconds) + Double(passed.components.attoseconds) * 1e-18
    return min(limit.burst, bucket.level + max(0, seconds) * limit.perSecond)
  }

  private func isFull(_ bucket: Bucket, _ now: ContinuousClock.Instant) -> Bool {
    level(bucket, now) >= limit.burst
  }
}
