import Deliveries
import FakeIcare
import Foundation
import Icare
import Store
import TelescopeFiles
import TestSupport
import Testing
import Units

@testable import Service

/// A fake ICARE with the clock of the machine, and ways to it as the commands have them.
struct IcareStand {
  let fake: FakeIcare
  let folder: URL

  init() throws {
    fake = try FakeIcare()
    folder = FileManager.default.temporaryDirectory.appending(path: "vesper-icare-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    fake.edit { $0.backgroundDelay = .zero }
  }

  func close() {
    fake.stop()
    // A leftover in the temporary folder is harmless.
    try? FileManager.default.removeItem(at: folder)
  }

  var environment: [String: String] {
    ["ICARE_URL": fake.address, "ICARE_TOKEN": FakeIcare.token, "ICARE_GROUP": "GRANDMA"]
  }

  func configuration(instruments: [String: String] = [:]) -> ServiceConfiguration {
    var made = ServiceConfiguration()
    made.state = folder.appending(path: "state").path
    made.icare = .init(address: fake.address, token: "env:ICARE_TOKEN", group: "GRANDMA")
    made.icare?.instruments = instruments
    return made
  }

  func access(instruments: [String: String] = [:]) throws -> IcareAccess {
    try IcareAccess(configuration(instruments: instruments), environment: environment)
  }

  /// Runs the built program. - Returns: its exit status and what it printed, both streams.
  func run(_ arguments: [String], _ environment: [String: String]) throws -> (status: Int32, text: String) {
    let process = Process()
    process.executableURL = builtExecutable("vesper")
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.currentDirectoryURL = folder
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }
}

@Suite struct IcareCommandTests {
  @Test func theDoctorNamesWhatIsMissingAndWhomToAsk() async throws {
    let stand = try IcareStand()
    defer { stand.close() }
    stand.fake.edit { _ = $0.addSite(telescope: "TRE", instrument: "TRE-CAM") }
    let good = await (try stand.access(instruments: ["tre": "TRE-CAM"])).doctor(clock: .system)
    #expect(good.code == .good, "\(good.lines)")
    let missing = await (try stand.access(instruments: ["tca": "TCA-CAM"])).doctor(clock: .system)
    #expect(missing.code == .failed)
    #expect(missing.lines.contains { $0.contains("TCA-CAM is not in ICARE") && $0.contains("ask ") })
    // Requests need the interface that is named, and an allocation for them.
    let asked = try IcareAccess(
      ServiceConfiguration(
        yaml: """
          icare: {address: "\(stand.fake.address)", token: "env:T", group: GRANDMA, plain_http: true,
            instruments: {tre: TRE-CAM}, requests: {tre: TAROTAPI}}
          """, file: "c.yaml"), environment: ["T": FakeIcare.token])
    stand.fake.edit { $0.update("allocation", 1, ["types": ["observation_plan"]]) }
    let wrong = await asked.doctor(clock: .system)
    #expect(wrong.code == .failed)
    #expect(wrong.lines.contains { $0.contains("TRE-CAM takes GENERICAPI requests in ICARE, not TAROTAPI") })
    #expect(wrong.lines.contains { $0.contains("no allocation on TRE-CAM allows requests") })
    stand.fake.edit { $0.update("group", 2, ["admins": []]) }
    let odd = await (try stand.access()).doctor(clock: .system)
    #expect(odd.code == .look)
    stand.fake.edit { $0.update("token", 1, ["token": "revoked"]) }
    let refused = await (try stand.access()).doctor(clock: .system)
    #expect(refused.code == .failed)
    for report in [good, missing, odd, refused] {
      #expect(!report.lines.joined().contains(FakeIcare.token))
    }
    stand.fake.stop()
    #expect(await (try stand.access()).doctor(clock: .system).code == .noAnswer)
  }

