import Foundation
import TestSupport
import Testing
import Units

@testable import Feeds

/// The alarms, on a clock of their own.
struct HeartbeatMachineTests {
  let epoch = Instant(utcYear: 2026, month: 11, day: 21)!

  /// Beats and ticks once a second.
  func run(
    _ machine: inout HeartbeatMachine, from start: Int, to end: Int, beats: Bool = true, offset: Double = 0
  ) -> [HeartbeatEvent] {
    var events: [HeartbeatEvent] = []
    for second in start..<end {
      let sent = epoch.advanced(bySeconds: Double(second))
      if beats {
        events += machine.beat(
          sent: sent, received: sent.advanced(bySeconds: offset + 0.1), uptime: .seconds(second))
      }
      events += machine.tick(uptime: .seconds(second))
    }
    return events
  }

  @Test func silenceGoesFromGreenToRedAndBack() {
    var machine = HeartbeatMachine(uptime: .zero)
    #expect(run(&machine, from: 0, to: 100) == [])
    // The last beat is that of second 99.
    let quiet = run(&machine, from: 100, to: 300, beats: false)
    let alarms = quiet.filter { if case .stalled = $0 { false } else { true } }
    #expect(alarms == [.silence(.amber, lasting: .seconds(61)), .silence(.red, lasting: .seconds(121))])
    #expect(quiet.filter { if case .stalled = $0 { true } else { false } }.count == 9)
    #expect(quiet.first == .stalled(silence: .seconds(21)))
    #expect(machine.silenceLevel == .red)
    #expect(run(&machine, from: 300, to: 400) == [.recovered(silence: .seconds(201))])
    #expect(machine.silenceLevel == .green)
  }

  @Test func aFeedThatNeverBeatsIsSilentToo() {
    var machine = HeartbeatMachine(uptime: .seconds(1000))
    let events = run(&machine, from: 1000, to: 1130, beats: false)
    #expect(events.contains(.silence(.amber, lasting: .seconds(61))))
    #expect(events.contains(.silence(.red, lasting: .seconds(121))))
  }

  @Test(arguments: [
    (0.0, AlarmLevel.green), (4.8, .green), (5.2, .amber), (59, .amber), (61, .red), (3600, .red),
    (-4.8, .green), (-5.3, .amber), (-59, .amber), (-61, .red), (-7 * 86_400, .red), (-1.7e9, .red),
  ])
  func theClockIsJudged(_ offset: Double, _ level: AlarmLevel) {
    var machine = HeartbeatMachine(uptime: .zero)
    let events = run(&machine, from: 0, to: 30, offset: offset)
    #expect(machine.clockLevel == level)
    #expect(events.count == (level == .green ? 0 : 1))
    // Set right: green again, once.
    let after = run(&machine, from: 30, to: 60)
    #expect(machine.clockLevel == .green)
    #expect(
      after.last.map { if case .clockRight = $0 { true } else { false } } == (level == .green ? nil : true))
  }

  @Test func aJumpOfTheClockIsNoSilence() {
    var machine = HeartbeatMachine(uptime: .zero)
    _ = run(&machine, from: 0, to: 20)
    let events = run(&machine, from: 20, to: 60, offset: 7200)
    #expect(events.count == 1)
    if case .clockOff(.red, let offset) = events.first {
      #expect(abs(offset.seconds - 7200.1) < 1e-6)
    } else {
      Issue.record("\(events)")
    }
  }

  @Test func beatsHeldUpSayNothingOfTheClock() {
    var machine = HeartbeatMachine(uptime: .zero)
    _ = run(&machine, from: 0, to: 10)
    // 40 s of beats arrive together, the last of them on time.
    for second in 10...50 {
      _ = machine.beat(
        sent: epoch.advanced(bySeconds: Double(second)), received: epoch.advanced(bySeconds: 50.1),
        uptime: .seconds(50))
    }
    #expect(machine.tick(uptime: .seconds(50)) == [])
    #expect(machine.clockLevel == .green)
  }

  @Test func anIllegibleBeatIsASignOfLife() {
    var machine = HeartbeatMachine(uptime: .zero)
    for second in 0..<200 {
      #expect(machine.beat(sent: nil, received: epoch, uptime: .seconds(second)) == [])
      #expect(machine.tick(uptime: .seconds(second)) == [])
    }
    #expect(machine.offset == nil)
  }

  @Test func theTimeOfABeat() {
    func sent(_ text: String) -> Instant? {
      HeartbeatWatch.sent(.whole(key: nil, timestamp: nil, bytes: Array(text.utf8)))
    }
    let text =
      #"{"$schema":"https://gcn.nasa.gov/schema/main/gcn/notices/core/Alert.schema.json","alert_datetime":"2026-11-21T00:00:00.000Z"}"#
    #expect(sent(text) == epoch)
    for bad in ["", "{}", "[1]", #"{"alert_datetime":5}"#, #"{"alert_datetime":"yesterday"}"#] {
      #expect(sent(bad) == nil)
    }
    #expect(HeartbeatWatch.sent(.oversized(bytes: 5)) == nil)
  }
}

@Suite(.enabled(if: MockBroker.executable != nil, "mock-broker is not built"))
struct HeartbeatWatchTests {
  @Test func silenceAndRecoveryOverKafka() async throws {
    try await withBroker(topics: [HeartbeatWatch.gcnTopic: 1]) { broker in
      try await broker.produce(HeartbeatWatch.gcnTopic, #"{"alert_datetime":"2001-01-01T00:00:00Z"}"#)
      var limits = HeartbeatLimits()
      limits.amberSilence = .milliseconds(800)
      limits.redSilence = .milliseconds(1600)
      limits.stall = .milliseconds(1200)
      let log = Guarded<[HeartbeatEvent]>([])
      let watch = try HeartbeatWatch(
        impatientConfiguration(broker.bootstrap, ["x"]), limits: limits, logger: quietLogger()
      ) { event in log.withLock { $0.append(event) } }
      let task = Task { try await watch.run() }
      try await eventually("red") { watch.status.silenceLevel == .red }
      let text = #"{"alert_datetime":"\#(FeedClock.system.now().iso8601(.milliseconds))"}"#
      // The client is made anew in between: what is sent to nobody is not waited for, so it beats on.
      try await eventually("green") {
        // A broker that is gone shows in what follows.
        _ = try? await broker.produce(HeartbeatWatch.gcnTopic, text)
        return watch.status.silenceLevel == .green && watch.status.beats > 0
      }
      watch.stop()
      try await task.value
      let events = log.withLock { $0 }
      #expect(events.contains { if case .silence(.amber, _) = $0 { true } else { false } })
      #expect(events.contains { if case .recovered = $0 { true } else { false } })
      #expect(events.contains { if case .stalled = $0 { true } else { false } })
      // The beat of 2001 lay there before: only what comes now is read.
      #expect(!events.contains { if case .clockOff = $0 { true } else { false } })
    }
  }
}
