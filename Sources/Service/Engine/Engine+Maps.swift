import Campaigns
import Notices
import SkymapFiles
import Skymaps
import Store
import Units

extension Engine {
  /// The maps of an event that are at hand; those that turn out to be useless are noted on the event.
  func maps(
    for event: Event, _ id: String, _ memo: inout EventMemo, _ outcome: inout StepOutcome
  ) async throws -> [String: MapSummary] {
    var found: [String: MapSummary] = [:]
    var references = event.mapReferences
    // While the newest map is on its way an older one may serve.
    if let first = references.first, try await map(first, of: id) == nil {
      references += event.allMapReferences.filter { !references.contains($0) }
    }
    for reference in references where found[reference] == nil {
      if let held = try await map(reference, of: id) {
        found[reference] = held.summary
      } else if !memo.unavailableMaps.contains(reference), let reason = try await uselessness(of: reference) {
        memo.unavailableMaps.append(reference)
        outcome.log.append(Self.line("map.unusable", id, "\(reference): \(reason)"))
      }
    }
    return found
  }

  /// Why a map that was asked for by address is of no use; nil while it is on its way.
  private func uselessness(of reference: String) async throws -> String? {
    guard RemoteMapWish.isAddress(reference), let known = try await store.remoteMap(reference) else {
      return nil
    }
    switch known.map.content {
    case .unavailable(let reason): return reason
    case .bytes(let bytes):
      do throws(SkymapFileError) {
        _ = try SkymapFile.read(bytes: bytes)
        return nil
      } catch {
        return "what came is no sky map: \(error.description)"
      }
    }
  }

  func keep(_ held: HeldMap) {
    guard shelf.find(held.reference) == nil else { return }
    do throws(SkymapFileError) {
      let digest = String(held.reference.dropFirst("sha256:".count))
      shelf.put(try SkymapFile.read(bytes: held.bytes), digest: digest, as: held.reference)
    } catch {
      logger.warning("the map in a notice cannot be read", metadata: ["error": "\(error)"])
    }
  }

  /// A map of an event by its reference, read again from where it was kept if need be.
  func map(_ reference: String, of id: String) async throws -> MapShelf.Held? {
    if let held = shelf.find(reference) { return held }
    if RemoteMapWish.isAddress(reference) { return try await remoteMap(reference) }
    for number in try await store.notices(of: id).reversed() {
      let hand = try await store.notice(number)
      // What could not be read when it came is in quarantine and belongs to no event.
      guard let notice = try? NoticeParser.parse(bytes: hand.bytes, topic: hand.notice.topic) else {
        continue
      }
      for map in notice.withMapsHeld().maps where map.reference == reference { keep(map) }
      if let held = shelf.find(reference) { return held }
    }
    return nil
  }

  private func remoteMap(_ url: String) async throws -> MapShelf.Held? {
    guard let known = try await store.remoteMap(url), case .bytes(let bytes) = known.map.content,
      // The event says why, once: see `uselessness`.
      let map = try? SkymapFile.read(bytes: bytes)
    else { return nil }
    return shelf.put(map, digest: known.digest ?? "", as: url)
  }
}
