import Campaigns
import FarSides
import Foundation
import Store
import TestSupport
import Testing
import Units
import WebClient

@testable import Service

/// Maps that a notice names by address: first a plan on the circle, then one on the map.
@Suite struct RemoteMapTests {
  static let policy = """
    policy: test
    title: Whatever has a place
    source: made for a test
    rules:
      - {name: placed, when: {has_position: true}, then: {outcome: GO, priority: 3, valid_h: 48}}
    otherwise: {outcome: WATCH}
    """
  static let path = "/maps/all.fit"

  private func bench() async throws -> Bench {
    try await Bench(at: "2026-08-13T21:30:00Z", policy: Self.policy)
  }

  private func notice(_ base: String, id: String = "01709000042") -> [UInt8] {
    Array(
      """
      {"$schema": "https://gcn.nasa.gov/schema/main/gcn/notices/einstein_probe/wxt/alert.schema.json",
       "mission": "Einstein Probe", "instrument": "WXT", "alert_tense": "current", "alert_type": "initial",
       "id": ["\(id)"], "trigger_time": "2026-08-13T20:58:44.600Z", "ra": 328.0, "dec": 17.0,
       "ra_dec_error": 6.0, "containment_probability": 0.9, "systematic_included": true,
       "healpix_url": "\(base)\(Self.path)"}
      """.utf8)
  }

  private func map() throws -> [UInt8] {
    [UInt8](try Data(contentsOf: fixture("skymaps/mock-grb-cone.fit.gz")))
  }

  private func only(_ bench: Bench) async throws -> String {
    try #require(try await bench.store.events(limit: 5).first).id
  }

  private func digest(of plan: StoredPlan, _ bench: Bench) async throws -> String {
    let bytes = try await bench.store.plan(plan.id).document
    let object = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
    return (object?["inputs"] as? [String: Any])?["map_sha256"] as? String ?? ""
  }

  @Test func itIsNotThereYetAndThenTakesThePlaceOfTheCircle() async throws {
    let far = try MapFarSide()
    defer { far.stop() }
    let bench = try await bench()
    let fetcher = try bench.fetcher()
    try await bench.bring(notice(far.base))
    try await bench.settle()
    let id = try await only(bench)
    let first = try #require(try await bench.store.plans(of: id, state: .live).first)
    // Twice it is not there; in between nobody asks.
    #expect(try await fetcher.pass() == 1)
    #expect(try await fetcher.pass() == 0)
    bench.time.advance(.seconds(11))
    #expect(try await fetcher.pass() == 1)
    #expect(try await bench.log("map.late") == 1)
    try await bench.settle()
    #expect(try await bench.store.plans(of: id).count == 1)
    let bytes = try map()
    far.put(bytes, at: Self.path)
    bench.time.advance(.seconds(21))
    #expect(try await fetcher.pass() == 1)
    // What came is kept before anybody looks into it.
    let kept = try #require(try await bench.store.remoteMap(far.base + Self.path))
    #expect(kept.map.content == .bytes(bytes))
    #expect(kept.digest == SHA256.hexDigest(of: bytes))
    try await bench.settle()
    let plans = try await bench.store.plans(of: id)
    #expect(plans.map(\.state) == [.superseded, .live])
    #expect(plans.first?.id == first.id)
    #expect(try await digest(of: plans[1], bench) == kept.digest)
    #expect(far.server.requests.count == 3)
    // Neither time nor a restart asks again.
    bench.time.advance(.hours(2))
    try await bench.restart()
    try await bench.settle()
    #expect(try await fetcher.pass() == 0)
    #expect(try await bench.store.plans(of: id).count == 2)
  }

  /// Whatever comes instead of a map, the plan on the circle stays and the event says what was wrong.
  @Test(arguments: ["garbage", "truncated map", "login page"])
  func whatIsNoMapIsRecordedAndChangesNothing(_ kind: String) async throws {
    let faults = FaultPlan()
    if kind == "login page" { faults.always(.acceptedThenPage) }
    let far = try MapFarSide(faults: faults)
    defer { far.stop() }
    far.put(kind == "garbage" ? Array("no map".utf8) : Array(try map().prefix(40_000)), at: Self.path)
    let bench = try await bench()
    try await bench.bring(notice(far.base))
    try await bench.settle()
    let id = try await only(bench)
    try await bench.fetcher().pass()
    try await bench.settle()
    #expect(try await bench.texts("map.unusable").count == 1)
    #expect(try await bench.store.plans(of: id).map(\.state) == [.live])
    #expect(try await bench.memo(id).unavailableMaps == [far.base + Self.path])
    bench.time.advance(.hours(3))
    try await bench.settle()
    #expect(try await bench.texts("map.unusable").count == 1)
  }

