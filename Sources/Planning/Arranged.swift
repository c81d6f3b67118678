import Observatories
import Scheduling
import Units

/// The timetable of one site, with what it is about.
struct Arranged: Sendable {
  let timetable: Timetable
  /// What the timetable's visits are visits to: index among the site's candidates, and which visit of several;
  /// nil where every candidate has one.
  private let origin: [(candidate: Int, visit: Int)]?
  /// Candidates that get fewer visits than the request asks for.
  let incomplete: Int

  /// Of slots against slots in a timetable, at most.
  private static let exchangePasses = (usual: 6, hasty: 1)

  init(_ site: PlannedSite, _ selection: NetworkSelection, _ i: Int, _ request: PlanRequest) {
    let passes = request.effort > 0 ? Self.exchangePasses.usual : Self.exchangePasses.hasty
    let (candidates, choice) = (selection.candidates[i], selection.choice(of: i))
    if let revisits = request.revisits {
      let all = choice.repeated(
        revisits.count, gap: revisits.gap, of: candidates, visit: site.exposure)
      timetable = Timetable(
        site.resource, candidates: all.candidates, choice: all.choice, passes: passes,
        penalty: site.penalty(of: all.candidates))
      (origin, incomplete) = (all.origin, all.incomplete)
      return
    }
    (origin, incomplete) = (nil, 0)
    let penalty = site.penalty(of: candidates)
    if let (spread, slots) = site.budget.spread(choice, of: candidates) {
      timetable = Timetable(
        site.resource, candidates: candidates, choice: spread, passes: passes
      ) { penalty($0, slots[$1]) }
    } else {
      timetable = Timetable(
        site.resource, candidates: candidates, choice: choice, passes: passes, penalty: penalty)
    }
  }

  /// What a visit of the timetable is a visit to.
  func candidate(_ visit: Timetable.Visit) -> Int { origin?[visit.candidate].candidate ?? visit.candidate }

  /// 1 for the first visit to a place.
  func number(_ visit: Timetable.Visit) -> Int { origin?[visit.candidate].visit ?? 1 }
}
