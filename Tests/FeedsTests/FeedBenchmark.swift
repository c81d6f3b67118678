import Foundation
import TestSupport
import Testing
import Units

@testable import Feeds

/// Printed, never asserted. `VESPER_BENCH=1 swift test -c release --filter FeedBenchmark`
@Suite(
  .enabled(if: ProcessInfo.processInfo.environment["VESPER_BENCH"] != nil && MockBroker.executable != nil))
struct FeedBenchmark {
  /// From the producer's stamp to the sink's return, over the mock cluster; the sink keeps bytes in memory.
  @Test(arguments: [1000, 1_000_000])
  func latency(_ size: Int) async throws {
    try await withBroker(topics: ["a": 1]) { broker in
      let disk = Disk()
      let running = try RunningFeed(impatientConfiguration(broker.bootstrap, ["a"]), disk)
      try await broker.produce("a", "warm")
      try await eventually("the first") { disk.count == 1 }
      let payload = pattern(size, seed: 1)
      for i in 0..<100 {
        try await broker.produce("a", payload)
        try await eventually("message \(i)") { disk.count == i + 2 }
      }
      try await running.stop()
      let delays = disk.messages.dropFirst().compactMap { m in
        m.timestamp.map { m.receivedAt.seconds(since: $0) * 1000 }
      }.sorted()
      print(
        "\(size) bytes: stamp to receipt median \(delays[50]) ms, p99 \(delays[98]) ms, max \(delays[99]) ms")
    }
  }

  /// A backlog of 4 MB in messages of 20 kB.
  @Test func backlog() async throws {
    try await withBroker(topics: ["a": 1]) { broker in
      let disk = Disk()
      try await broker.command("fill a 0 200 20000")
      let clock = ContinuousClock()
      let start = clock.now
      let running = try RunningFeed(impatientConfiguration(broker.bootstrap, ["a"]), disk)
      try await eventually("the first") { disk.count >= 1 }
      let first = clock.now
      try await eventually("all") { disk.count == 200 }
      print("start to first message \(first - start), 200 messages of 20 kB \(clock.now - first)")
      let stop = clock.now
      try await running.stop()
      print("stop \(clock.now - stop)")
    }
  }
}
