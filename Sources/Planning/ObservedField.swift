import Observatories
import Targeting
import Units

/// An exposure that was taken, or is being taken.
public struct ObservedField: Sendable, Hashable {
  public let telescopeID: String
  public let center: Direction<ICRS>
  /// Of the whole field, from north toward east, on top of the field's own.
  public let rotation: Angle
  public let field: FieldOfView
  /// 5 sigma; nil: not known, and the sky counts as covered by the shallowest.
  public let limit: Magnitude?

  public init(
    telescopeID: String, center: Direction<ICRS>, rotation: Angle = .zero, field: FieldOfView,
    limit: Magnitude?
  ) {
    self.telescopeID = telescopeID
    self.center = center
    self.rotation = rotation
    self.field = field
    self.limit = limit
  }

  public var footprint: Footprint { Footprint(field, at: center, rotation: rotation) }

  var digestText: String {
    "\(telescopeID):\(center.ra.degrees),\(center.dec.degrees),\(rotation.degrees),\(limit?.value ?? -1)"
  }
}

/// A stretch of time in which a telescope, or one of its filters, cannot be used.
public struct Outage: Sendable, Hashable {
  public let telescopeID: String
  /// Which filter; nil: the whole telescope. A filter that is out during any part of a plan's window is not
  /// planned in it.
  public let filter: String?
  public let window: TimeWindow
  public let reason: String

  public init(telescopeID: String, filter: String? = nil, window: TimeWindow, reason: String) {
    self.telescopeID = telescopeID
    self.filter = filter
    self.window = window
    self.reason = reason
  }

  var digestText: String {
    "\(telescopeID):\(filter ?? ""):\(window.start.tai)/\(window.end.tai):\(reason)"
  }
}

/// A tile that a telescope's team will not observe.
public struct RefusedTile: Sendable, Hashable {
  public let telescopeID: String
  public let center: Direction<ICRS>
  public init(telescopeID: String, center: Direction<ICRS>) {
    self.telescopeID = telescopeID
    self.center = center
  }

  var digestText: String { "\(telescopeID):\(center.ra.degrees),\(center.dec.degrees)" }
}

extension Telescope {
  /// As it is while outages hold: closed, or with other filters.
  func during(_ outages: [Outage], in window: TimeWindow) -> Telescope {
    var copy = self
    for outage in outages where outage.telescopeID == id {
      guard let filter = outage.filter else {
        copy.closures.append(Closure(window: outage.window, reason: outage.reason))
        continue
      }
      guard outage.window.intersection(window) != nil else { continue }
      copy.filters.removeAll { $0 == filter }
      guard copy.exposure.filter == filter else { continue }
      copy.exposure.filter = copy.filters.first
      if copy.filters.isEmpty {
        copy.closures.append(Closure(window: outage.window, reason: "filter \(filter): \(outage.reason)"))
      }
    }
    return copy
  }
}
