/// What a SkyPortal client asks for.
public struct SkyPortalQuery: Hashable, Sendable {
  /// Echoed in the answer: whose telescopes are meant is told by the token.
  public var instrumentID: Int?
  /// Of the creation of a request, naive UTC as SkyPortal writes it.
  public var startDate: String?
  public var endDate: String?
  /// Part of a status.
  public var status: String?
  public var includesObservations = false
  public init() {}
}

/// `SkyPortal` names its members in snake_case with irregular endings: the names are given by `CodingKeys`.
public struct SkyPortalPlan: Encodable, Sendable {
  public struct Plan: Encodable, Sendable {
    public struct Field: Encodable, Sendable {
      public var id: Int64
      public var fieldId: Int64
      public var ra: Double
      public var dec: Double
      public var instrumentId: Int
      public init(id: Int64, fieldId: Int64, ra: Double, dec: Double, instrumentId: Int) {
        self.id = id
        self.fieldId = fieldId
        self.ra = ra
        self.dec = dec
        self.instrumentId = instrumentId
      }
    }
    public struct Observation: Encodable, Sendable {
      public var id: Int64
      public var plannedObservationId: Int
      public var observationPlanId: Int64
      public var instrumentId: Int
      public var fieldId: Int64
      public var dateobs: String
      public var obstime: String
      public var filt: String
      public var exposureTime: Int
      public var weight: Double
      public var overheadPerExposure: Double
      public var field: Field
      public init(
        id: Int64, plannedObservationId: Int, observationPlanId: Int64, instrumentId: Int, fieldId: Int64,
        dateobs: String, obstime: String, filt: String, exposureTime: Int, weight: Double,
        overheadPerExposure: Double, field: Field
      ) {
        self.id = id
        self.plannedObservationId = plannedObservationId
        self.observationPlanId = observationPlanId
        self.instrumentId = instrumentId
        self.fieldId = fieldId
        self.dateobs = dateobs
        self.obstime = obstime
        self.filt = filt
        self.exposureTime = exposureTime
        self.weight = weight
        self.overheadPerExposure = overheadPerExposure
        self.field = field
      }
    }
    public var id: Int64
    public var observationPlanRequestId: Int64
    public var instrumentId: Int
    public var planName: String
    public var dateobs: String
    public var status: String
    public var validityWindowStart: String
    public var validityWindowEnd: String
    public var createdAt: String
    /// nil when the list was not asked to include them: then the member is left out.
    public var plannedObservations: [Observation]?
    public init(
      id: Int64, observationPlanRequestId: Int64, instrumentId: Int, planName: String, dateobs: String,
      status: String, validityWindowStart: String, validityWindowEnd: String, createdAt: String,
      plannedObservations: [Observation]?
    ) {
      self.id = id
      self.observationPlanRequestId = observationPlanRequestId
      self.instrumentId = instrumentId
      self.planName = planName
      self.dateobs = dateobs
      self.status = status
      self.validityWindowStart = validityWindowStart
      self.validityWindowEnd = validityWindowEnd
      self.createdAt = createdAt
      self.plannedObservations = plannedObservations
    }
  }
  public struct Payload: Encodable, Sendable {
    public var queueName: String
    public var startDate: String
    public var endDate: String
    public var filters: String
    public var planner: String
    public init(queueName: String, startDate: String, endDate: String, filters: String) {
      self.queueName = queueName
      self.startDate = startDate
      self.endDate = endDate
      self.filters = filters
      planner = "vesper"
    }
  }
  public var id: Int64
  public var status: String
  public var gcneventId: Int64
  public var localizationId: Int64
  public var allocationId: Int64
  public var createdAt: String
  public var payload: Payload
  public var observationPlans: [Plan]
  public init(
    id: Int64, status: String, gcneventId: Int64, localizationId: Int64, allocationId: Int64,
    createdAt: String, payload: Payload, observationPlans: [Plan]
  ) {
    self.id = id
    self.status = status
    self.gcneventId = gcneventId
    self.localizationId = localizationId
    self.allocationId = allocationId
    self.createdAt = createdAt
    self.payload = payload
    self.observationPlans = observationPlans
  }
}

/// A request for a single position, as SkyPortal lists it.
public struct SkyPortalFollowup: Encodable, Sendable {
  public struct Target: Encodable, Sendable {
    public var id: String
    public var ra: Double
    public var dec: Double
    public init(id: String, ra: Double, dec: Double) {
      self.id = id
      self.ra = ra
      self.dec = dec
    }
  }
  public struct Payload: Encodable, Sendable {
    public var observationChoices: [String]
    public var exposureTime: Int
    public var exposureCounts: Int
    public var startDate: String
    public var endDate: String
    public init(
      observationChoices: [String], exposureTime: Int, exposureCounts: Int, startDate: String,
      endDate: String
    ) {
      self.observationChoices = observationChoices
      self.exposureTime = exposureTime
      self.exposureCounts = exposureCounts
      self.startDate = startDate
      self.endDate = endDate
    }
  }
  public var id: Int64
  public var objId: String
  public var status: String
  public var allocationId: Int64
  public var createdAt: String
  public var payload: Payload
  public var obj: Target
  public init(
    id: Int64, objId: String, status: String, allocationId: Int64, createdAt: String, payload: Payload,
    obj: Target
  ) {
    self.id = id
    self.objId = objId
    self.status = status
    self.allocationId = allocationId
    self.createdAt = createdAt
    self.payload = payload
    self.obj = obj
  }
}

/// An event, by its time.
public struct SkyPortalEvent: Encodable, Sendable {
  public var id: Int64
  public var dateobs: String
  /// `LVC#S230518h` for gravitational waves.
  public var aliases: [String]
  public init(id: Int64, dateobs: String, aliases: [String]) {
    self.id = id
    self.dateobs = dateobs
    self.aliases = aliases
  }
}