  @Test func tooMuchIsRefusedAtOnce() async throws {
    let far = try MapFarSide()
    defer { far.stop() }
    far.put(try map(), at: Self.path)
    let bench = try await bench()
    try await bench.bring(notice(far.base))
    try await bench.settle()
    let fetcher = try bench.fetcher { $0.largest = 10_000 }
    try await fetcher.pass()
    try await bench.settle()
    #expect(try await bench.texts("map.unusable").contains { $0.contains("10000 bytes") })
    #expect(try await fetcher.pass() == 0)
  }

  /// A server that never answers costs its lane until the deadline, and the others nothing.
  @Test func aHangIsCutAndTriedAgain() async throws {
    let far = try MapFarSide(faults: FaultPlan([.hangUnread]))
    defer { far.stop() }
    far.put(try map(), at: Self.path)
    let bench = try await bench()
    try await bench.bring(notice(far.base))
    try await bench.settle()
    let id = try await only(bench)
    let fetcher = try bench.fetcher {
      $0.deadlines = Deadlines(connect: .seconds(2), total: .milliseconds(500))
    }
    #expect(try await fetcher.pass() == 1)
    #expect(try await bench.log("map.late") == 1)
    bench.time.advance(.seconds(30))
    let patient = try bench.fetcher()
    #expect(try await patient.pass() == 1)
    try await bench.settle()
    #expect(try await bench.store.plans(of: id).map(\.state) == [.superseded, .live])
  }

  /// While one server hangs the map of another event comes.
  @Test func aHangHoldsUpNoOther() async throws {
    let deaf = try MapFarSide(faults: FaultPlan([.hangUnread]))
    let far = try MapFarSide()
    defer {
      deaf.stop()
      far.stop()
    }
    far.put(try map(), at: Self.path)
    let bench = try await bench()
    try await bench.bring(notice(deaf.base))
    try await bench.bring(notice(far.base, id: "01709000043"))
    try await bench.settle(plans: false)
    let fetcher = try bench.fetcher()
    let running = Task { try await fetcher.run() }
    var found = false
    // Two minutes, which only a fault takes; the one that hangs would take five.
    for _ in 0..<1200 where !found {
      found = try await bench.store.remoteMap(far.base + Self.path) != nil
      try await Task.sleep(for: .milliseconds(100))
    }
    #expect(found)
    #expect(deaf.server.requests.count == 1)
    #expect(try await bench.store.remoteMap(deaf.base + Self.path) == nil)
    running.cancel()
    _ = await running.result
  }

  @Test func afterADayNobodyAsksAnyMore() async throws {
    let far = try MapFarSide()
    defer { far.stop() }
    let bench = try await bench()
    let fetcher = try bench.fetcher()
    try await bench.bring(notice(far.base))
    try await bench.settle()
    var tries = 0
    for _ in 0..<200 {
      tries += try await fetcher.pass()
      bench.time.advance(.minutes(10))
    }
    // 10, 20, ... 320 s, then every ten minutes for a day.
    #expect((140...155).contains(tries))
    #expect(try await fetcher.pass() == 0)
    try await bench.settle(plans: false)
    #expect(try await bench.texts("map.unusable").contains { $0.contains("given up") })
  }

  /// Addresses come from strangers: this machine is none of their business, nor is plain http.
  @Test func addressesThatAreNotPublicAreNotTouched() async throws {
    let far = try MapFarSide()
    defer { far.stop() }
    far.put(try map(), at: Self.path)
    let bench = try await bench()
    try await bench.bring(notice(far.base))
    try await bench.bring(notice("https://127.0.0.1:\(far.server.port)", id: "01709000043"))
    try await bench.settle(plans: false)
    let fetcher = try bench.fetcher { $0.isLax = false }
    try await fetcher.pass()
    try await bench.settle(plans: false)
    #expect(far.server.requests.isEmpty)
    #expect(try await bench.texts("map.unusable").contains { $0.contains("only https") })
  }
}
