import TestSupport
import Testing
import Units

@testable import Service

/// The clock of the machine moves between order and plan, forward and back.
@Suite(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason))) struct ClockJumpTests {
  /// Nothing is ever asked for a time that is past when it is asked for.
  @Test func noJumpMakesAPlanInThePast() async throws {
    let bench = try await Bench(at: "2023-05-18T13:40:00Z")
    func earliest() async throws -> Instant? {
      guard let live = try await bench.store.plans(of: "S230518h", state: .live).first else { return nil }
      return try await bench.store.assignments(of: live.id)
        .filter { [.sent, .seen, .accepted].contains($0.state) }.map(\.assignment.window.start).min()
    }
    try await bench.bring(shared("lvk/gwtm_S230518h-Initial_alert.json"))
    try await bench.settle(plans: false)
    bench.time.advance(.hours(9))
    try await bench.settle()
    #expect(try #require(try await earliest()) >= bench.time.now)
    // Back again: what has not begun by this clock may stay or move, but not before it.
    bench.time.advance(.zero - .hours(8))
    try await bench.bring(shared("lvk/gwtm_S230518h-Update_alert.json"))
    try await bench.settle(plans: false)
    bench.time.advance(.minutes(90))
    try await bench.settle()
    #expect(try await bench.store.plans(of: "S230518h", state: .live).count == 1)
    #expect(try #require(try await earliest()) >= bench.time.now)
    // A day late there is no night left in the order's window that is past.
    bench.time.advance(.hours(30))
    try await bench.bring(shared("lvk/gwtm_S230518h-Update_alert.json"))
    try await bench.settle()
    let queue = try await bench.store.queue(of: "tre", after: bench.time.now)
    #expect(queue.allSatisfy { $0.assignment.window.start >= bench.time.now })
  }
}
