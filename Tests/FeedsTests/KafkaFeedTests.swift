import Foundation
import TestSupport
import Testing

@testable import Feeds

/// Against librdkafka's mock cluster in another process: the real protocol, over the network.
@Suite(.enabled(if: MockBroker.executable != nil, "mock-broker is not built"))
struct KafkaFeedTests {
  @Test func everyByteOfEveryMessageInOrder() async throws {
    try await withBroker(topics: ["notices": 1]) { broker in
      let disk = Disk()
      let running = try RunningFeed(impatientConfiguration(broker.bootstrap, ["notices"]), disk)
      var expected: [[UInt8]] = []
      for i in 0..<500 {
        let bytes = pattern(i == 250 ? 3_000_000 : 1 + (i * 37) % 2000, seed: i)
        expected.append(bytes)
        let offset = try await broker.produce("notices", bytes, key: "k\(i)")
        #expect(offset == Int64(i))
      }
      try await eventually("500 messages", { "\(disk.count) \(running.events)" }) { disk.count == 500 }
      try await running.stop()
      let got = disk.messages
      #expect(got.map(\.bytes) == expected)
      #expect(got.map(\.offset) == (0..<500).map { Int64($0) })
      #expect(got.map { String(decoding: $0.key ?? [], as: UTF8.self) } == (0..<500).map { "k\($0)" })
      #expect(got.allSatisfy { abs(($0.timestamp ?? .init(tai: 0)).seconds(since: $0.receivedAt)) < 3600 })
      #expect(disk.next == [FeedPartition(topic: "notices", partition: 0): 500])
      #expect(disk.gaps.isEmpty)
      #expect(running.feed.status.counts.stored == 500)
      #expect(running.feed.status.connection == .stopped)
    }
  }

  @Test func aRestartGoesOnWhereTheStoreIs() async throws {
    try await withBroker(topics: ["a": 2]) { broker in
      let disk = Disk()
      for round in 0..<3 {
        for i in 0..<5 { try await broker.produce("a", Array("\(round).\(i)".utf8), partition: i % 2) }
        let running = try RunningFeed(impatientConfiguration(broker.bootstrap, ["a"]), disk)
        try await eventually("round \(round)", { "\(disk.texts)" }) { disk.count == (round + 1) * 5 }
        try await running.stop()
      }
      // Acknowledged messages are never even offered again.
      #expect(disk.offered.count == 15)
      #expect(disk.messages.filter { $0.partition == 0 }.compactMap(\.offset) == Array(0..<9))
      #expect(disk.messages.filter { $0.partition == 1 }.compactMap(\.offset) == Array(0..<6))
    }
  }

  @Test func killedBetweenSinkAndOffset() async throws {
    try await withBroker(topics: ["a": 1]) { broker in
      let disk = Disk()
      for i in 0..<10 { try await broker.produce("a", "m\(i)") }
      disk.hangAdvance(at: 5)
      let first = try RunningFeed(impatientConfiguration(broker.bootstrap, ["a"]), disk)
      try await eventually("the crash point") { disk.hung == 1 }
      await first.kill()
      // The bytes of offset 4 are durable and its offset is not.
      #expect(disk.count == 5)
      #expect(disk.next == [FeedPartition(topic: "a", partition: 0): 4])
      disk.hangAdvance(at: nil)
      let second = try RunningFeed(impatientConfiguration(broker.bootstrap, ["a"]), disk)
      try await eventually("the rest") { disk.count == 10 }
      try await second.stop()
      #expect(disk.texts == (0..<10).map { "m\($0)" })
      #expect(disk.offered.compactMap(\.offset) == [0, 1, 2, 3, 4, 4, 5, 6, 7, 8, 9])
      #expect(second.feed.status.counts.duplicate == 1)
    }
  }

  @Test func brokerDownAndUp() async throws {
    try await withBroker(topics: ["a": 1]) { broker in
      let disk = Disk()
      let running = try RunningFeed(impatientConfiguration(broker.bootstrap, ["a"]), disk)
      try await broker.produce("a", "before")
      try await eventually("the first") { disk.count == 1 }
      for round in 0..<5 {
        try await broker.command("down")
        try await running.event("disconnected \(round)") { _ in
          running.events.count { if case .disconnected = $0 { true } else { false } } == round + 1
        }
        #expect(!running.feed.status.isConnected)
        try await broker.command("up")
        try await broker.produce("a", "after \(round)")
        try await eventually("after \(round)") { disk.count == round + 2 }
        try await eventually("connected again") { running.feed.status.isConnected }
      }
      try await running.stop()
      #expect(disk.texts == ["before"] + (0..<5).map { "after \($0)" })
      #expect(disk.offered.count == 6)
      #expect(disk.gaps.isEmpty)
    }
  }

