import Units

extension Plan.Assignment {
  /// A pointing that no search over tiles has made, such as a visit to a point source.
  /// - Parameters:
  ///   - end: of the last exposure, readouts between included.
  ///   - probability: inside the footprint; 1 where it holds the source.
  public init(
    rank: Int, fieldID: String, center: Direction<ICRS>, start: Instant, end: Instant, latestStart: Instant,
    exposure: Duration, exposureCount: Int, filter: String?, probability: Fraction,
    conditions: Plan.Conditions
  ) {
    self.rank = rank
    self.fieldID = fieldID
    tileKey = fieldID
    self.center = center
    positionAngle = .zero
    self.start = start
    self.end = end
    self.latestStart = latestStart
    self.exposure = exposure
    self.exposureCount = exposureCount
    self.filter = filter
    self.probability = probability
    added = probability
    cumulative = probability
    self.conditions = conditions
  }
}
