import Deliveries
import Units

struct FollowupPusher: Pusher {
  let desk: IcareDesk
  let push: FollowupPush
  let key: String

  private func ours(_ allocation: IcareAllocation) async throws(IcareError) -> [IcareFollowup] {
    try await desk.client.followups(source: push.source.id, allocationID: allocation.id)
      .filter { $0.key == key }.sorted { $0.id < $1.id }
  }

  func readBack(now: Instant) async throws(IcareError) -> ReadBackVerdict {
    let (allocation, _) = try await desk.allocation(push.allocation, type: "triggered", now: now)
    let rows = try await ours(allocation)
    // What failed or was rejected has to be looked at by `send`, which says why.
    if let row = rows.first(where: { $0.state != .failedToSubmit && $0.state != .rejected }) {
      return .present(String(row.id))
    }
    return rows.isEmpty ? desk.absent(key, at: now) : .absent
  }

  func differences(now: Instant) async throws(IcareError) -> [String]? {
    let (allocation, _) = try await desk.allocation(push.allocation, type: "triggered", now: now)
    let rows = try await ours(allocation)
    guard let row = rows.first else { return nil }
    return compare(row, count: rows.filter { $0.state != .deleted }.count)
  }

  private func compare(_ row: IcareFollowup, count: Int) -> [String] {
    var found: [String] = []
    for (name, wanted) in (push.payload(key: key).members ?? [:]).sorted(by: { $0.key < $1.key }) {
      let there = row.payload[name]
      let isSame =
        there == wanted || (there?.double != nil && there?.double == wanted.double)
        || push.request.accepts(there, for: name, wanted: wanted)
      if !isSame { found.append("\(name): \(there ?? .null), not \(wanted)") }
    }
    if count > 1 { found.append("\(count) requests with one key") }
    return found
  }

  func send(now: Instant) async throws(IcareError) -> SendOutcome {
    let (allocation, instrument) = try await desk.allocation(push.allocation, type: "triggered", now: now)
    let complaints = try await complaints(allocation, instrument, now: now)
    guard complaints.isEmpty else {
      let all = complaints.joined(separator: "; ")
      throw .invalid("request for \(push.source.id) on \(instrument.name): \(all)")
    }
    let rows = try await ours(allocation)
    if let row = rows.first(where: { $0.state != .deleted }) ?? rows.first {
      desk.ledger.compared(
        key, compare(row, count: rows.filter { $0.state != .deleted }.count), at: now)
      guard row.state == .failedToSubmit else { return judge(row.id, row.status, now: now) }
      return try await resubmit(row, allocation, now: now)
    }
    try await desk.ensureSource(push.source, groups: push.groups, key: key, now: now)
    let groups = try await desk.groupIDs(push.groups)
    let body = body(allocation).merging(["target_group_ids": .integers(groups)])
    desk.willWrite(key, at: now)
    do throws(IcareError) {
      let made = try await desk.client.postFollowup(body)
      await closeLoop(allocation, now: now)
      return judge(made.id, made.status, now: now)
    } catch {
      // A refusal may have left a row: "failed to submit", which is taken up again with PUT.
      guard case .refused(let refusal) = error, let row = try await ours(allocation).last else { throw error }
      return judge(row.id, row.status.isEmpty ? refusal.message : row.status, now: now)
    }
  }

  private func body(_ allocation: IcareAllocation) -> JSONNode {
    [
      "obj_id": .string(push.source.id), "allocation_id": .integer(allocation.id),
      "payload": push.payload(key: key),
    ]
  }

  private func closeLoop(_ allocation: IcareAllocation, now: Instant) async {
    do throws(IcareError) {
      let rows = try await ours(allocation)
      let found = rows.first.map { compare($0, count: rows.count) } ?? ["the request is not listed"]
      desk.ledger.compared(key, found, at: now)
    } catch {
      desk.ledger.note("not read back yet: \(error)", key: key, at: now)
    }
  }

  /// With PUT, which submits the row again; POST would add another.
  private func resubmit(
    _ row: IcareFollowup, _ allocation: IcareAllocation, now: Instant
  ) async throws(IcareError) -> SendOutcome {
    if case .tarot = push.request, Self.mayHaveArrived(row.status) {
      let why = "TAROT did not answer ICARE in time and may have it: a person must look there"
      return .refused(reason: "request \(row.id): \(why)")
    }
    desk.willWrite(key, at: now)
    do throws(IcareError) {
      try await desk.client.putFollowup(row.id, body(allocation))
    } catch {
      guard case .refused = error else { throw error }
    }
    let after = try await desk.client.followup(row.id)
    return judge(row.id, after?.status ?? row.status, now: now)
  }

