import Deliveries
import Foundation
import Testing
import TestSupport
import Units

@testable import Store

/// Figures for the record: printed, never asserted. Meaningful in a release build on a quiet machine.
@Suite(.serialized) struct SpeedTests {
  private func report(_ what: String, _ times: [Duration]) {
    let sorted = times.sorted().map { $0.seconds * 1000 }
    func at(_ fraction: Double) -> String {
      String(format: "%.2f", sorted[min(sorted.count - 1, Int(Double(sorted.count) * fraction))])
    }
    print("\(what): p50 \(at(0.5)) ms, p99 \(at(0.99)) ms, worst \(at(1)) ms, n \(sorted.count)")
  }

  @Test func recordingAMegabyte() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var random = SeededGenerator(seed: 9)
    let base = (0..<1_000_000).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    var times: [Duration] = []
    for i in 0..<200 {
      var bytes = base
      bytes.replaceSubrange(0..<4, with: [UInt8(i & 255), UInt8(i >> 8), 1, 2])
      let place = FeedPosition(topic: "igwn.gwalert", partition: 0, offset: Int64(i))
      let raw = RawNotice(bytes: bytes, topic: "igwn.gwalert", position: place, receivedAt: start)
      let begun = ContinuousClock.now
      try await store.record(raw)
      times.append(ContinuousClock.now - begun)
    }
    report("record of 1 MB", times)
  }

  @Test func aWholeStepAndAClaim() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var times: [Duration] = []
    for number in 0..<200 {
      let begun = ContinuousClock.now
      try await takeStep(Int64(number), in: store)
      times.append(ContinuousClock.now - begun)
    }
    report("record, take and commit of a small notice", times)
    _ = try await store.seize("serve", holder: "a", seen: nil, until: start)
    var outcome = Outcome()
    outcome.deliveries = (0..<2000).map { delivery("d\($0)", channel: "many") }
    try await store.commit(outcome, at: start)
    times = []
    for _ in 0..<100 {
      let begun = ContinuousClock.now
      let lane = Lane(channel: "many", acceptsMocks: false)
      guard case .send(let claim) = try await store.next(on: lane, epoch: 1, at: start).step else { break }
      _ = try await store.settle(claim, with: .sent(.confirmed(receipt: "r")), at: start, jitter: .zero)
      times.append(ContinuousClock.now - begun)
    }
    report("claim and end of a delivery, 2000 open", times)
    times = []
    for i in 0..<20 {
      let begun = ContinuousClock.now
      _ = try await store.backup(to: scratch.folder + "/b\(i)")
      times.append(ContinuousClock.now - begun)
    }
    let counts = try await store.counts()
    report("backup with its checks, \(counts.fileBytes + counts.walBytes) bytes", times)
  }
}
