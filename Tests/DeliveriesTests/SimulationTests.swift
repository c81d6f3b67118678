import Deliveries
import Testing
import TestSupport
import Units

@Suite struct SimulationTests {
  /// Enough that every pair of faults meets: each seed has about 15 deliveries and 3 restarts.
  static let seeds: UInt64 = 2400
  static let parts: UInt64 = 4

  @Test(arguments: 0..<parts)
  func nothingIsLostDoubledOrStale(part: UInt64) async throws {
    var total = SimulationReport()
    for seed in stride(from: part, to: Self.seeds, by: UInt64.Stride(Self.parts)) {
      let policy = OutboxPolicy()
      var simulation = Simulation(seed: seed, ledger: MemoryLedger(policy: policy), policy: policy)
      let report = try await simulation.run()
      #expect(report.violations.isEmpty, "seed \(seed): \(report.violations.prefix(3))")
      total.sends += report.sends
      total.ambiguous += report.ambiguous
      total.crashes += report.crashes
      total.fenced += report.fenced
      total.states.merge(report.states, uniquingKeysWith: +)
    }
    let states = total.states.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key) \($0.value)" }
    print(
      "simulation: \(Self.seeds / Self.parts) seeds, \(total.sends) sends, \(total.ambiguous) ambiguous, "
        + "\(total.crashes) crashes, \(total.fenced) ghosts fenced; \(states.joined(separator: ", "))")
    for state in [DeliveryState.done, .dead, .expired, .superseded, .parked] {
      #expect((total.states[state] ?? 0) > 50, "the simulation does not reach \(state)")
    }
    #expect(total.fenced > 10)
  }

  @Test func aSeedGivesTheSameRunAgain() async throws {
    var results: [[OutboxEntry]] = []
    for _ in 0..<3 {
      let ledger = MemoryLedger()
      var simulation = Simulation(seed: 77, ledger: ledger, policy: OutboxPolicy())
      _ = try await simulation.run()
      results.append(await ledger.allEntries().sorted { $0.sequence < $1.sequence })
    }
    #expect(results[0] == results[1] && results[1] == results[2])
  }
}
