import Deliveries
import Units

struct PlanPusher: Pusher {
  let desk: IcareDesk
  let push: PlanPush
  let key: String
  let digest: String

  /// What everything about the plan refers to.
  private struct Place {
    let event: IcareEvent
    let map: IcareEvent.Map
    let allocation: IcareAllocation
    let instrument: IcareInstrument
  }

  private enum Found {
    case place(Place)
    case wait(SendOutcome)
  }

  func readBack(now: Instant) async throws(IcareError) -> ReadBackVerdict {
    guard let event = try await desk.event(push.event, now: now) else { return desk.absent(key, at: now) }
    let (_, instrument) = try await desk.allocation(push.allocation, type: "observation_plan", now: now)
    var (requests, machine) = try await look(event, instrument, now: now)
    var stuck: Set<Int> = []
    while true {
      switch machine.next(requests, stuck: stuck) {
      case .done(let request):
        // What a process left that was killed is nobody's any more once this counts as delivered.
        await report(machine.burnt(requests), event: event, now: now)
        return .present(receipt(request))
      case .wait(let why): return .notYet(why)
      case .removeOrphan(let orphan):
        // Only where the plan is there as well: else `send` decides.
        guard machine.whole(in: requests) != nil else { return desk.absent(key, at: now) }
        if try await remove(orphan, now: now) {
          requests.removeAll { $0.id == orphan.id }
        } else {
          stuck.insert(orphan.id)
        }
      case .post, .refuse, .overtaken: return desk.absent(key, at: now)
      }
    }
  }

  func differences(now: Instant) async throws(IcareError) -> [String]? {
    guard let event = try await desk.event(push.event, now: now) else { return nil }
    let (_, instrument) = try await desk.allocation(push.allocation, type: "observation_plan", now: now)
    let (requests, machine) = try await look(event, instrument, now: now)
    guard let request = machine.whole(in: requests) else { return nil }
    await report(machine.burnt(requests), event: event, now: now)
    let fields = try await desk.client.fields(ofInstrument: instrument.id)
    let numbers = push.pointings.map { number(for: $0, in: fields) ?? -1 }
    var found = machine.differences(request, fields: numbers)
    let map = try await desk.map(push.map, of: event)
    if let newer = machine.successor(of: request, in: requests) {
      found.append("\(newer) says that it takes its place")
    }
    for name in machine.forgotten(in: requests) where name != request.planName {
      found.append("the older plan \(name) is there, too, and no plan says that it takes its place")
    }
    if map?.id != request.localizationID { found.append("it refers to another sky map") }
    return found
  }

  func send(now: Instant) async throws(IcareError) -> SendOutcome {
    guard push.complaints.isEmpty else {
      throw .invalid("\(push.name): \(push.complaints.prefix(5).joined(separator: "; "))")
    }
    let place: Place
    switch try await findPlace(now: now) {
    case .place(let found): place = found
    case .wait(let outcome): return outcome
    }
    var (requests, machine) = try await look(place.event, place.instrument, now: now)
    var stuck: Set<Int> = []
    var taken: Set<String> = []
    while true {
      switch machine.next(requests, stuck: stuck, taken: taken) {
      case .done(let request):
        await report(machine.burnt(requests), event: place.event, now: now)
        desk.ledger.compared(key, machine.differences(request, fields: nil), at: now)
        return .confirmed(receipt: receipt(request))
      case .wait(let why): return .unsent(reason: why, after: now + desk.settings.eventPoll)
      case .refuse(let why): throw .invalid(why)
      case .removeOrphan(let orphan):
        if try await remove(orphan, now: now) {
          requests.removeAll { $0.id == orphan.id }
        } else {
          stuck.insert(orphan.id)
        }
      case .overtaken(let newer):
        let why = "ICARE has the plan \(newer), which knows more than \(push.name): not sent"
        desk.ledger.note(why, key: key, at: now)
        return .unsent(reason: why, after: now + desk.settings.overtakenPoll)
      case .post(let name):
        await report(machine.burnt(requests), event: place.event, now: now)
        if try await desk.client.planNameIsTaken(name) {
          taken.insert(name)
          continue
        }
        guard let fields = try await resolveFields(place.instrument, now: now) else {
          let why = "ICARE is making the fields of \(place.instrument.name)"
          return .unsent(reason: why, after: now + desk.settings.fieldPoll)
        }
        let old = machine.superseded(in: requests)
        return try await post(name, over: old, place, fields, machine, now: now)
      }
    }
  }

  private func findPlace(now: Instant) async throws(IcareError) -> Found {
    guard let event = try await desk.event(push.event, now: now) else {
      let why = "ICARE has not taken in the event yet"
      return .wait(.unsent(reason: why, after: now + desk.settings.eventPoll))
    }
    var map = try await desk.map(push.map, of: event)
    if map == nil, let fresh = try await desk.event(push.event, now: now, fresh: true) {
      map = try await desk.map(push.map, of: fresh)
    }
    guard let map else {
      let why = "ICARE does not have the sky map \(push.map.name) of \(event.time.text) yet"
      return .wait(.unsent(reason: why, after: now + desk.settings.eventPoll))
    }
    let (allocation, instrument) = try await desk.allocation(
      push.allocation, type: "observation_plan", now: now)
    let unknown = Set(push.pointings.map(\.filter)).subtracting(instrument.filters).sorted()
    guard unknown.isEmpty else {
      let has = instrument.filters.joined(separator: ", ")
      throw .invalid(
        "\(instrument.name) has no filter \(unknown.joined(separator: ", ")) in ICARE (it has \(has))")
    }
    return .place(Place(event: event, map: map, allocation: allocation, instrument: instrument))
  }

