import Units

/// An executed observation as ICARE has it.
public struct IcareObservation: Hashable, Sendable {
  public let observationID: Int
  public let field: Int?
  public let start: NaiveUTC?
  public let filter: String
  public let exposureSeconds: Double
  public let limitingMagnitude: Double?

  init(_ node: JSONNode) throws(IcareError) {
    observationID = try node.needInt("observation_id")
    field = (node["field"]?["field_id"] ?? node["instrument_field_id"])?.int
    start = node.moment("obstime")
    filter = node["filt"]?.text ?? ""
    exposureSeconds = node["exposure_time"]?.double ?? 0
    limitingMagnitude = node["limmag"]?.double
  }
}

extension IcareClient {
  /// Hands over executed observations. The server answers before it inserts, and tells nobody when the
  /// insertion fails: read them back.
  public func postObservations(_ body: JSONNode) async throws(IcareError) {
    _ = try await send(.post, ["observation"], body, .slow)
  }

  public func observations(
    telescope: String, instrument: String, in window: TimeWindow
  ) async throws(IcareError) -> [IcareObservation] {
    let query = [
      (name: "startDate", value: NaiveUTC(window.start).text),
      (name: "endDate", value: NaiveUTC(window.end).text),
      (name: "telescopeName", value: telescope), (name: "instrumentName", value: instrument),
    ]
    return try await pages(["observation"], query, rows: "observations", pageSize: 1000).rows
      .map { node throws(IcareError) in try IcareObservation(node) }
  }
}