  @Test func anUnknownTopicDoesNotStopTheOthers() async throws {
    try await withBroker(topics: ["known": 1]) { broker in
      let disk = Disk()
      var configuration = impatientConfiguration(broker.bootstrap, ["known", "late.topic", "family.*"])
      // Messages from before the first start are not wanted; those that make a topic appear are.
      configuration.start = .latest
      try await broker.produce("known", "too old")
      let running = try RunningFeed(configuration, disk)
      try await running.event("missing") { $0.missingTopic == "late.topic" }
      try await running.event("missing") { $0.missingTopic == "family.*" }
      try await eventually("the start is stored") { disk.next.count == 1 }
      try await broker.produce("known", "on")
      try await eventually("a message of the known one") { disk.texts == ["on"] }
      #expect(running.feed.status.missingTopics == ["family.*", "late.topic"])

      try await broker.command("topic late.topic 1")
      try await broker.produce("late.topic", "made it appear")
      try await broker.command("topic family.b 1")
      try await broker.produce("family.b", "cousin")
      try await eventually("the late ones", { "\(disk.texts)" }) {
        Set(disk.texts) == ["on", "made it appear", "cousin"]
      }
      #expect(running.events.contains(.topicFound(name: "late.topic", partitions: 1)))
      #expect(running.feed.status.missingTopics.isEmpty)
      // Announced once, however often it was looked for.
      #expect(running.events.count { $0.missingTopic != nil } == 2)
      try await running.stop()
    }
  }

  @Test func aTopicThatGoesAndComesBack() async throws {
    try await withBroker(topics: ["a": 1, "b": 1]) { broker in
      let disk = Disk()
      let running = try RunningFeed(impatientConfiguration(broker.bootstrap, ["a", "b"]), disk)
      try await broker.produce("a", "a0")
      try await eventually("the first") { disk.count == 1 }
      // 3: UNKNOWN_TOPIC_OR_PART in metadata.
      try await broker.command("topic-error a 3")
      try await running.event("missing") { $0.missingTopic == "a" }
      try await broker.produce("b", "b0")
      try await eventually("the other one") { disk.count == 2 }
      try await broker.command("topic-error a 0")
      try await broker.produce("a", "a1")
      try await eventually("after its return") { disk.count == 3 }
      try await running.stop()
      #expect(disk.texts == ["a0", "b0", "a1"])
      #expect(disk.gaps.isEmpty)
    }
  }

  @Test func offsetsThatTheBrokerDroppedAreAnnounced() async throws {
    try await withBroker(topics: ["a": 1]) { broker in
      let disk = Disk()
      // Six messages of 1 MiB: the mock cluster keeps less than that of one partition.
      for i in 0..<8 { try await broker.produce("a", pattern(1 << 20, seed: i)) }
      disk.set(1, "a")
      let running = try RunningFeed(impatientConfiguration(broker.bootstrap, ["a"]), disk)
      try await eventually("what is left") { disk.messages.last?.offset == 7 }
      try await running.stop()
      let first = try #require(disk.messages.first?.offset)
      try #require(first > 1)
      let gap = try #require(disk.gaps.first)
      #expect(disk.gaps.count == 1)
      #expect(gap.missing == 1..<first)
      #expect(gap.cause == .expired)
      #expect(gap.resumesAt == first)
      #expect(running.events.contains(.gap(gap)))
      #expect(running.feed.status.gaps == [gap])
      #expect(disk.messages.compactMap(\.offset) == Array(first...7))
      #expect(disk.messages.allSatisfy { $0.bytes == pattern(1 << 20, seed: Int($0.offset ?? -1)) })
    }
  }

  @Test func aNumberingThatBeganAnewIsReadFromItsBeginning() async throws {
    try await withBroker(topics: ["a": 1]) { broker in
      let disk = Disk()
      disk.set(1000, "a")
      for i in 0..<3 { try await broker.produce("a", "m\(i)") }
      let running = try RunningFeed(impatientConfiguration(broker.bootstrap, ["a"]), disk)
      try await eventually("all of it") { disk.count == 3 }
      try await running.stop()
      let gap = try #require(disk.gaps.first)
      #expect(gap.cause == .restarted(end: 3))
      #expect(gap.missing == 1000..<1000)
      #expect(gap.resumesAt == 0)
    }
  }

