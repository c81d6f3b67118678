import Deliveries
import FakeIcare
import Icare
import Testing
import Units

/// The process dies at every single request of a push, before or after the server acted, and a new one
/// goes on with the same delivery.
@Suite struct StepTests {
  private enum Death: CaseIterable {
    case beforeActing, afterActing, later, commit1, commit2, commit3
    func fault(_ request: FakeRequest) -> FakeFault {
      switch self {
      case .beforeActing: .closeBeforeActing
      case .afterActing: .actThenPage(504)
      case .later: request.isWrite ? .actLater(.seconds(60)) : .page(504)
      case .commit1: .dieAfterCommit(1)
      case .commit2: .dieAfterCommit(2)
      case .commit3: .dieAfterCommit(3)
      }
    }
  }

  /// - Returns: the number of the requests that one undisturbed push takes.
  private func count(_ deliveries: () throws -> (World, [Delivery])) async throws -> Int {
    let (world, list) = try deliveries()
    let driver = try Driver(world, list)
    try await driver.run()
    #expect(driver.refusals == [])
    return world.fake.log.count
  }

  private func dieEverywhere(
    _ deaths: [Death], _ make: () throws -> (World, [Delivery]),
    check: (World, Driver, [IcareStatus]) -> [String]
  ) async throws {
    let steps = try await count(make)
    #expect(steps > 2)
    for death in deaths {
      for step in 1...steps {
        let (world, list) = try make()
        let chooser = Chooser(seed: 1)
        let died = Chooser(seed: 1)
        world.fake.setFaults { request in
          guard chooser.next() == step else { return nil }
          _ = died.next()
          return death.fault(request)
        }
        let driver = try Driver(world, list)
        let before = Chooser(seed: 2)
        var statuses: [IcareStatus] = []
        driver.crashes = {
          statuses.append(driver.channel.status)
          // The first attempt after the fault is one whose outcome is lost too.
          return before.next() == 1 || before.next() == step
        }
        try await driver.run()
        try await world.settle()
        statuses.append(driver.channel.status)
        #expect(driver.isFinished, "\(death) at \(step)")
        #expect(driver.refusals == [], "\(death) at \(step)")
        #expect(check(world, driver, statuses) == [], "\(death) at \(step)")
      }
    }
  }

  @Test func plan() async throws {
    let make = { () throws -> (World, [Delivery]) in
      let world = try World()
      Night.addSites(1, to: world)
      world.fake.edit { state in
        state.insert(
          "event",
          ["dateobs": "2026-11-21T17:10:20", "trigger_id": "S261121ab", "aliases": [], "sent_by_id": 1])
        state.insert(
          "map",
          [
            "dateobs": "2026-11-21T17:10:20", "localization_name": .string(Night.map.name),
            "uniq": [1024, 1025, 1026], "probdensity": [0.5, 0.25, 0.125],
          ])
      }
      let key = "icare/S261121ab/r1/cam0/plan"
      let start = world.clock.now
      let plan = try IcarePush.plan(Night.plan(0)).delivery(key: key, event: "S261121ab", notBefore: start)
      let send = try IcarePush.planSend(PlanSendPush(plan: key))
        .delivery(key: "send", event: "S261121ab", notBefore: start, needs: [plan.key])
      return (world, [plan, send])
    }
    try await dieEverywhere(Death.allCases, make) { world, driver, statuses in
      let all = violations(world.fake.state, plans: 1, followups: 0, status: statuses)
      return all.filter { $0.contains("cam0") || $0.contains("sent") }
    }
  }

  @Test func followup() async throws {
    let make = { () throws -> (World, [Delivery]) in
      let world = try World()
      Night.addSites(1, to: world)
      let push = try IcarePush.followup(Night.followup(0))
        .delivery(key: "icare/S261121ab/f0", event: "S261121ab", notBefore: world.clock.now)
      return (world, [push])
    }
    try await dieEverywhere([.beforeActing, .afterActing, .later], make) { world, _, _ in
      violations(world.fake.state, plans: 0, followups: 1, status: [])
        .filter { $0.contains("f0") || $0.contains("source") }
    }
  }

  @Test func eventTagsAndLabels() async throws {
    let make = { () throws -> (World, [Delivery]) in
      let world = try World()
      world.fake.edit { $0.refusesRepeatedClassification = false }
      return (world, try Night.deliveries(plans: 0, followups: 0, notBefore: world.clock.now))
    }
    try await dieEverywhere([.beforeActing, .afterActing, .later], make) { world, _, _ in
      violations(world.fake.state, plans: 0, followups: 0, status: [])
    }
  }
}