  private func look(
    _ event: IcareEvent, _ instrument: IcareInstrument, now: Instant
  ) async throws(IcareError) -> ([IcarePlanRequest], PlanMachine) {
    let (requests, time) = try await desk.client.planRequests(event: event.time, instrumentID: instrument.id)
    let machine = PlanMachine(
      push: push, key: key, digest: digest, serverTime: time ?? now, settle: desk.settings.settle)
    return (requests, machine)
  }

  private func receipt(_ request: IcarePlanRequest) -> String {
    PlanReceipt(requestID: request.id, name: request.planName ?? push.name).description
  }

  /// - Returns: whether it is gone.
  private func remove(_ orphan: IcarePlanRequest, now: Instant) async throws(IcareError) -> Bool {
    do throws(IcareError) {
      try await desk.client.deletePlanRequest(orphan.id)
    } catch {
      guard case .refused(let refusal) = error else { throw error }
      if refusal.message.hasPrefix("Cannot find") { return true }
      _ = desk.ledger.left(
        orphan.id, "request \(orphan.id) has no plan and could not be removed: \(refusal.message)",
        key: key, at: now)
      return false
    }
    desk.ledger.removedOrphan(orphan.id, key: key, at: now)
    return true
  }

  /// In the status and, once, on the event: only an administrator can remove a plan.
  private func report(_ burnt: [IcarePlanRequest], event: IcareEvent, now: Instant) async {
    for request in burnt {
      let name = request.planName ?? ""
      let text =
        "plan \(name) (request \(request.id)) was cut off while it was uploaded and holds no pointings"
      _ = desk.ledger.left(request.id, text, key: key, at: now)
      guard !desk.ledger.isTold(request.id) else { continue }
      let comment = "\(text); an ICARE administrator can delete it\n[vesper burnt \(name)]"
      do throws(IcareError) {
        _ = try await desk.client.addComment(comment, on: .event(event.id))
        desk.ledger.told(request.id)
      } catch {
        // The status has it; the comment is for people who look at the event, and is tried again.
        desk.ledger.note("could not comment on \(name): \(error)", key: key, at: now)
      }
    }
  }

  private func post(
    _ name: String, over old: String?, _ place: Place, _ fields: [Int], _ machine: PlanMachine, now: Instant
  ) async throws(IcareError) -> SendOutcome {
    let body = push.body(
      name: name, event: place.event.id, map: place.map.id, allocation: place.allocation.id,
      fields: fields, key: key, digest: digest, supersedes: old)
    desk.willWrite(key, at: now)
    let id: Int
    do throws(IcareError) {
      id = try await desk.client.postPlan(body)
    } catch {
      guard case .refused(let refusal) = error else { throw error }
      return try await cleanUp(after: refusal, place, now: now)
    }
    // The closed loop: what is there is compared with what was meant. It is there in any case.
    do throws(IcareError) {
      let (requests, _) = try await look(place.event, place.instrument, now: now)
      if let request = requests.first(where: { $0.id == id }) {
        desk.ledger.compared(key, machine.differences(request, fields: fields), at: now)
      } else {
        desk.ledger.compared(key, ["the request \(id) is not listed"], at: now)
      }
    } catch {
      desk.ledger.note("not read back yet: \(error)", key: key, at: now)
    }
    return .confirmed(receipt: PlanReceipt(requestID: id, name: name).description)
  }

  /// The server has answered, so nothing is under way any more: what it left can be removed at once.
  private func cleanUp(
    after refusal: IcareRefusal, _ place: Place, now: Instant
  ) async throws(IcareError) -> SendOutcome {
    var (requests, machine) = try await look(place.event, place.instrument, now: now)
    machine.settle = .zero
    var stuck: Set<Int> = []
    while case .removeOrphan(let orphan) = machine.next(requests, stuck: stuck) {
      if try await remove(orphan, now: now) {
        requests.removeAll { $0.id == orphan.id }
      } else {
        stuck.insert(orphan.id)
      }
    }
    if case .done(let request) = machine.next(requests, stuck: stuck) {
      return .confirmed(receipt: receipt(request))
    }
    await report(machine.burnt(requests), event: place.event, now: now)
    if refusal.message.contains("UniqueViolation") {
      return .unsent(reason: "the name was taken meanwhile", after: now + .seconds(1))
    }
    throw .refused(refusal)
  }
}

// MARK: fields

