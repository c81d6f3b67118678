import Deliveries
import FakeIcare
import Foundation
import Icare
import Rosters
import Store
import TelescopeFiles
import TestSupport
import Testing
import Units

@testable import Service

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// One night from notices to rows in an ICARE, by the real program: a mock superevent, its plans, a kill, a
/// retraction, a week's roster; everything read back, all of it run twice. It takes back what a token can.
final class IcareNight {
  let stand: Environment
  let folder: URL
  private var running: Process?
  /// A place of its own on the calendar, so that runs on one server do not meet.
  private let event: String
  private let burst: String
  private let shift: Int

  struct Environment {
    let address: String
    let token: String
    let group: String
  }

  /// The telescopes that observe for it, by slug, with an instrument of their own in ICARE.
  static let instruments = ["tre": "vesper-test-tre", "tca": "vesper-test-tca", "oaj": "vesper-test-oaj"]
  static let start = "2026-09-15T17:50:00Z"

  init(_ stand: Environment) throws {
    self.stand = stand
    folder = FileManager.default.temporaryDirectory.appending(path: "vesper-night-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let letters = (0..<5).map { _ in "abcdefghijklmnopqrstuvwxyz".randomElement() ?? "a" }
    event = "MS260915" + String(letters)
    shift = Int.random(in: 0..<20_000)
    burst = "sb2609\(1000 + Int.random(in: 0..<8999))"
    let text = """
      state: \(folder.path)/state
      telescopes: \(packageRoot.path)/Tests/Benchmarks/network
      http: {port: 0}
      icare:
        address: "\(stand.address)"
        token: "env:ICARE_TOKEN"
        group: "\(stand.group)"
        instruments: {\(Self.instruments.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        .joined(separator: ", "))}
        requests: {tre: GENERICAPI, oaj: GENERICAPI}
        create_after_s: 1
        mocks: true
        plain_http: true
      """
    try text.write(to: configurationFile, atomically: true, encoding: .utf8)
  }

  private var configurationFile: URL { folder.appending(path: "vesper.yaml") }
  private var environment: [String: String] {
    ProcessInfo.processInfo.environment.merging(["ICARE_TOKEN": stand.token]) { $1 }
  }
  private func configuration() throws -> ServiceConfiguration {
    try ServiceConfiguration(contentsOf: configurationFile.path)
  }
  func access() throws -> IcareAccess { try IcareAccess(configuration(), environment: environment) }

  func remove() {
    if let running, running.isRunning { kill(running.processIdentifier, SIGKILL) }
    // A leftover in the temporary folder is harmless.
    try? FileManager.default.removeItem(at: folder)
  }

  // MARK: the program

  private func start(asOf time: String) throws {
    let log = folder.appending(path: "log")
    if !FileManager.default.fileExists(atPath: log.path) { try Data().write(to: log) }
    let output = try FileHandle(forWritingTo: log)
    try output.seekToEnd()
    let process = Process()
    process.executableURL = builtExecutable("vesper")
    process.arguments = [
      "serve", "--config", configurationFile.path, "--as-of", time, "--port-file",
      folder.appending(path: "port").path,
    ]
    process.environment = environment
    process.standardError = output
    process.standardOutput = output
    try process.run()
    running = process
  }

  private func stop(_ signal: Int32) {
    guard let running else { return }
    kill(running.processIdentifier, signal)
    running.waitUntilExit()
  }

  var log: String { (try? String(contentsOf: folder.appending(path: "log"), encoding: .utf8)) ?? "" }

  private func drop(_ name: String, _ notice: Data) throws {
    let spool = folder.appending(path: "state/spool")
    try FileManager.default.createDirectory(at: spool, withIntermediateDirectories: true)
    // Written aside and renamed: the spool must not see half of it.
    let draft = folder.appending(path: name)
    try notice.write(to: draft)
    try FileManager.default.moveItem(at: draft, to: spool.appending(path: name))
  }

  private func initial() throws -> Data {
    let data = try Data(contentsOf: fixture("notices/MS260915a-initial.json"))
    guard var object = try JSONSerialization.jsonObject(with: data) as? [String: Any],
      var inner = object["event"] as? [String: Any],
      let time = Instant(iso8601: "2026-09-15T17:42:10Z")
    else { throw ServeFailure(description: "the fixture is no alert") }
    object["superevent_id"] = event
    inner["time"] = (time - .seconds(shift)).iso8601()
    object["event"] = inner
    return try JSONSerialization.data(withJSONObject: object)
  }

  private var retraction: Data {
    Data(
      (#"{"alert_type": "RETRACTION", "superevent_id": "\#(event)", "event": null, "#
        + #""time_created": "2026-09-15T18:30:00Z", "urls": {}, "external_coinc": null}"#).utf8)
  }

  /// A test alert of a burst that one tile holds: telescopes are asked for its source.
  private func burstNotice(_ step: String, minute: Int) throws -> Data {
    guard let time = Instant(iso8601: "2026-09-15T17:44:00Z") else {
      throw ServeFailure(description: "no time")
    }
    var text = String(
      decoding: try svom(
        step: step, time: String((time - .seconds(shift)).iso8601().dropLast()), number: minute),
      as: UTF8.self)
    for (old, new) in [
      ("role=\"observation\"", "role=\"test\""), ("sb26112101", burst), ("<C2>-21.25<", "<C2>10.25<"),
      ("2026-11-21T20:0\(minute):00", "2026-09-15T17:4\(minute):00"),
    ] { text = text.replacing(old, with: new) }
    return Data(text.utf8)
  }

  /// What the store says of ICARE's deliveries.
  struct Standing: CustomStringConvertible {
    var counts: [DeliveryState: Int] = [:]
    var results: [ReadBackRecord.Result: Int] = [:]
    var stuck: [String] = []
    var keys: [String] = []
    var open: Int { counts.reduce(0) { $0 + ($1.key.isOpen ? $1.value : 0) } }
    var done: Int { counts[.done] ?? 0 }
    var compared: Int { results.values.reduce(0, +) }
    var description: String { "\(counts) \(results) \(stuck)" }
  }

  private func standing() async throws -> Standing {
    guard FileManager.default.fileExists(atPath: try configuration().storePath) else { return Standing() }
    let store = try configuration().openStore()
    var standing = Standing()
    standing.counts = try await store.deliveryCounts(channel: "icare")
    var latest: [String: ReadBackRecord] = [:]
    for entry in try await store.latestLog(kind: ReadBackRecord.kind, limit: 5000) {
      if let record = ReadBackRecord(entry), latest[record.key] == nil { latest[record.key] = record }
    }
    standing.results = Dictionary(grouping: latest.values, by: \.result).mapValues(\.count)
    standing.stuck = latest.values.filter { $0.result != .equal }.map { "\($0.key): \($0.text)" }
    for entry in try await store.latestDeliveries(channel: "icare", [.dead, .parked], limit: 50) {
      standing.stuck.append("\(entry.key): \(entry.reason ?? "")")
    }
    standing.keys = try await store.latestDeliveries(
      channel: "icare", Set(DeliveryState.allCases), limit: 200
    ).map { "\($0.key)" }.sorted()
    try store.close()
    return standing
  }

  /// What the store remembers of the events of deliveries, for whoever reads a failure.
  private func history(of keys: [String]) async throws -> [String] {
    guard !keys.isEmpty else { return [] }
    let store = try configuration().openStore()
    let lines = try await store.log(after: 0, limit: 10_000).suffix(60).map {
      "\($0.event ?? "") \($0.kind): \($0.body)"
    }
    try store.close()
    return lines.filter { !$0.contains("delivery.") && !$0.contains("readback") }
  }

  /// Waits until all is delivered and compared; ICARE needs minutes for maps.
  private func settled(atLeast done: Int) async throws -> Standing {
    var last = Standing()
    // Two events are decided anew when they turn out to be of one source: quiet is what stays so.
    var quiet = 0
    for _ in 0..<900 {
      let now = try await standing()
      quiet = now.done == last.done ? quiet + 1 : 0
      last = now
      if last.done >= done, last.open == 0, last.compared >= last.done, quiet >= 12 { return last }
      guard running?.isRunning ?? false else { break }
      try await Task.sleep(for: .milliseconds(500))
    }
    throw ServeFailure(description: "it never settled: \(last)\n\(log.suffix(4000))")
  }

  // MARK: the night

  func run() async throws {
    let access = try access()
    let doctor = await access.doctor(clock: .system)
    #expect(doctor.code < .noAnswer, "\(doctor.lines)")
    let telescopes = try TelescopeFiles.load(packageRoot.appending(path: "Tests/Benchmarks/network")).registry
      .telescopes
    let comparison = try await access.compare(telescopes, grids: false)
    let made = await access.create(comparison, clock: .system) { try? await Task.sleep(for: $0) }
    #expect(made.code < .failed, "\(made.lines)")

    try start(asOf: Self.start)
    try drop("initial.json", initial())
    try drop("burst.xml", burstNotice("eclairs-wakeup", minute: 5))
    let first = try await settled(atLeast: 16)
    #expect(first.stuck.isEmpty, "\(first)\n\(log)")
    #expect(first.results == [.equal: first.done], "\(first)")
    try await lookAround(stops: false)

    // Dies without a word; the same notice again: nothing is added.
    stop(SIGKILL)
    try start(asOf: "2026-09-15T18:20:00Z")
    try drop("again.json", initial())
    try drop("again.xml", burstNotice("eclairs-wakeup", minute: 5))
    try await Task.sleep(for: .seconds(3))
    let again = try await settled(atLeast: first.done)
    let added = Set(again.keys).subtracting(first.keys).sorted()
    let words = try await history(of: added)
    #expect(again.done == first.done && again.stuck.isEmpty, "\(again), added \(added): \(words)")

    try drop("retraction.json", retraction)
    try drop("retraction.xml", burstNotice("eclairs-retract", minute: 9))
    let last = try await settled(atLeast: first.done + 6)
    #expect(last.stuck.isEmpty, "\(last)")
    try await lookAround(stops: true)
    let report = try await IcareStatusReport.make(configuration(), access: access, clock: .system)
    #expect(report.code == .good, "\(report.lines)")
    stop(SIGTERM)
    #expect(!log.contains(stand.token))
    try await roster(access)
    await cleanUp(access)
  }

  /// The event as ICARE shows it.
  private func lookAround(stops: Bool) async throws {
    let found = try await access().client.events(matching: event)
    let there = try #require(found.first { $0.aliases.contains { $0 == event || $0.hasSuffix("#\(event)") } })
    #expect(there.tags.contains("STOP GRANDMA") == stops, "\(there.tags)")
    #expect(there.tags.contains("GO GRANDMA") != stops, "\(there.tags)")
    let comments = try await access().client.comments(on: .event(there.id))
    let own = comments.filter { $0.text.contains("icare/\(event)/") }
    #expect(own.count == Set(own.map(\.text)).count && own.count >= 2)
    var plans: [String] = []
    for name in Self.instruments.values.sorted() {
      guard let instrument = try await access().client.instrument(named: name) else { continue }
      let rows = try await access().client.planRequests(event: there.time, instrumentID: instrument.id)
        .requests
      plans += rows.compactMap { $0.payload["vesper_key"]?.text }.filter { $0.contains(event) }
    }
    #expect(!plans.isEmpty && Set(plans).count == plans.count, "\(plans)")
    let asked = try await access().client.followups(createdSince: ServiceClock.system.now() - .hours(6))
      .filter { $0.key?.contains(burst) ?? false }
    #expect(!asked.isEmpty && Set(asked.map(\.key)).count == asked.count, "\(asked)")
    #expect(asked.allSatisfy { ($0.state == .deleted) == stops }, "\(asked.map(\.status))")
  }

  private func roster(_ access: IcareAccess) async throws {
    let group = try #require(try await access.client.group(named: stand.group))
    let bot = try await access.client.profile().username
    let users = try await access.client.members(ofGroup: group.id).map(\.username).filter { $0 != bot }
      .compactMap { Username($0) }.prefix(3)
    // Far ahead, and a campaign of its own.
    let first = UTCDay("2099-11-26")!.advanced(by: 7 * (shift % 500))
    let roster = Roster(
      campaign: "Vesper test \(event)", firstWeek: first, weekCount: 1,
      weeks: [
        .init(
          start: first, coordinator: users.first,
          slots: (0..<3).map { i in users.isEmpty ? [] : [.member(Array(users)[i % users.count])] })
      ])
    let state = try configuration().state
    var push = try await RosterPush(roster, access: access, state: state, clock: .system)
    let result = try await push.push { try? await Task.sleep(for: $0) }
    #expect(result.report.code == .good, "\(result.report.lines.suffix(4))")
    let again = try await push.push { try? await Task.sleep(for: $0) }
    #expect(again.done.isEmpty && again.plan.differences.isEmpty, "\(again.report.lines)")
    let there = try await access.client.shifts(ofGroup: group.id, in: roster.window)
      .filter { ShiftKey.find(in: $0.details)?.campaign == roster.key }
    #expect(there.count == 21)
    for shift in there { try await access.client.deleteShift(shift.id) }
    let left = try await access.client.shifts(ofGroup: group.id, in: roster.window)
      .filter { ShiftKey.find(in: $0.details)?.campaign == roster.key }
    #expect(left.isEmpty)
  }

  /// Tags go; events, plans and comments only an administrator can remove.
  private func cleanUp(_ access: IcareAccess) async {
    do {
      for found in try await access.client.events(matching: event) {
        _ = try await access.client.removeTag("STOP GRANDMA", from: found.time)
        print("left in ICARE: mock event \(event) (\(found.time.text)) with its plans and comments")
      }
    } catch {
      print("not all could be taken back: \(error)")
    }
  }
}

@Suite(.enabled(if: builtExecutable("vesper") != nil, "not built")) struct IcareNightTests {
  @Test func aNightLeavesTheSameWhateverHappens() async throws {
    let fake = try FakeIcare()
    defer { fake.stop() }
    fake.edit { state in
      state.backgroundDelay = .seconds(1)
      let users = (1...2).map { state.insert("user", ["username": .string("shifter-\($0)")]) }
      state.update("group", 2, ["members": .integers([1, 2] + users)])
    }
    let night = try IcareNight(.init(address: fake.address, token: FakeIcare.token, group: "GRANDMA"))
    defer { night.remove() }
    try await night.run()
    // The superevent and the burst; plans and requests each once; nobody's shifts left.
    #expect(fake.state.rows("event").count == 2)
    let keys = fake.state.rows("planRequest").compactMap { $0["payload"]?["vesper_key"]?.text }
    #expect(!keys.isEmpty && Set(keys).count == keys.count)
    #expect(fake.state.rows("shift").isEmpty)
  }
}

/// A server that the user names.
private enum NamedServer {
  static let found: IcareNight.Environment? = {
    let environment = ProcessInfo.processInfo.environment
    guard let address = environment["ICARE_URL"], !address.isEmpty, let token = environment["ICARE_TOKEN"],
      !token.isEmpty
    else { return nil }
    return .init(address: address, token: token, group: environment["ICARE_GROUP"] ?? "GRANDMA")
  }()
}

/// The same against a server of the user's: `make test-icare`.
@Suite(.enabled(if: NamedServer.found != nil, "name a server with ICARE_URL and ICARE_TOKEN"))
struct IcareServerTests {
  @Test func aNightOnARealServer() async throws {
    let night = try IcareNight(try #require(NamedServer.found))
    defer { night.remove() }
    try await night.run()
  }
}
