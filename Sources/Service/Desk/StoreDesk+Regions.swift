import Dashboard
import Healpix
import Skymaps
import Store
import Units

/// Credible regions of events' maps, for whoever plans by himself.
extension StoreDesk {
  func region(of event: String, file: String) async throws(DeskError) -> FileView {
    let parts = file.split(separator: ".", maxSplits: 1).map { String($0) }
    guard parts.count == 2, let level = [50, 90].first(where: { "\($0)" == parts[0] }),
      let form = MOCFile(rawValue: parts[1])
    else {
      throw .notFound("no file \(PlainWords.shown(file)); there are 50. and 90. of \(MOCFile.names)")
    }
    let stored = try await asked { () async throws(StoreError) in try await store.event(event) }
    _ = try memo(stored)
    let key = "\(event) \(stored.revision) \(file)"
    if let known = state.sight.region(key) { return known }
    guard let engine = state.engine else {
      throw .unavailable("this instance stands by: ask the one that works")
    }
    let held: MapShelf.Held?
    do { held = try await engine.region(of: event) } catch {
      throw .unavailable("the map of \(event) cannot be had: \(error)")
    }
    guard let held else { throw .notFound("\(event) has no map") }
    let coverage = CredibleRegions(of: held.map).coverageInICRS(at: Fraction(clamping: Double(level) / 100))
    let view = form.view(
      of: coverage,
      cards: [
        .init("EVENT", event), .init("LEVEL", "0.\(level / 10)", comment: "credible level"),
        .init("MAPSHA", held.digest, comment: "SHA-256 of the map"), .init("ORIGIN", "GRANDMA"),
      ])
    state.sight.keep(view, region: key)
    return view
  }
}

extension Engine {
  /// The best map of an event that is at hand, else the region that its notice states; nil if it has neither.
  func region(of id: String) async throws -> MapShelf.Held? {
    guard let event = try await event(id) else { return nil }
    return try await ownMap(of: event, id)
  }
}