extension PlanPusher {
  private func number(for pointing: PlanPush.Pointing, in fields: [IcareField]) -> Int? {
    if let wanted = pointing.field { return fields.first { $0.number == wanted }?.number }
    return fields.filter { isAt(pointing, $0) }.map(\.number).min()
  }

  private func isAt(_ pointing: PlanPush.Pointing, _ field: IcareField) -> Bool {
    let a = Direction<ICRS>(
      ra: .degrees(pointing.rightAscensionDegrees), dec: .degrees(pointing.declinationDegrees))
    let b = Direction<ICRS>(
      ra: .degrees(field.rightAscensionDegrees), dec: .degrees(field.declinationDegrees))
    return a.separation(from: b) <= desk.settings.fieldTolerance
  }

  /// - Returns: the field numbers of all pointings; nil while some are being made.
  /// - Throws: `.invalid` when a field of that number lies elsewhere in ICARE.
  private func resolveFields(_ instrument: IcareInstrument, now: Instant) async throws(IcareError) -> [Int]? {
    let lock = "fields/\(instrument.id)"
    await desk.gate.enter(lock)
    do throws(IcareError) {
      let numbers = try await fieldNumbers(instrument, now: now)
      await desk.gate.leave(lock)
      return numbers
    } catch {
      await desk.gate.leave(lock)
      throw error
    }
  }

  private func fieldNumbers(_ instrument: IcareInstrument, now: Instant) async throws(IcareError) -> [Int]? {
    let fields = try await desk.client.fields(ofInstrument: instrument.id)
    var byNumber: [Int: IcareField] = [:]
    for field in fields { byNumber[field.number] = field }
    var missing: [PlanPush.Pointing] = []
    var numbers: [Int] = []
    for pointing in push.pointings {
      if let wanted = pointing.field, let known = byNumber[wanted], !isNear(pointing, known) {
        throw .invalid(
          "field \(wanted) of \(instrument.name) lies elsewhere in ICARE: \(known.rightAscensionDegrees) \(known.declinationDegrees)"
        )
      }
      if let number = number(for: pointing, in: fields) {
        numbers.append(number)
      } else {
        missing.append(pointing)
      }
    }
    if missing.isEmpty { return numbers }
    if desk.fieldsAsked(instrument.id, at: now).allSatisfy({ number(for: $0, in: fields) != nil }) {
      guard instrument.hasRegion else {
        throw .invalid("\(instrument.name) has no field of view in ICARE, so it cannot get fields")
      }
      desk.asksForFields(missing, of: instrument.id, at: now)
      try await desk.client.addFields(
        missing.map { ($0.field ?? -1, $0.rightAscensionDegrees, $0.declinationDegrees) },
        toInstrument: instrument.id)
    }
    return nil
  }

  /// A numbered field may have been rounded on its way there.
  private func isNear(_ pointing: PlanPush.Pointing, _ field: IcareField) -> Bool {
    let a = Direction<ICRS>(
      ra: .degrees(pointing.rightAscensionDegrees), dec: .degrees(pointing.declinationDegrees))
    let b = Direction<ICRS>(
      ra: .degrees(field.rightAscensionDegrees), dec: .degrees(field.declinationDegrees))
    return a.separation(from: b) <= .arcseconds(10)
  }
}

/// Handing a plan to the telescope's queue. ICARE refuses a second time, and a repeat after a lost answer
/// replaces the list of the same name at the telescope.
struct PlanSendPusher: Pusher {
  let desk: IcareDesk
  let plan: PlanReceipt
  let key: String

  private enum Standing {
    case unsent
    case sent(String)
    case rejected(String)
    case gone
  }

  private func standing() async throws(IcareError) -> Standing {
    guard let request = try await desk.client.planRequest(plan.requestID) else { return .gone }
    return Self.standing(request.status)
  }

  private static func standing(_ status: String) -> Standing {
    let text = status.lowercased()
    if text == "complete" { return .unsent }
    // E-mail, Slack and scp give "submitted", the interface "submitted to telescope queue".
    return text.hasPrefix("submitted") ? .sent(status) : .rejected(status)
  }

  func readBack(now: Instant) async throws(IcareError) -> ReadBackVerdict {
    if case .sent(let status) = try await standing() { return .present("\(plan.requestID) \(status)") }
    return desk.absent(key, at: now)
  }

  func send(now: Instant) async throws(IcareError) -> SendOutcome {
    switch try await standing() {
    case .sent(let status): return .confirmed(receipt: "\(plan.requestID) \(status)")
    case .rejected(let status): return .refused(reason: "\(plan.name): \(Redaction.clean(status))")
    case .gone: return .refused(reason: "\(plan.name) is not in ICARE any more")
    case .unsent: break
    }
    desk.willWrite(key, at: now)
    // The answer is a success whatever the telescope said: its status tells.
    switch Self.standing(try await desk.client.queuePlan(plan.requestID)) {
    case .sent(let status): return .confirmed(receipt: "\(plan.requestID) \(status)")
    case .rejected(let status): return .refused(reason: "\(plan.name): \(Redaction.clean(status))")
    case .unsent, .gone: return .ambiguous(reason: "\(plan.name) was sent and its status has not changed")
    }
  }
}
