import Foundation
import Glibc

/// Kills, pauses and doubles the service at random.
struct Monkey {
  let rig: Rig
  let feeder: Feeder
  private var random: SeededRandom
  struct Tally: Sendable {
    var kills = 0
    var pauses = 0
    var standbys = 0
    /// Seconds until a standby worked after the other was stopped for long.
    var takeovers: [Double] = []
    /// Attempts to stop it that fell into a transaction.
    var stoppedWriting = 0
    /// What should not have happened.
    var faults: [String] = []
  }
  private(set) var tally = Tally()

  init(_ rig: Rig, _ feeder: Feeder, seed: UInt64) {
    self.rig = rig
    self.feeder = feeder
    random = SeededRandom(seed &+ 7)
  }

  /// The bound of the brief for a takeover: lease and poll, and some time for a busy machine.
  static let takeoverLimit = 15.0
  private static let readyLimit = 30.0

  mutating func run(kills: Int) async throws {
    if rig.lives.isEmpty { try rig.start() }
    var longPauses = kills >= 10 ? 1 : 0
    while tally.kills < kills {
      if rig.lives.isEmpty { try rig.start() }
      if longPauses > 0, tally.kills >= kills / 2 {
        longPauses -= 1
        try await stopForLong()
      }
      let draw = random.unit()
      if draw < 0.15 {
        await stopShortly()
      } else if draw < 0.3, rig.lives.count == 1 {
        try await addStandby()
      }
      try await killOnce()
      feeder.allow(Double(tally.kills) / Double(max(1, kills)))
    }
    feeder.allow(1)
    if rig.lives.isEmpty { try rig.start() }
  }

  private mutating func killOnce() async throws {
    let delay = random.between(0.05, 3)
    // Counted from the start it also hits what happens before the service is ready.
    if random.chance(0.6) { await waitUntilReady() }
    await pause(delay)
    let lives = rig.lives
    let both = lives.count > 1 && random.chance(0.5)
    for life in both ? lives : Array(lives.prefix(1)) {
      await rig.kill(life)
      tally.kills += 1
    }
    // Where a standby is left it goes on alone, or becomes the one that has a standby.
    if rig.lives.isEmpty || random.chance(0.3) { try rig.start() }
  }

  private func waitUntilReady() async {
    guard let life = rig.lives.first else { return }
    _ = await wait(atMost: Self.readyLimit) {
      if life.process.end != nil { return true }
      return await rig.health(of: life) != nil
    }
  }

  private mutating func addStandby() async throws {
    tally.standbys += 1
    try rig.start()
    await waitUntilReady()
  }

  /// As a machine that swaps or a virtual one that is moved: shorter than the lease.
  private mutating func stopShortly() async {
    guard let life = rig.lives.first else { return }
    tally.pauses += 1
    life.process.send(SIGSTOP)
    await pause(random.between(0.2, 1.5))
    life.process.send(SIGCONT)
  }

  /// Longer than the lease: another instance must take over, and the first must notice when it wakes up.
  private mutating func stopForLong() async throws {
    if rig.lives.count < 2 { try await addStandby() }
    let lives = rig.lives
    guard let leader = await firstLeading(of: lives),
      let other = lives.first(where: { $0.number != leader.number })
    else { return tally.faults.append("nobody led before the long pause") }
    _ = await wait(atMost: Self.readyLimit) { await rig.health(of: other) != nil }
    tally.pauses += 1
    guard await stopBetweenWrites(leader) else {
      return tally.faults.append("the leader was writing whenever it was stopped")
    }
    let begun = steadySeconds()
    let isTaken = await wait(atMost: Self.takeoverLimit + 5, step: 0.1) {
      await rig.health(of: other)?.isLeading == true
    }
    let elapsed = steadySeconds() - begun
    leader.process.send(SIGCONT)
    guard isTaken else { return tally.faults.append("no takeover within \(Int(elapsed)) s") }
    tally.takeovers.append(elapsed)
    let hasNoticed = await wait(atMost: 8, step: 0.1) {
      if leader.process.end != nil { return true }
      return await rig.health(of: leader)?.isLeading == false
    }
    if !hasNoticed { tally.faults.append("the paused instance still leads after the takeover") }
  }

  /// One that is stopped in the middle of a transaction keeps the file's lock, and nobody may take it away:
  /// such a standstill ends only with the process. It is counted, and another moment is tried.
  private mutating func stopBetweenWrites(_ life: Rig.Life) async -> Bool {
    for _ in 0..<20 {
      life.process.send(SIGSTOP)
      if await wait(atMost: 0.5, step: 0.02, until: { rig.isWriteGateFree }) { return true }
      tally.stoppedWriting += 1
      life.process.send(SIGCONT)
      await pause(random.between(0.05, 0.5))
    }
    return false
  }

  private func firstLeading(of lives: [Rig.Life]) async -> Rig.Life? {
    var found: Rig.Life?
    _ = await wait(atMost: Self.readyLimit, step: 0.05) {
      for life in lives where await rig.health(of: life)?.isLeading == true {
        found = life
        return true
      }
      return false
    }
    return found
  }
}
