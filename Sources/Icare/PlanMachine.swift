import Units

/// What to do next about one plan, from what ICARE shows.
enum PlanStep: Hashable {
  /// It is there, whole.
  case done(IcarePlanRequest)
  /// An upload may still be under way there.
  case wait(String)
  /// A request of ours that has no plan and never will.
  case removeOrphan(IcarePlanRequest)
  /// Upload under this name.
  case post(name: String)
  /// ICARE has a plan of the same series that knows more: this one is not wanted any more.
  case overtaken(by: String)
  case refuse(String)
}

/// ICARE commits an upload in three parts and cannot change or delete a plan. So an upload that did not
/// end in success may have left: nothing; a request without plan (removable, and its name is taken while
/// it lasts); a plan without observations (its name is burnt, only an administrator can remove it); or
/// all of it. Which of them is decided here from the event's requests, without knowing what was tried.
struct PlanMachine {
  /// A name is tried with at most so many versions.
  static let maxVersions = 9

  let push: PlanPush
  let key: String
  /// Of the delivery's payload.
  let digest: String
  /// The server's clock; row ages are counted from it.
  let serverTime: Instant
  /// An upload younger than this may still be under way.
  var settle: Duration

  /// - Parameters:
  ///   - stuck: orphans that could not be removed.
  ///   - taken: names that are held elsewhere in ICARE.
  func next(
    _ requests: [IcarePlanRequest], stuck: Set<Int> = [], taken: Set<String> = []
  ) -> PlanStep {
    let ours = requests.filter { $0.payload[IcareKeys.plan]?.text == key }
    let whole = ours.filter(isWhole)
    for request in ours where request.planName == nil && !stuck.contains(request.id) {
      // While a plan holds the same name, this request cannot get one any more.
      let isHopeless = whole.contains { $0.planName == request.payload["queue_name"]?.text }
      if isHopeless || isSettled(request) { return .removeOrphan(request) }
      return .wait("request \(request.id) may still be under way")
    }
    if let first = whole.first { return .done(first) }
    if let young = ours.first(where: { $0.planName != nil && !isForerunner($0) && !isSettled($0) }) {
      return .wait("plan \(young.planName ?? "") may still be under way")
    }
    if let newer = rivals(in: requests).last(where: { isNewer($0) }), let name = newer.planName {
      return .overtaken(by: name)
    }
    for version in 1...Self.maxVersions {
      let name = push.name(version: version)
      if !taken.contains(name), !requests.contains(where: { $0.holds(name: name) }) {
        return .post(name: name)
      }
    }
    return .refuse("\(push.name): all \(Self.maxVersions) versions of the name are burnt")
  }

  /// Made under our key from other contents: what a service wrote whose store was lost since. It cannot be changed
  /// there, so that ours takes its place under a name of its own.
  func isForerunner(_ request: IcarePlanRequest) -> Bool {
    guard request.payload[IcareKeys.plan]?.text == key, request.planName != nil, !isWhole(request),
      let theirs = request.payload[IcareKeys.digest]?.text, theirs != digest
    else { return false }
    return request.holdsPointings
  }

  /// The plan, if it is there.
  func whole(in requests: [IcarePlanRequest]) -> IcarePlanRequest? {
    requests.first { $0.payload[IcareKeys.plan]?.text == key && isWhole($0) }
  }

  /// Ours that can never become whole and cannot be removed, to be reported.
  func burnt(_ requests: [IcarePlanRequest]) -> [IcarePlanRequest] {
    requests.filter {
      $0.payload[IcareKeys.plan]?.text == key && $0.planName != nil && !isWhole($0) && !isForerunner($0)
        && isSettled($0)
    }
  }

  /// Name of the newest plan of the same series that ICARE has beside this one, never of one that is newer.
  func superseded(in requests: [IcarePlanRequest]) -> String? {
    rivals(in: requests).last { !isNewer($0) }?.planName
  }

