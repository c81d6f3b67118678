import Deliveries
import Units

struct EventPusher: Pusher {
  let desk: IcareDesk
  let push: EventPush
  let key: String

  private func receipt(_ event: IcareEvent) -> String { "\(event.id) \(event.time.text)" }

  private func carries(_ event: IcareEvent) -> Bool {
    event.aliases.contains { $0 == push.alias || $0.hasSuffix("#" + push.alias) }
  }

  /// Sending it again adds nothing, so there is no need to wait for an attempt that may be under way.
  func readBack(now: Instant) async throws(IcareError) -> ReadBackVerdict {
    guard let event = try await desk.event(push.event, now: now, fresh: true), carries(event) else {
      return .absent
    }
    return .present(receipt(event))
  }

  func send(now: Instant) async throws(IcareError) -> SendOutcome {
    var event = try await desk.event(push.event, now: now, fresh: true)
    if event == nil {
      if now < push.createAfter.instant {
        let next = min(push.createAfter.instant, now + desk.settings.eventPoll)
        return .unsent(reason: "ICARE has not taken in the event yet", after: next)
      }
      desk.willWrite(key, at: now)
      _ = try await desk.client.postEvent(try await body())
      event = try await desk.event(push.event, now: now, fresh: true)
    }
    guard let event else { return .ambiguous(reason: "the event was created and is not listed yet") }
    if !carries(event) {
      desk.willWrite(key, at: now)
      do throws(IcareError) {
        try await desk.client.addAlias(push.alias, to: event.time)
      } catch {
        guard case .refused(let refusal) = error, refusal.status == 404 else { throw error }
        throw .missingRight(IcareRefusal(status: 404, message: "Manage GCNs", call: refusal.call))
      }
    }
    return .confirmed(receipt: receipt(event))
  }

  /// Without tags and properties: they would be added again with every repeat.
  private func body() async throws(IcareError) -> JSONNode {
    var body: JSONNode = ["dateobs": .string(push.event.time.text)]
    let names = push.event.aliases + (push.event.aliases.contains(push.alias) ? [] : [push.alias])
    body = body.merging(["aliases": .texts(names)])
    if let trigger = push.event.triggerID { body = body.merging(["trigger_id": .string(trigger)]) }
    let groups = try await desk.groupIDs(push.groups)
    if !groups.isEmpty { body = body.merging(["group_ids": .integers(groups)]) }
    if let map = push.map {
      body = body.merging(["skymap": MapPusher.skymap(map, name: push.mapName ?? "map")])
    }
    return body
  }
}

struct MapPusher: Pusher {
  let desk: IcareDesk
  let push: MapPush
  let key: String

  static func skymap(_ content: MapContent, name: String) -> JSONNode {
    switch content {
    case .cone(let ra, let dec, let error): ["ra": .number(ra), "dec": .number(dec), "error": .number(error)]
    case .cells(let uniq, let density):
      ["localization_name": .string(name), "uniq": .integers(uniq), "probdensity": .numbers(density)]
    case .file(let base64): .string("data:application/octet-stream;name=\(name);base64,\(base64)")
    }
  }

  /// Sending it again adds nothing, so there is no need to wait for an attempt that may be under way.
  func readBack(now: Instant) async throws(IcareError) -> ReadBackVerdict {
    guard let event = try await desk.event(push.event, now: now, fresh: true),
      let map = try await desk.map(push.map, of: event)
    else { return .absent }
    return .present("\(map.id) \(map.name)")
  }

  func send(now: Instant) async throws(IcareError) -> SendOutcome {
    guard let event = try await desk.event(push.event, now: now, fresh: true) else {
      return .unsent(reason: "ICARE has not taken in the event yet", after: now + desk.settings.eventPoll)
    }
    if let map = try await desk.map(push.map, of: event) {
      return .confirmed(receipt: "\(map.id) \(map.name)")
    }
    if case .cells(let uniq, let density) = push.content {
      guard !uniq.isEmpty, uniq.count == density.count, density.allSatisfy({ $0.isFinite && $0 >= 0 }) else {
        throw .invalid("the sky map's columns do not fit")
      }
    }
    let isTaken = event.localizations.contains { $0.name == push.map.name }
    guard let name = isTaken ? push.map.distinctName : push.map.name else {
      throw .invalid("the sky map's name \(push.map.name) is taken and it has no digest to tell it apart")
    }
    desk.willWrite(key, at: now)
    let body: JSONNode = [
      "dateobs": .string(event.time.text), "skymap": Self.skymap(push.content, name: name),
    ]
    _ = try await desk.client.postEvent(body)
    if case .present(let receipt) = try await readBack(now: now) { return .confirmed(receipt: receipt) }
    return .ambiguous(reason: "ICARE took the sky map and does not list it yet")
  }
}