  private func judge(_ id: Int, _ status: String, now: Instant) -> SendOutcome {
    let text = Redaction.clean(status)
    switch FollowupState(status: status) {
    case .pending, .submitted, .complete, .failed, .unknown: return .confirmed(receipt: String(id))
    case .rejected: return .refused(reason: "request \(id): the facility said \(text)")
    case .deleted: return .refused(reason: "request \(id) was withdrawn in ICARE")
    case .failedToSubmit:
      guard Self.isTransient(status) else { return .refused(reason: "request \(id): \(text)") }
      if case .tarot = push.request, Self.mayHaveArrived(status) {
        let why = "TAROT did not answer ICARE in time and may have it: a person must look there"
        return .refused(reason: "request \(id): \(why)")
      }
      return .unsent(reason: "request \(id): \(text)", after: now + desk.settings.facilityPause)
    }
  }

  /// The facility, not the request, was the reason.
  static func isTransient(_ status: String) -> Bool {
    let text = status.lowercased()
    return ["timeout", "timed out", "connect", "unreachable", "502", "503", "504", "temporar", "unavailable"]
      .contains { text.contains($0) }
  }

  static func mayHaveArrived(_ status: String) -> Bool {
    let text = status.lowercased()
    return text.contains("timeout") || text.contains("timed out") || text.contains("504")
  }

  /// What ICARE or the facility would refuse, the latter after ICARE has kept a row.
  private func complaints(
    _ allocation: IcareAllocation, _ instrument: IcareInstrument, now: Instant
  ) async throws(IcareError) -> [String] {
    var found = push.request.complaints
    if instrument.followupAPI != push.request.api {
      found.append("ICARE expects \(instrument.followupAPI ?? "nothing"), not \(push.request.api)")
    }
    if push.start >= push.end { found.append("it ends before it starts") }
    if !allocation.validity.isEmpty {
      let isValid = allocation.validity.contains {
        $0.start <= push.start.instant && push.end.instant <= $0.end
      }
      if !isValid { found.append("its dates lie outside the allocation's validity") }
    }
    if let form = try await desk.form(ofInstrument: instrument.id, now: now) {
      found += form.complaints(about: push.payload(key: key))
    }
    return found
  }
}

struct CancelPusher: Pusher {
  let desk: IcareDesk
  let push: CancelPush
  let key: String

  private func rows(now: Instant) async throws(IcareError) -> [IcareFollowup] {
    let (allocation, _) = try await desk.allocation(push.allocation, type: "triggered", now: now)
    return try await desk.client.followups(source: push.source, allocationID: allocation.id)
      .filter { $0.key == push.followup }
  }

  /// Those that a facility may still carry out.
  private func active(now: Instant) async throws(IcareError) -> [IcareFollowup] {
    try await rows(now: now).filter { [.pending, .submitted, .unknown].contains($0.state) }
  }

  func readBack(now: Instant) async throws(IcareError) -> ReadBackVerdict {
    try await active(now: now).isEmpty ? .present("withdrawn") : desk.absent(key, at: now)
  }

  func send(now: Instant) async throws(IcareError) -> SendOutcome {
    if try await rows(now: now).isEmpty, !desk.isSettled(push.followup, at: now) {
      // Withdrawn now, it could still come after.
      return .unsent(reason: "the request may be on its way", after: now + .seconds(30))
    }
    for row in try await active(now: now) {
      desk.willWrite(key, at: now)
      try await desk.client.deleteFollowup(row.id)
    }
    guard try await active(now: now).isEmpty else {
      return .ambiguous(reason: "ICARE took the withdrawal and still shows the request")
    }
    return .confirmed(receipt: "withdrawn")
  }
}

/// Executed observations. ICARE answers before it inserts and never says that it could not: only reading
/// back tells. Sending them again is harmless, rows are known by instrument and observation id.
struct ExecutedPusher: Pusher {
  let desk: IcareDesk
  let push: ExecutedPush
  let key: String

