import Notices
import TestSupport
import Testing
import Units

@testable import Campaigns

/// People's decisions, and what may be published of a plan.
@Suite struct LifecyclePlanTests {
  let start = time("2031-02-03T02:31:00Z")
  static let high = "GO GRANDMA,GO GRANDMA (HIGH PRIORITY)"

  @Test func overridesAreRecordedAndOutliveNoticesThatChangeNoMind() throws {
    let list = sequence()
    var n = try network(list)
    _ = n.receive(list[0].0, at: start)
    let no = Override(
      role: "weekly coordinator", outcome: .no, reason: "glitch in L1", at: start + .minutes(3))
    #expect(
      n.step(at: start + .minutes(3), [.overridden(no)]).names == [
        "announce NO", "withdraw FRAM-Auger+NARROW+TAROT-TCA", "stop", "tags +STOP GRANDMA -GO GRANDMA",
      ])
    #expect(n.campaign?.decision?.orders.outcome == .go)
    #expect(n.receive(list[2].0, at: start + .minutes(40)).names == ["announce NO"])
    #expect(n.campaign?.decision?.override == no)
    #expect(
      n.step(at: start + .minutes(50), [.overrideLifted(role: "weekly coordinator")]).names == [
        "announce GO", "ask reopen GO",
      ])
    #expect(
      n.step(at: start + .minutes(51), [.reopened(role: "weekly coordinator")]).names == [
        "goes on", "tags +\(Self.high) -STOP GRANDMA", "plan 2",
      ])
  }

  @Test func overridesByTheWrongRoleAreRefused() throws {
    let list = sequence()
    var n = try network(list)
    _ = n.receive(list[0].0, at: start)
    let names = n.step(
      at: start, [.overridden(Override(role: "observer", outcome: .no, reason: "x", at: start))]
    ).names
    #expect(names == ["note"])
    #expect(n.campaign?.decision?.override == nil)
  }

  @Test func aPersonsGoIsLimitedToTheTelescopesNamed() throws {
    let far = mapped("S310203ab", .initial, minute: 1, kind: "BNS", area90: 9000, distance: 900)
    var n = try network([far])
    #expect(n.receive(far.0, at: start).names == ["announce NO", "tags +Not I-care -"])
    let override = Override(
      role: "core team", outcome: .limited, reason: "test of the mount", telescopes: ["FRAM-Auger"], at: start
    )
    _ = n.step(at: start, [.overridden(override)])
    #expect(n.planned.map(\.telescope) == ["FRAM-Auger"])
    #expect(n.campaign?.tags == ["GO GRANDMA"])
    #expect(n.campaign?.order?.expires == time("2031-02-04T02:29:00Z"))
  }

  /// R17: a plan is only ever published for the order that stands.
  @Test func plansOfOldOrdersNeverLeave() throws {
    let seed: UInt64 = 17
    var random = SeededGenerator(seed: seed)
    let list = sequence()
    var refused = 0
    for _ in 0..<300 {
      var n = try network(list)
      // Plans take their time: they are ready in any order, long after newer notices.
      var pending: [(PlanOrder, [PlannedTelescope])] = []
      for notice in list.map(\.0).shuffled(using: &random) + [wave("S310203ab", .retraction, minute: 400)] {
        guard let event = n.book.insert(notice) else { continue }
        var situation = Situation(event: event, policy: n.policy, now: start)
        (situation.maps, situation.telescopes) = (n.maps, n.telescopes)
        let step = Lifecycle.step(from: n.campaign, in: situation)
        n.campaign = step.campaign
        for case .plan(let order) in step.actions { pending.append((order, n.plan(for: order, at: start))) }
        guard let (order, plan) = pending.randomElement(using: &random) else { continue }
        switch step.campaign.publication(of: plan, for: order.number, over: [], at: start) {
        case .publish: #expect(order.number == step.campaign.order?.number, "seed \(seed)")
        case .stale: refused += 1
        }
      }
      for (order, plan) in pending {
        guard case .stale? = n.campaign?.publication(of: plan, for: order.number, over: [], at: start) else {
          Issue.record("a plan after the retraction")
          continue
        }
      }
    }
    #expect(refused > 300)
  }

  @Test func nothingIsPlannedInThePast() throws {
    let list = sequence()
    var n = try network(list)
    _ = n.receive(list[0].0, at: start)
    let order = try #require(n.campaign?.order)
    let plan = n.plan(for: order, at: start - .minutes(15))
    guard case .publish(let diffs)? = n.campaign?.publication(of: plan, for: 1, over: [], at: start) else {
      Issue.record("not published")
      return
    }
    #expect(diffs.allSatisfy { $0.late == ["t0", "t1"] && $0.added == ["t2"] })
    #expect(diffs.flatMap(\.tiles).allSatisfy { $0.start >= start })
  }

  @Test func differencesNameEveryTile() {
    func tile(_ id: String, _ ra: Double, _ minute: Double, _ progress: PlannedTile.Progress = .waiting)
      -> PlannedTile
    {
      PlannedTile(
        id: id, center: Direction(ra: .degrees(ra), dec: .zero), filter: "r", start: start + .minutes(minute),
        progress: progress)
    }
    let old = PlannedTelescope(
      telescope: "T", planID: "a",
      tiles: [
        tile("1", 10, 0, .done), tile("2", 11, 10, .started), tile("3", 12, 20), tile("4", 13, 30),
        tile("5", 14, 40),
      ])
    let new = PlannedTelescope(
      telescope: "T", planID: "b",
      tiles: [tile("x", 10, 15), tile("y", 12, 20), tile("z", 13, 45), tile("w", 20, 50)])
    let diff = PlanDiff(old: old, new: new, telescope: "T", now: start + .minutes(12))
    #expect(diff.kept == ["y"])
    #expect(diff.moved == ["z"])
    #expect(diff.added == ["w"])
    #expect(diff.removed == ["5"])
    #expect(diff.observed == ["1", "2"])
    #expect(diff.tiles.map(\.id) == ["1", "2", "y", "z", "w"])
    #expect(diff.text == "T: 1 kept, 1 moved, 1 added, 1 removed, 2 already observed")
    #expect(PlanDiff(old: new, new: new, telescope: "T", now: start).isEmpty)
  }

  @Test func whatHasBegunAndWasNotReportedIsNotRemoved() {
    func tile(_ id: String, _ ra: Double, _ minute: Double) -> PlannedTile {
      PlannedTile(
        id: id, center: Direction(ra: .degrees(ra), dec: .zero), filter: "r", start: start + .minutes(minute))
    }
    let old = PlannedTelescope(
      telescope: "T", planID: "a", tiles: [tile("1", 10, 0), tile("2", 11, 10), tile("3", 12, 20)])
    let new = PlannedTelescope(telescope: "T", planID: "b", tiles: [tile("3", 12, 20)])
    let quiet = PlanDiff(old: old, new: new, telescope: "T", now: start + .minutes(11))
    #expect(quiet.isEmpty && quiet.past == ["1", "2"] && quiet.text == "T: 1 kept, 2 past")
    let diff = PlanDiff(old: old, new: nil, telescope: "T", now: start + .minutes(11))
    #expect(diff.removed == ["3"] && diff.past == ["1", "2"] && !diff.isEmpty)
  }
}