  @Test func aSlowSinkIsWaitedFor() async throws {
    try await withBroker(topics: ["a": 1]) { broker in
      let disk = Disk()
      disk.delay(.milliseconds(2))
      var configuration = impatientConfiguration(broker.bootstrap, ["a"])
      configuration.queue.messages = 20
      let running = try RunningFeed(configuration, disk)
      try await broker.command("fill a 0 200 1000")
      let most = Guarded(0)
      try await eventually("all of them") {
        most.withLock { $0 = max($0, running.feed.status.counts.received - disk.count) }
        return disk.count == 200
      }
      try await running.stop()
      #expect(disk.messages.compactMap(\.offset) == Array(0..<200))
      #expect(disk.offered.count == 200)
      #expect(disk.gaps.isEmpty)
      // One in hand, and one that arrives with the pause.
      #expect(most.withLock { $0 } <= 22)
      #expect(most.withLock { $0 } > 0)
    }
  }

  @Test func aSinkThatThrowsIsOfferedTheSameMessageAgain() async throws {
    try await withBroker(topics: ["a": 1, "b": 1]) { broker in
      let disk = Disk()
      let isFull = Guarded(true)
      disk.refuse { $0.topic == "a" && $0.offset == 2 && isFull.withLock { $0 } }
      let running = try RunningFeed(impatientConfiguration(broker.bootstrap, ["a", "b"]), disk)
      for i in 0..<5 { try await broker.produce("a", "a\(i)") }
      let stuck = FeedPartition(topic: "a", partition: 0)
      try await running.event("blocked") { if case .blocked(stuck, _) = $0 { true } else { false } }
      // The other topic goes on meanwhile.
      try await broker.produce("b", "b0")
      try await eventually("the other topic") { disk.texts.contains("b0") }
      try await eventually("more than one try") { disk.offered.count { $0.offset == 2 } >= 3 }
      #expect(disk.next[stuck] == 2)
      #expect(running.feed.status.partitions.first?.blocked != nil)
      isFull.withLock { $0 = false }
      try await eventually("the rest") { disk.count == 6 }
      try await running.stop()
      let offers = disk.offered.filter { $0.topic == "a" }
      #expect(disk.texts.filter { $0.hasPrefix("a") } == (0..<5).map { "a\($0)" })
      #expect(offers.filter { $0.offset == 2 }.map(\.attempt) == Array(1...(offers.count - 4)))
      #expect(running.events.count { if case .blocked = $0 { true } else { false } } == 1)
      #expect(running.events.contains { if case .unblocked(stuck, _) = $0 { true } else { false } })
    }
  }

