import Campaigns
import Notices
import SkymapFiles
import Skymaps
import Store
import Units

/// Another event that may be of the same source.
struct Companion {
  /// Its id in the store.
  let id: String
  let coincidence: Coincidence
  /// The map of both together, where they have maps that agree.
  let joint: (reference: String, held: MapShelf.Held)?
}

extension Engine {
  /// The widest window of the search.
  private static let farthest: Duration = .minutes(20)
  /// Below, the maps speak rather against one source than for it: 1 is what unrelated maps have on average.
  private static let agreement = 1.0

  /// Stored events that coincide with this one in time, with the sky taken into account where both have a
  /// place; the nearest in time first.
  func companions(of event: Event, _ id: String) async throws -> [Companion] {
    guard event.status == .active, !event.standing.isEmpty, let time = event.time else { return [] }
    var found: [Companion] = []
    for other in files.near(time, within: Self.farthest, of: event.realm, but: id) {
      guard let second = try await self.event(other),
        let pair = Coincidence.found(for: event, among: [second]).first
      else { continue }
      guard let mine = try await ownMap(of: event, id), let theirs = try await ownMap(of: second, other),
        // Maps in different frames say nothing together: the times still do.
        let overlap = try? SkyOverlap.integral(mine.map, theirs.map)
      else {
        found.append(Companion(id: other, coincidence: pair, joint: nil))
        continue
      }
      let coincidence = pair.with(overlap: overlap)
      let joint =
        overlap >= Self.agreement && coincidence.counts(in: CoincidenceWindows())
        ? jointMap(mine, theirs) : nil
      found.append(Companion(id: other, coincidence: coincidence, joint: joint))
    }
    return found.sorted { abs($0.coincidence.difference.seconds) < abs($1.coincidence.difference.seconds) }
  }

  /// Equal for both events.
  private func jointMap(
    _ a: MapShelf.Held, _ b: MapShelf.Held
  ) -> (reference: String, held: MapShelf.Held)? {
    let (first, second) = a.digest < b.digest ? (a, b) : (b, a)
    let digest = SHA256.hexDigest(of: "\(first.digest)\n\(second.digest)")
    let reference = "joint:\(digest)"
    if let held = shelf.find(reference) { return (reference, held) }
    // Maps that agree have a product.
    guard let map = try? SkyOverlap.joint(first.map, second.map) else { return nil }
    return (reference, shelf.put(map, digest: digest, as: reference))
  }

  /// What the event says by itself: its best map at hand, else the region it states.
  func ownMap(of event: Event, _ id: String) async throws -> MapShelf.Held? {
    for reference in event.mapReferences {
      if let held = try await map(reference, of: id) { return held }
    }
    guard var notice = event.localizing, let region = notice.planningRegion else { return nil }
    let digest = SHA256.hexDigest(of: try RecordJSON.text(Coded(wrappedValue: region)))
    if let held = shelf.find("region:\(digest)") { return held }
    notice.localization = .region(region)
    notice.wave?.coincidence = nil
    notice.systematics = nil
    // Without a map of it the times still speak.
    guard let map = try? SkymapFile.read(notice) else { return nil }
    return shelf.put(map, digest: digest, as: "region:\(digest)")
  }

  /// A map of two events, worked out again when it is not at hand.
  func jointMap(_ reference: String, of event: Event, _ id: String) async throws -> MapShelf.Held? {
    if let held = shelf.find(reference) { return held }
    return try await companions(of: event, id).first { $0.joint?.reference == reference }?.joint?.held
  }

  /// Puts coincidences before the decision; what is new about them is logged, and the others are stepped too.
  func add(
    _ companions: [Companion], to situation: inout Situation, of id: String, _ memo: inout EventMemo,
    _ outcome: inout StepOutcome
  ) {
    situation.coincidences = companions.map(\.coincidence)
    // The sender's own joint map knows more than ours.
    let hasOwn = situation.event.localizing?.wave?.coincidence?.combinedMap != nil
    if !hasOwn, let joint = companions.lazy.compactMap(\.joint).first {
      situation.maps[joint.reference] = joint.held.summary
      situation.jointMap = joint.reference
    }
    let before = memo.companions ?? [:]
    let texts = Dictionary(
      companions.map { ($0.id, $0.coincidence.text) }, uniquingKeysWith: { first, _ in first })
    guard texts != before else { return }
    for (other, text) in texts.sorted(by: { $0.key < $1.key }) where before[other] != text {
      outcome.log.append(Self.line("coincidence.found", id, "with \(other): \(text)"))
    }
    for other in before.keys.sorted() where texts[other] == nil {
      outcome.log.append(Self.line("coincidence.gone", id, "no longer with \(other)"))
    }
    for other in Set(before.keys).union(texts.keys).sorted() where before[other] != texts[other] {
      outcome.timers.append(
        TimerDraft(id: "with/\(id)/\(other)", event: other, kind: "step", due: situation.now))
    }
    memo.companions = texts
  }
}