  /// Older plans of the series that none takes the place of: whoever looks there sees two that count.
  func forgotten(in requests: [IcarePlanRequest]) -> [String] {
    let replaced = Set(requests.compactMap { $0.payload["supersedes"]?.text })
    return rivals(in: requests).filter { !isNewer($0) }.compactMap(\.planName)
      .filter { !replaced.contains($0) }
  }

  /// What says there that it takes the place of a plan.
  func successor(of request: IcarePlanRequest, in requests: [IcarePlanRequest]) -> String? {
    requests.last { $0.payload["supersedes"]?.text == request.planName && $0.holdsPointings }?.planName
  }

  /// The other plans of the same series that hold anything, oldest first.
  private func rivals(in requests: [IcarePlanRequest]) -> [IcarePlanRequest] {
    requests.filter { request in
      if isForerunner(request) { return true }
      guard let series = push.series, request.payload[IcareKeys.series]?.text == series else { return false }
      return request.payload[IcareKeys.plan]?.text != key && request.planName != nil && request.holdsPointings
    }
    .sorted { a, b in
      switch (PlanAge(a.payload), PlanAge(b.payload)) {
      case (let old?, let new?) where old != new: old < new
      case (nil, _?): true
      case (_?, nil): false
      default: a.id < b.id
      }
    }
  }

  private func isNewer(_ request: IcarePlanRequest) -> Bool {
    guard let theirs = PlanAge(request.payload) else { return false }
    return push.age.map { $0 < theirs } ?? true
  }

  private func isWhole(_ request: IcarePlanRequest) -> Bool {
    guard request.planName != nil else { return false }
    guard (request.observations?.count ?? request.countedObservations) == push.pointings.count else {
      return false
    }
    // As many pointings are not the same pointings.
    let theirs = request.payload[IcareKeys.digest]?.text
    return theirs == nil || theirs == digest || differences(request, fields: nil).isEmpty
  }

  private func isSettled(_ request: IcarePlanRequest) -> Bool {
    guard let created = request.created else { return true }
    return serverTime.seconds(since: created.instant) >= settle.seconds
  }

  /// Where a plan in ICARE differs from what was decided, in words.
  func differences(_ request: IcarePlanRequest, fields: [Int]?) -> [String] {
    var found: [String] = []
    if request.countedObservations != push.pointings.count {
      found.append(
        "its statistics count \(request.countedObservations ?? 0) of \(push.pointings.count) pointings")
    }
    guard let observations = request.observations else { return found }
    guard observations.count == push.pointings.count else {
      return found + ["it has \(observations.count) of \(push.pointings.count) pointings"]
    }
    let order = observations.sorted { ($0.start?.text ?? "", $0.field) < ($1.start?.text ?? "", $1.field) }
    let wanted = push.pointings.enumerated().map {
      (pointing: $0.element, field: fields?[$0.offset] ?? $0.element.field)
    }
    .sorted { ($0.pointing.start.text, $0.field ?? 0) < ($1.pointing.start.text, $1.field ?? 0) }
    for (there, (here, field)) in zip(order, wanted) {
      let label = "pointing at \(here.start.text)"
      if there.start?.text != here.start.text {
        found.append("\(label): there \(there.start?.text ?? "no time")")
      }
      if let field, there.field != field { found.append("\(label): field \(there.field), not \(field)") }
      if there.exposureSeconds != Double(here.exposureSeconds) {
        found.append("\(label): \(there.exposureSeconds) s, not \(here.exposureSeconds) s")
      }
      if there.filter != here.filter { found.append("\(label): filter \(there.filter), not \(here.filter)") }
      // Stored as a double; a decimal text in between costs the last digits.
      if abs(there.weight - here.weight) > 1e-9 * max(1, abs(here.weight)) {
        found.append("\(label): weight \(there.weight), not \(here.weight)")
      }
    }
    return found
  }
}
