import Foundation
import Glibc

/// SplitMix64: the same numbers from the same seed.
struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func unit() -> Double { Double.random(in: 0..<1, using: &self) }
  mutating func chance(_ share: Double) -> Bool { unit() < share }
  mutating func between(_ low: Double, _ high: Double) -> Double { low + unit() * (high - low) }
}

/// A value that is only reached while its lock is held.
final class Locked<State>: @unchecked Sendable {
  private let lock = NSLock()
  private var state: State
  init(_ state: State) { self.state = state }
  func callAsFunction<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
    lock.lock()
    defer { lock.unlock() }
    return try body(&state)
  }
}

/// Seconds that never jump.
func steadySeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Prints at once, also into a file.
func say(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }

/// Cut short only by the end of the harness.
func pause(_ seconds: Double) async { try? await Task.sleep(for: .seconds(max(0, seconds))) }

/// Waits until something is so, looking every `step` seconds.
func wait(atMost seconds: Double, step: Double = 0.02, until isSo: () async -> Bool) async -> Bool {
  let end = steadySeconds() + seconds
  while steadySeconds() < end {
    if await isSo() { return true }
    await pause(step)
  }
  return await isSo()
}

extension Date {
  /// `2026-09-15T17:42:10.318Z`.
  var utc: String {
    let milliseconds = Int64((timeIntervalSince1970 * 1000).rounded(.down))
    var seconds = time_t(milliseconds / 1000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    return String(
      format: "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
      parts.tm_hour, parts.tm_min, parts.tm_sec, Int(milliseconds % 1000))
  }
  /// `260915`, as superevents are named.
  var shortDay: String { String(utc.prefix(10).split(separator: "-").joined().dropFirst(2)) }
}

extension Sequence where Element == Double {
  /// The value that a share of all does not exceed.
  func quantile(_ share: Double) -> Double? {
    let all = sorted()
    guard !all.isEmpty else { return nil }
    return all[Swift.min(all.count - 1, Int(Double(all.count) * share))]
  }
}
