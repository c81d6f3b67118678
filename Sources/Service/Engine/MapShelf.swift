import Campaigns
import Notices
import SkymapFiles
import Skymaps
import Units

/// The sky maps in use, by reference: read once, the least used dropped first.
struct MapShelf {
  struct Held: Sendable {
    let map: Skymap
    let summary: MapSummary
    let digest: String
  }
  private var held: [String: Held] = [:]
  private var order: [String] = []
  private let capacity = 6

  mutating func find(_ reference: String) -> Held? {
    guard let found = held[reference] else { return nil }
    order.removeAll { $0 == reference }
    order.append(reference)
    return found
  }

  @discardableResult
  mutating func put(_ map: Skymap, digest: String, as reference: String) -> Held {
    let new = Held(map: map, summary: MapSummary(of: map), digest: digest)
    held[reference] = new
    order.removeAll { $0 == reference }
    order.append(reference)
    if order.count > capacity { held[order.removeFirst()] = nil }
    return new
  }
}