  @Test func withoutAnAddressItSaysWhatToSet() throws {
    do {
      _ = try IcareAccess(ServiceConfiguration(), environment: ["ICARE_URL": "http://127.0.0.1:1"])
      Issue.record("accepted without a token")
    } catch { #expect("\(error)".contains("ICARE_TOKEN")) }
    do {
      _ = try IcareAccess(ServiceConfiguration(), environment: [:])
      Issue.record("accepted without an address")
    } catch { #expect("\(error)".contains("ICARE_URL")) }
  }

  /// All telescopes of the benchmark network: shown, created, then nothing is left to do.
  @Test func theComparisonCreatesOnceAndKeepsWhatPeopleChanged() async throws {
    let stand = try IcareStand()
    defer { stand.close() }
    stand.fake.setLimit(perSecond: 1e6, burst: 1e6)
    let telescopes = try TelescopeFiles.load(packageRoot.appending(path: "Tests/Benchmarks/network")).registry
      .telescopes.prefix(3)
    let access = try stand.access()
    let first = try await access.compare(Array(telescopes), grids: false)
    #expect(first.missing.count == 9, "\(first.report.lines)")
    #expect(first.report.code == .look)
    #expect(stand.fake.log.allSatisfy { !$0.isWrite })
    let made = await access.create(first, clock: .system, pause: { _ in })
    #expect(made.code == .good, "\(made.lines)")
    let tables = stand.fake.state.tables
    let second = try await access.compare(Array(telescopes), grids: false)
    #expect(second.missing.isEmpty && second.report.code == .good, "\(second.report.lines)")
    _ = await access.create(first, clock: .system, pause: { _ in })
    #expect(stand.fake.state.tables == tables)
    // A person moves a telescope: shown, never put back.
    stand.fake.edit { $0.update("telescope", 1, ["lat": 1.0, "lon": 2.0]) }
    let third = try await access.compare(Array(telescopes), grids: false)
    #expect(third.report.code == .look && third.oddities.count == 1)
    _ = await access.create(third, clock: .system, pause: { _ in })
    #expect(stand.fake.state.row("telescope", 1)?["lat"] == 1.0)
  }

  @Test func theStatusShowsWhatIsOwedHeldAndDifferent() async throws {
    let stand = try IcareStand()
    defer { stand.close() }
    let configuration = stand.configuration()
    let access = try stand.access()
    let none = try await IcareStatusReport.make(configuration, access: access, clock: .system)
    #expect(none.code == .look && none.lines.contains { $0.contains("no service has worked") })
    let store = try configuration.openStore()
    let now = ServiceClock.system.now()
    let identity = EventIdentity(time: now, aliases: ["S1"])
    var outcome = StepOutcome()
    outcome.deliveries = [
      try IcarePush.event(EventPush(event: identity, alias: "S1", createAfter: now))
        .delivery(key: "icare/S1/event", event: "S1", notBefore: now)
    ]
    try await store.commit(outcome, at: now)
    let record = ReadBackRecord(
      key: "icare/S1/event", line: 1, result: .different, text: "no alias", delay: .seconds(3))
    try await store.append([record.draft(event: "S1")], at: now)
    let report = try await IcareStatusReport.make(configuration, access: access, clock: .system)
    let text = report.lines.joined(separator: "\n")
    #expect(report.code == .look, "\(text)")
    #expect(text.contains("1 owed") && text.contains("1 different") && text.contains("no alias"))
    #expect(text.contains("ready icare/S1/event"))
    let mended = ReadBackRecord(
      key: "icare/S1/event", line: 2, result: .equal, text: "", delay: .seconds(1))
    try await store.append([mended.draft(event: "S1")], at: now)
    let later = try await IcareStatusReport.make(configuration, access: access, clock: .system)
    #expect(later.code == .good, "\(later.lines)")
    try store.close()
  }
}

@Suite(.enabled(if: builtExecutable("vesper") != nil, "not built")) struct IcareProgramTests {
  @Test func exitStatusesAreAsDocumented() throws {
    let stand = try IcareStand()
    defer { stand.close() }
    let good = try stand.run(["icare", "doctor"], stand.environment)
    #expect(good.status == 0, "\(good.text)")
    #expect(good.text.contains("[ok]") && !good.text.contains(FakeIcare.token))
    let network = packageRoot.appending(path: "Tests/Benchmarks/network").path
    let dry = try stand.run(["icare", "sync", "--dry-run", "--telescopes", network], stand.environment)
    #expect(dry.status == 1 && dry.text.contains("+ telescope"), "\(dry.text)")
    let unasked = try stand.run(["icare", "sync", "--telescopes", network], stand.environment)
    #expect(unasked.status == 1 && unasked.text.contains("--yes"), "\(unasked.text)")
    #expect(stand.fake.state.rows("telescope").isEmpty)
    let status = try stand.run(["icare", "status"], stand.environment)
    #expect(status.status == 1, "\(status.text)")
    let refused = try stand.run(
      ["icare", "doctor"], stand.environment.merging(["ICARE_TOKEN": "wrong-token-0000"]) { $1 })
    #expect(refused.status == 2 && !refused.text.contains("wrong-token"), "\(refused.text)")
    let nowhere = try stand.run(["icare", "doctor"], ["ICARE_URL": ""])
    #expect(nowhere.status == 65, "\(nowhere.text)")
    stand.fake.stop()
    #expect(try stand.run(["icare", "doctor"], stand.environment).status == 3)
  }
}