struct TagPusher: Pusher {
  let desk: IcareDesk
  let push: TagPush
  let key: String

  func readBack(now: Instant) async throws(IcareError) -> ReadBackVerdict {
    guard let event = try await desk.event(push.event, now: now, fresh: true) else {
      return push.isRemoved ? .present(push.text) : desk.absent(key, at: now)
    }
    guard event.tags.contains(push.text) != push.isRemoved else { return desk.absent(key, at: now) }
    return .present("\(event.id) \(push.text)")
  }

  func send(now: Instant) async throws(IcareError) -> SendOutcome {
    guard let event = try await desk.event(push.event, now: now, fresh: true) else {
      return push.isRemoved
        ? .confirmed(receipt: push.text)
        : .unsent(reason: "ICARE has not taken in the event yet", after: now + desk.settings.eventPoll)
    }
    let receipt = "\(event.id) \(push.text)"
    guard event.tags.contains(push.text) == push.isRemoved else { return .confirmed(receipt: receipt) }
    desk.willWrite(key, at: now)
    guard push.isRemoved else {
      try await desk.client.addTag(push.text, to: event.time)
      return .confirmed(receipt: receipt)
    }
    // A tag that was added more than once has as many rows, of which a call removes one.
    for _ in 0..<50 where try await !desk.client.removeTag(push.text, from: event.time) { break }
    if case .present = try await readBack(now: now) { return .confirmed(receipt: receipt) }
    let why = "the tag is someone else's: removing it needs Manage GCNs"
    throw .missingRight(IcareRefusal(status: 404, message: why, call: "DELETE gcn_event/tags"))
  }
}

struct CommentPusher: Pusher {
  let desk: IcareDesk
  let push: CommentPush
  let key: String

  private var mark: String { "\n[vesper \(key)\(push.essence.map { " \($0)" } ?? "")]" }
  /// The text that is there, exactly.
  private var text: String { push.text + mark }

  private func isThere(_ comment: IcareComment) -> Bool {
    push.essence == nil ? comment.text == text : comment.text.hasSuffix(mark)
  }

  private func target(now: Instant) async throws(IcareError) -> IcareClient.CommentTarget? {
    if let source = push.source { return .source(source) }
    guard let identity = push.event else { throw .invalid("a comment on nothing") }
    return try await desk.event(identity, now: now).map { .event($0.id) }
  }

  /// Sending it again adds nothing, so there is no need to wait for an attempt that may be under way.
  func readBack(now: Instant) async throws(IcareError) -> ReadBackVerdict {
    guard let target = try await target(now: now),
      let found = try await desk.client.comments(on: target).first(where: isThere)
    else { return .absent }
    return .present(String(found.id))
  }

  func send(now: Instant) async throws(IcareError) -> SendOutcome {
    guard let target = try await target(now: now) else {
      return .unsent(reason: "ICARE has not taken in the event yet", after: now + desk.settings.eventPoll)
    }
    if let found = try await desk.client.comments(on: target).first(where: isThere) {
      return .confirmed(receipt: String(found.id))
    }
    let groups = try await desk.groupIDs(push.groups)
    var attachment: (name: String, dataURI: String)?
    if let name = push.attachmentName, let base64 = push.attachmentBase64 {
      attachment = (name, "data:application/octet-stream;base64,\(base64)")
    }
    desk.willWrite(key, at: now)
    let id = try await desk.client.addComment(text, on: target, groupIDs: groups, attachment: attachment)
    return .confirmed(receipt: String(id))
  }
}

struct TriggerPusher: Pusher {
  let desk: IcareDesk
  let push: TriggerPush
  let key: String

  /// Sending it again adds nothing, so there is no need to wait for an attempt that may be under way.
  func readBack(now: Instant) async throws(IcareError) -> ReadBackVerdict {
    guard let event = try await desk.event(push.event, now: now) else { return .absent }
    let (allocation, _) = try await desk.allocation(push.allocation, type: "observation_plan", now: now)
    let value = try await desk.client.triggered(event: event.time)[allocation.id]
    return value == push.isTriggered ? .present("\(event.id) \(allocation.id)") : .absent
  }

  func send(now: Instant) async throws(IcareError) -> SendOutcome {
    guard let event = try await desk.event(push.event, now: now) else {
      return .unsent(reason: "ICARE has not taken in the event yet", after: now + desk.settings.eventPoll)
    }
    let (allocation, _) = try await desk.allocation(push.allocation, type: "observation_plan", now: now)
    if try await desk.client.triggered(event: event.time)[allocation.id] != push.isTriggered {
      desk.willWrite(key, at: now)
      try await desk.client.setTriggered(push.isTriggered, event: event.time, allocationID: allocation.id)
    }
    return .confirmed(receipt: "\(event.id) \(allocation.id)")
  }
}
