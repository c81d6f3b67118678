import Units

extension SkyChart {
  /// A field of a plan with what has become of it.
  public struct Fate: Sendable {
    public let state: String
    public let plan: PlanDocument
    /// Of the row in its plan.
    public let position: Int

    public init(state: String, plan: PlanDocument, position: Int) {
      self.state = state
      self.plan = plan
      self.position = position
    }
  }

  /// The same sky with the fields by what has become of them in the place of telescopes.
  /// - Parameter states: in the order of the legend; each keeps its colour, also without a field.
  public func byState(_ fates: [Fate], _ states: [String]) -> SkyChart {
    var copy = self
    copy.layersAre = "Fields by what has become of them"
    copy.layers = states.map { state in
      let rows = fates.filter { $0.state == state && $0.plan.rows.indices.contains($0.position) }
        .map { ($0.plan, $0.plan.rows[$0.position]) }.sorted { $0.1.prob > $1.1.prob }
      let tiles = rows.enumerated().map { i, field in
        Tile(
          rank: i + 1, center: Direction(ra: .degrees(field.1.raDeg), dec: .degrees(field.1.decDeg)),
          parts: FootprintOutline.corners(of: field.0.instrument, at: field.1))
      }
      return Layer(name: state, probability: nil, tiles: tiles)
    }
    return copy
  }
}
