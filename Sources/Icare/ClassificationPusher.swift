import Deliveries
import Units

/// GO and STOP can stand side by side in ICARE; its pages show the one changed last. So superseding is
/// adding, and going back to an earlier label is removing our old row first, since ICARE refuses a repeat.
struct ClassificationPusher: Pusher {
  let desk: IcareDesk
  let push: ClassificationPush
  let key: String

  private struct Shown {
    let rows: [IcareClassification]
    var current: IcareClassification? {
      rows.filter { $0.probability > 0 }.max { a, b in
        (a.modified?.instant.tai ?? .min, a.id) < (b.modified?.instant.tai ?? .min, b.id)
      }
    }
  }

  private func shown(now: Instant) async throws(IcareError) -> (Shown, IcareTaxonomy) {
    let taxonomy = try await desk.taxonomy(named: push.taxonomy, now: now)
    let all = try await desk.client.classifications(of: push.source.id)
    return (Shown(rows: all.filter { $0.taxonomyID == taxonomy.id }), taxonomy)
  }

  func readBack(now: Instant) async throws(IcareError) -> ReadBackVerdict {
    guard try await desk.client.source(push.source.id) != nil else { return desk.absent(key, at: now) }
    let (shown, _) = try await shown(now: now)
    if let current = shown.current, current.label == push.label { return .present(String(current.id)) }
    let me = try await desk.ownUserID()
    // Ours arrived and a person has changed it since: it is done.
    let ours = shown.rows.first {
      $0.label == push.label && $0.authorID == me && ($0.modified.map { $0 >= push.decided } ?? false)
    }
    return ours.map { .present(String($0.id)) } ?? desk.absent(key, at: now)
  }

  func send(now: Instant) async throws(IcareError) -> SendOutcome {
    try await desk.ensureSource(push.source, groups: push.groups, key: key, now: now)
    let (shown, taxonomy) = try await shown(now: now)
    guard taxonomy.labels.contains(push.label) else {
      throw .invalid("the taxonomy \(push.taxonomy) has no \(push.label)")
    }
    let me = try await desk.ownUserID()
    if let current = shown.current {
      if current.label == push.label { return .confirmed(receipt: String(current.id)) }
      if current.authorID != me, let modified = current.modified, modified > push.decided {
        let when = modified.text
        throw .invalid("a person set \(current.label) at \(when) UTC, after this was decided: left to stand")
      }
    }
    let groups = try await desk.groupIDs(push.groups)
    desk.willWrite(key, at: now)
    for old in shown.rows where old.label == push.label {
      guard old.authorID == me else {
        throw .invalid("\(push.label) was set by a person and is overruled since: a person must set it again")
      }
      try await desk.client.deleteClassification(old.id)
    }
    try await desk.client.postClassification(
      push.label, taxonomyID: taxonomy.id, source: push.source.id, groupIDs: groups)
    if case .present(let receipt) = try await readBack(now: now) { return .confirmed(receipt: receipt) }
    return .ambiguous(reason: "ICARE took \(push.label) and does not show it yet")
  }
}