  /// What the rows are called there.
  private struct Place {
    let instrument: IcareInstrument
    let telescope: String
    /// Numbers of the rows' fields in their order; nil where there is none at a row's place.
    let fields: [Int?]
  }

  private func place() async throws(IcareError) -> Place {
    guard let instrument = try await desk.client.instrument(named: push.instrument) else {
      throw .invalid("ICARE has no instrument \(push.instrument)")
    }
    var telescope = push.telescope
    if telescope == nil {
      telescope = try await desk.client.telescopes().first { $0.id == instrument.telescopeID }?.name
    }
    guard let telescope else { throw .invalid("ICARE shows no telescope of \(instrument.name)") }
    let known = try await desk.client.fields(ofInstrument: instrument.id)
    let fields = push.rows.map { row in
      if let wanted = row.field { return known.first { $0.number == wanted }?.number }
      guard let place = row.position?.position else { return nil }
      return known.filter { $0.position.separation(from: place) <= desk.settings.fieldTolerance }
        .map(\.number).min()
    }
    return Place(instrument: instrument, telescope: telescope, fields: fields)
  }

  private func there(_ place: Place) async throws(IcareError) -> [Int: IcareObservation] {
    guard let first = push.rows.map(\.start.instant).min(), let last = push.rows.map(\.start.instant).max()
    else {
      return [:]
    }
    let window = TimeWindow(first - .seconds(2), last + .seconds(2))
    let rows = try await desk.client.observations(
      telescope: place.telescope, instrument: place.instrument.name, in: window)
    return Dictionary(rows.map { ($0.observationID, $0) }, uniquingKeysWith: { a, _ in a })
  }

  private func isWhole(_ there: [Int: IcareObservation]) -> Bool {
    push.rows.allSatisfy { there[$0.observationID] != nil }
  }

  func readBack(now: Instant) async throws(IcareError) -> ReadBackVerdict {
    isWhole(try await there(try await place()))
      ? .present("\(push.rows.count) observations") : desk.absent(key, at: now)
  }

  func differences(now: Instant) async throws(IcareError) -> [String]? {
    let place = try await place()
    let there = try await there(place)
    return isWhole(there) ? compare(there, place) : nil
  }

  private func compare(_ there: [Int: IcareObservation], _ place: Place) -> [String] {
    zip(push.rows, place.fields).flatMap { row, field -> [String] in
      guard let other = there[row.observationID] else { return ["\(row.observationID) is missing"] }
      var found: [String] = []
      if let has = other.field, let field, has != field { found.append("\(row.observationID): field \(has)") }
      if other.filter != row.filter { found.append("\(row.observationID): filter \(other.filter)") }
      if other.start?.text != row.start.text { found.append("\(row.observationID): another time") }
      if other.exposureSeconds != Double(row.exposureSeconds) {
        found.append("\(row.observationID): \(other.exposureSeconds) s, not \(row.exposureSeconds) s")
      }
      return found
    }
  }

  func send(now: Instant) async throws(IcareError) -> SendOutcome {
    if let complaint = push.complaints.first { throw .invalid(complaint) }
    var place = try await place()
    var there = try await there(place)
    if !isWhole(there) {
      try check(place)
      let fields = place.fields.compactMap { $0 }
      desk.willWrite(key, at: now)
      try await desk.client.postObservations(
        push.body(telescope: place.telescope, fields: fields.count == push.rows.count ? fields : nil))
      place = try await self.place()
      there = try await self.there(place)
      guard isWhole(there) else { return .ambiguous(reason: "ICARE inserts the observations later") }
    }
    desk.ledger.compared(key, compare(there, place), at: now)
    return .confirmed(receipt: "\(push.rows.count) observations")
  }

  private func check(_ place: Place) throws(IcareError) {
    let unknown = Set(push.rows.map(\.filter)).subtracting(place.instrument.filters).sorted()
    guard unknown.isEmpty else {
      throw .invalid("\(place.instrument.name) has no filter \(unknown.joined(separator: ", ")) in ICARE")
    }
    let missing = zip(push.rows, place.fields).filter { $0.field != nil && $1 == nil }.compactMap(\.0.field)
    guard missing.isEmpty else {
      let list = Set(missing).sorted().map(String.init).joined(separator: ", ")
      throw .invalid("\(place.instrument.name) has no field \(list) in ICARE")
    }
  }
}