  @Test func messagesThatMeanNothingPass() async throws {
    try await withBroker(topics: ["a": 1]) { broker in
      let disk = Disk()
      var configuration = impatientConfiguration(broker.bootstrap, ["a"])
      configuration.maxMessageBytes = 100_000
      let running = try RunningFeed(configuration, disk)
      let poison: [[UInt8]?] = [
        nil, [], [0], [0xff, 0xfe, 0x00], Array("{\"a\":".utf8), pattern(200_000, seed: 1),
        Array("good".utf8),
      ]
      for bytes in poison { try await broker.produce("a", bytes) }
      try await eventually("the good one") { disk.texts.last == "good" }
      try await running.stop()
      #expect(
        disk.messages.map(\.bytes) == [
          [], [], [0], [0xff, 0xfe, 0x00], Array("{\"a\":".utf8), Array("good".utf8),
        ])
      // What is too large is not delivered, and not silently.
      #expect(disk.gaps.map(\.missing) == [5..<6])
      #expect(disk.gaps.map(\.cause) == [.oversized(bytes: 200_000)])
    }
  }

  @Test func theClientIsMadeAnewWithoutLoss() async throws {
    try await withBroker(topics: ["a": 3]) { broker in
      let disk = Disk()
      let running = try RunningFeed(impatientConfiguration(broker.bootstrap, ["a"]), disk)
      try await eventually("connected") { running.feed.status.isConnected }
      for i in 0..<60 {
        try await broker.produce("a", Array("\(i)".utf8), partition: i % 3)
        if i % 15 == 7 { running.feed.rebuild(reason: "test") }
      }
      try await eventually("all of them") { disk.count == 60 }
      try await eventually("a new client") { running.feed.status.counts.rebuilds >= 1 }
      try await running.stop()
      for partition in 0..<3 {
        let texts = disk.messages.filter { $0.partition == partition }.map {
          String(decoding: $0.bytes, as: UTF8.self)
        }
        #expect(texts == (0..<60).filter { $0 % 3 == partition }.map(String.init))
      }
      #expect(disk.offered.count == 60)
      #expect(disk.gaps.isEmpty)
    }
  }

  @Test func leadersChange() async throws {
    let broker = try MockBroker(brokers: 3)
    try await broker.command("topic a 1")
    let disk = Disk()
    let running = try RunningFeed(impatientConfiguration(broker.bootstrap, ["a"]), disk)
    for (round, leader) in [1, 2, 3, 1, 2, 1].enumerated() {
      try await broker.command("leader a 0 \(leader)")
      try await broker.produce("a", "\(round)")
      // The one that led before does not answer at all any more.
      if round == 3 { try await broker.command("down 3") }
    }
    try await eventually("all of them", { "\(disk.texts)" }) { disk.count == 6 }
    try await running.stop()
    await broker.stop()
    #expect(disk.texts == (0..<6).map(String.init))
    #expect(disk.offered.count == 6)
    #expect(disk.gaps.isEmpty)
  }

  @Test func errorsOfTheBrokerAreWaitedOut() async throws {
    try await withBroker(topics: ["a": 1]) { broker in
      let disk = Disk()
      let running = try RunningFeed(impatientConfiguration(broker.bootstrap, ["a"]), disk)
      try await broker.produce("a", "0")
      try await eventually("the first") { disk.count == 1 }
      // Fetch (1): not leader (6), timed out (7), unknown server error (-1); metadata (3): cut off (-195).
      try await broker.command("errors 1 6 7 -1 6")
      try await broker.command("errors 3 -195 7")
      try await broker.produce("a", "1")
      try await eventually("the second") { disk.count == 2 }
      try await running.stop()
      #expect(disk.texts == ["0", "1"])
      #expect(disk.gaps.isEmpty)
    }
  }

  @Test func lagAndQueueAreShown() async throws {
    try await withBroker(topics: ["a": 1]) { broker in
      let disk = Disk()
      for i in 0..<10 { try await broker.produce("a", "\(i)") }
      disk.refuse { $0.offset == 4 }
      let running = try RunningFeed(impatientConfiguration(broker.bootstrap, ["a"]), disk)
      try await eventually("the lag") { running.feed.status.lag == 6 }
      try await eventually("the queue") { running.feed.status.partitions.first?.queued == 6 }
      #expect(running.feed.status.isConnected)
      #expect(running.feed.status.lastMessageAt != nil)
      #expect(running.feed.status.token == nil)
      disk.refuse(nil)
      try await eventually("no lag") { running.feed.status.lag == 0 && disk.count == 10 }
      try await running.stop()
    }
  }

  @Test func aBrokerThatIsNotThere() async throws {
    let port = try LoopbackServer.closedPort()
    let running = try RunningFeed(impatientConfiguration("127.0.0.1:\(port)", ["a"]), Disk())
    try await running.event("disconnected") { if case .disconnected = $0 { true } else { false } }
    try await running.stop()
  }

  @Test func stopWhileThereIsNothingAndWhileTheSinkHangs() async throws {
    try await withBroker(topics: ["a": 1]) { broker in
      let disk = Disk()
      let idle = try RunningFeed(impatientConfiguration(broker.bootstrap, ["a"]), disk)
      try await eventually("connected") { idle.feed.status.isConnected }
      try await idle.stop()
      disk.delay(.seconds(3600))
      let busy = try RunningFeed(impatientConfiguration(broker.bootstrap, ["a"]), disk)
      try await broker.produce("a", "never done")
      try await eventually("offered") { disk.offered.count == 1 }
      // An hour is past any patience: it is cancelled.
      try await busy.stop()
      #expect(disk.count == 0)
      #expect(disk.next == [FeedPartition(topic: "a", partition: 0): 0])
      await #expect(throws: FeedError.configuration("a feed runs once")) { try await busy.feed.run() }
    }
  }
}

extension FeedEvent {
  var missingTopic: String? {
    if case .topicMissing(let name, _) = self { name } else { nil }
  }
}
