import Foundation
import Glibc
import WebClient

/// The service under test: its configuration, its state, and the processes that serve it.
final class Rig: Sendable {
  let options: Options
  let work: String
  let sides: FarSideSet
  let client: WebClient
  private struct State {
    /// The first is the one that works, as far as the harness knows.
    var lives: [Life] = []
    var started = 0
    var recoveries: [Double] = []
    var leads: [Double] = []
    var peakKilobytes = 0
    var unexpectedEnds: [String] = []
  }
  private let state = Locked(State())

  /// One process from its start to its end.
  struct Life: Sendable {
    let number: Int
    let process: ChildProcess
    let portFile: String
    var port: Int? {
      (try? String(contentsOfFile: portFile, encoding: .utf8))
        .flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }
  }

  var configuration: String { "\(work)/vesper.yaml" }
  var spool: String { "\(work)/state/spool" }
  var plans: String { "\(work)/plans" }
  var store: String { "\(work)/state/vesper.sqlite" }
  var lives: [Life] { state { $0.lives } }
  var startedCount: Int { state { $0.started } }
  var recoveries: [Double] { state { $0.recoveries } }
  var leads: [Double] { state { $0.leads } }
  var peakKilobytes: Int { state { $0.peakKilobytes } }
  var unexpectedEnds: [String] { state { $0.unexpectedEnds } }

  init(_ options: Options, work: String) throws {
    self.options = options
    self.work = work
    client = try WebClient()
    for folder in ["state/spool", "plans", "telescopes", "histories"] {
      try FileManager.default.createDirectory(
        atPath: "\(work)/\(folder)", withIntermediateDirectories: true)
    }
    sides = try FarSideSet(options, folder: "\(work)/histories")
    try copyTelescopes()
    try configurationText.write(toFile: configuration, atomically: true, encoding: .utf8)
  }

  /// A few, so that many plans fit into the minutes there are.
  private func copyTelescopes() throws {
    for name in ["tarot-tca", "tarot-tre", "fram-auger", "it30", "abao-t70"] {
      try FileManager.default.copyItem(
        atPath: "\(options.telescopes)/\(name).yaml", toPath: "\(work)/telescopes/\(name).yaml")
    }
  }

  private var configurationText: String {
    """
    state: \(work)/state
    telescopes: \(work)/telescopes
    files: {root: \(plans), mocks: true}
    slack: {conversation: \(FarSideSet.conversation), token: 'env:CHAOS_SLACK', base: '\(sides.slack.base)'}
    mail:
      host: 127.0.0.1
      port: \(sides.mail.port)
      security: none
      sender: vesper@observatory.example
      to: [shift@observatory.example]
    webhooks:
      - name: open
        address: \(sides.open.address)
        secret: env:CHAOS_SECRET
        read_back: '\(sides.open.readBackAddress)'
        mocks: true
      - {name: blind, address: '\(sides.blind.address)', secret: 'env:CHAOS_SECRET'}
    treasure_map:
      token: env:CHAOS_SLACK
      base: '\(sides.treasureMap.base)'
      instruments: {\(FarSideSet.instruments.map { "\($0.key): \($0.value)" }.sorted().joined(separator: ", "))}

    """
  }

  private var environment: [String: String] {
    ["CHAOS_SLACK": FarSideSet.token, "CHAOS_SECRET": "chaos-webhook-secret"]
  }

  /// A token that lets notices in.
  func issueToken() async throws -> String {
    let output = "\(work)/token"
    let child = try ChildProcess(
      options.vesper,
      ["token", "issue", "--config", configuration, "--label", "chaos", "--scopes", "notices"],
      environment: environment, output: output)
    guard await wait(atMost: 60, until: { child.end != nil }), child.end == 0,
      let text = try? String(contentsOfFile: output, encoding: .utf8),
      let token = text.split(separator: "\n").last
    else {
      await child.killNow()
      throw ChaosError("no token: see \(output)")
    }
    return String(token)
  }

  // MARK: Lives

  @discardableResult
  func start() throws -> Life {
    let number = state {
      $0.started += 1
      return $0.started
    }
    let portFile = "\(work)/port-\(number)"
    let process = try ChildProcess(
      options.vesper,
      ["serve", "--config", configuration, "--port", "0", "--port-file", portFile, "--log", "error"],
      environment: environment, output: "\(work)/vesper.log")
    let life = Life(number: number, process: process, portFile: portFile)
    let isAlone = state { state in
      state.lives.append(life)
      return state.lives.count == 1
    }
    Task { await watch(life, isAlone: isAlone) }
    return life
  }

  /// Notes when it is ready, when it works, how much memory it takes, and an end that nobody asked for.
  /// - Parameter isAlone: a standby's wait is none of its own making.
  private func watch(_ life: Life, isAlone: Bool) async {
    var isReady = false
    var isLeading = false
    while life.process.end == nil {
      if !isLeading, let health = await health(of: life) {
        let elapsed = steadySeconds() - life.process.startedAt
        if !isReady { state { $0.recoveries.append(elapsed) } }
        if health.isLeading, isAlone { state { $0.leads.append(elapsed) } }
        isReady = true
        isLeading = health.isLeading
      }
      life.process.notePeak()
      state { $0.peakKilobytes = max($0.peakKilobytes, life.process.peakKilobytes) }
      await pause(isLeading ? 0.2 : 0.015)
    }
    state { state in
      guard state.lives.contains(where: { $0.number == life.number }) else { return }
      state.lives.removeAll { $0.number == life.number }
      state.unexpectedEnds.append("life \(life.number) ended with status \(life.process.end ?? -1)")
    }
  }

  struct Health: Sendable { let isLeading: Bool }

  /// Nil unless /readyz says yes.
  func health(of life: Life) async -> Health? {
    guard let port = life.port, let url = try? WebURL("http://127.0.0.1:\(port)/readyz") else { return nil }
    let deadlines = Deadlines(connect: .seconds(1), total: .seconds(2))
    guard let answer = try? await client.send(WebRequest(.get, url, deadlines: deadlines)), answer.isSuccess,
      let json = try? JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
    else { return nil }
    return Health(isLeading: (json["isLeading"] ?? json["is_leading"]) as? Bool ?? false)
  }

  func kill(_ life: Life) async {
    state { $0.lives.removeAll { $0.number == life.number } }
    await life.process.killNow()
    state { $0.peakKilobytes = max($0.peakKilobytes, life.process.peakKilobytes) }
  }

  /// Whether nobody is in the middle of a transaction.
  var isWriteGateFree: Bool {
    let descriptor = open(store + ".lock", O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_EX | LOCK_NB) == 0
  }

  /// At once, from a signal's handler too.
  func killAll() {
    let all = state { state in
      defer { state.lives = [] }
      return state.lives
    }
    for life in all { life.process.send(SIGKILL) }
  }

  /// As an administrator ends it.
  /// - Returns: seconds it took and its status; nil if it had to be killed.
  func terminate(_ life: Life) async -> (seconds: Double, status: Int32)? {
    state { $0.lives.removeAll { $0.number == life.number } }
    let begun = steadySeconds()
    life.process.send(SIGTERM)
    guard await wait(atMost: 20, until: { life.process.end != nil }), let status = life.process.end else {
      await life.process.killNow()
      return nil
    }
    return (steadySeconds() - begun, status)
  }
}
