import Foundation

/// The Treasure Map's endpoints for pointings, with what matters of the real server: it compares duplicates exactly
/// within one status, stores right ascensions in -180...180 and times without zone, answers 200 with
/// `ERRORS`, turns planned into completed by id without taking the new depth, changes what is ours by `PUT` (older
/// servers know no such thing), and cancels only planned ones.
public final class TreasureMapFarSide: Sendable {
  public struct Pointing: Sendable, Hashable {
    public let id: Int
    public let graceid: String
    public let instrument: Int
    public var status: String
    public var ra: Double
    public var dec: Double
    public var time: String
    public var band: String
    public var positionAngle: Double?
    public var depth: Double?
    /// Of another user: not to be cancelled.
    public var isForeign: Bool

    public init(
      id: Int, graceid: String, instrument: Int, status: String, ra: Double, dec: Double, time: String,
      band: String, positionAngle: Double?, depth: Double?, isForeign: Bool = false
    ) {
      self.id = id
      self.graceid = graceid
      self.instrument = instrument
      self.status = status
      self.ra = ra
      self.dec = dec
      self.time = time
      self.band = band
      self.positionAngle = positionAngle
      self.depth = depth
      self.isForeign = isForeign
    }
  }

  private struct State {
    var pointings: [Pointing] = []
    var next = 101
  }

  public let server: HTTPFarSide
  public let history: History
  private let state: Guarded<State>

  public var base: String { "http://127.0.0.1:\(server.port)/api/v1" }
  public var pointings: [Pointing] { state { $0.pointings } }
  /// A pointing that somebody else reported.
  public func add(_ pointing: Pointing) { state { $0.pointings.append(pointing) } }

  /// - Parameters:
  ///   - events: that it knows; nil is all.
  ///   - refusedBands: pointings in these come back in `ERRORS`.
  ///   - takesChanges: as servers do since 2026.
  public init(
    port: Int = 0, token: String, events: Set<String>?, history: History, faults: FaultPlan = FaultPlan(),
    readFaults: FaultPlan = FaultPlan(), refusedBands: Set<String> = [], takesChanges: Bool = true
  ) throws {
    let state = Guarded(State())
    self.state = state
    self.history = history
    server = try HTTPFarSide(port: port, faults: faults, readFaults: readFaults) { request in
      if request.method == "GET" { return Self.list(request, state { $0.pointings }) }
      guard request.header("api_token") == token else {
        return .json(401, ["detail": "Authentication required"])
      }
      return state { state in
        switch request.path {
        case "/api/v1/pointings": Self.create(request.json, events, refusedBands, &state, history)
        case "/api/v1/update_pointings": Self.cancel(request.json, &state, history)
        default: takesChanges ? Self.change(request, &state, history) : .json(404, ["detail": "Not Found"])
        }
      }
    }
  }

  public func stop() { server.stop() }

  private static func list(_ request: FarRequest, _ all: [Pointing]) -> FarAnswer {
    let instrument = request.query["instrument"].flatMap { Int($0) }
    let found = all.filter { p in
      request.query["graceid"].map { $0 == p.graceid } ?? true
        && instrument.map { $0 == p.instrument } ?? true
        && request.query["status"].map { $0 == p.status } ?? true
    }
    return .json(
      200,
      found.map { p -> [String: Any] in
        [
          "id": p.id, "status": p.status, "position": "POINT(\(p.ra > 180 ? p.ra - 360 : p.ra) \(p.dec))",
          "ra": NSNull(), "dec": NSNull(), "instrumentid": p.instrument, "time": p.time, "band": p.band,
          "pos_angle": p.positionAngle.map { $0 as Any } ?? NSNull(),
          "depth": p.depth.map { $0 as Any } ?? NSNull(),
        ]
      })
  }

  private static func create(
    _ json: [String: Any], _ events: Set<String>?, _ refusedBands: Set<String>, _ state: inout State,
    _ history: History
  ) -> FarAnswer {
    guard let graceid = json["graceid"] as? String, events?.contains(graceid) ?? true else {
      let error = ["message": "Invalid graceid", "errors": [["message": "does not exist"]]] as [String: Any]
      return .json(400, ["detail": error])
    }
    var ids: [Int] = []
    var errors: [Any] = []
    for item in json["pointings"] as? [[String: Any]] ?? [] {
      do {
        ids.append(try take(item, graceid, refusedBands, &state, history))
      } catch let refusal as Refusal {
        errors.append(["Object: {'band': '\(item["band"] ?? "")'}", [refusal.text]])
      } catch {
        errors.append(["Object", ["\(error)"]])
      }
    }
    return .json(
      200, ["pointing_ids": ids, "ERRORS": errors, "WARNINGS": [], "DOI": NSNull()] as [String: Any])
  }

  private struct Refusal: Error { let text: String }

  private static func take(
    _ item: [String: Any], _ graceid: String, _ refusedBands: Set<String>, _ state: inout State,
    _ history: History
  ) throws -> Int {
    let time = item["time"] as? String ?? ""
    if let id = item["id"] as? Int {
      guard let index = state.pointings.firstIndex(where: { $0.id == id && !$0.isForeign }) else {
        throw Refusal(text: "Pointing with ID \(id) not found or not owned by you")
      }
      guard state.pointings[index].status == "planned" else { throw Refusal(text: "already been completed") }
      state.pointings[index].status = "completed"
      state.pointings[index].time = time
      state.pointings[index].positionAngle = item["pos_angle"] as? Double
      history.record("treasure-map", "completed", key: key(state.pointings[index]), ["id": "\(id)"])
      return id
    }
    guard let ra = item["ra"] as? Double, let dec = item["dec"] as? Double,
      let band = item["band"] as? String,
      let instrument = item["instrumentid"] as? Int, let status = item["status"] as? String, !time.isEmpty
    else { throw Refusal(text: "missing fields") }
    if refusedBands.contains(band) { throw Refusal(text: "Invalid band") }
    if status == "completed", item["depth"] == nil {
      throw Refusal(text: "depth is required for completed observations")
    }
    let new = Pointing(
      id: state.next, graceid: graceid, instrument: instrument, status: status, ra: ra, dec: dec, time: time,
      band: band, positionAngle: item["pos_angle"] as? Double, depth: item["depth"] as? Double)
    // A time with a zone never equals the stored one without, so its duplicates pass.
    let isTwin = { (p: Pointing) in
      p.graceid == graceid && p.instrument == instrument && p.status == status && p.band == band && p.ra == ra
        && p.dec == dec && p.time == time && !time.hasSuffix("Z") && p.positionAngle == new.positionAngle
    }
    if state.pointings.contains(where: isTwin) { throw Refusal(text: "Pointing already submitted") }
    state.next += 1
    state.pointings.append(new)
    history.record("treasure-map", status, key: key(new), ["id": "\(new.id)"])
    return new.id
  }

  private static func change(
    _ request: FarRequest, _ state: inout State, _ history: History
  ) -> FarAnswer {
    let parts = request.path.split(separator: "/")
    guard request.method == "PUT", parts.dropLast() == ["api", "v1", "pointings"],
      let id = parts.last.flatMap({ Int($0) })
    else { return .json(404, ["detail": "Not Found"]) }
    guard let i = state.pointings.firstIndex(where: { $0.id == id && !$0.isForeign }) else {
      return .json(404, ["detail": ["message": "Pointing \(id) not found or not owned by user."]])
    }
    let json = request.json
    var new = state.pointings[i]
    if let ra = json["ra"] as? Double, let dec = json["dec"] as? Double { (new.ra, new.dec) = (ra, dec) }
    if let time = json["time"] as? String { new.time = time }
    if let band = json["band"] as? String { new.band = band }
    if let status = json["status"] as? String { new.status = status }
    if let depth = json["depth"] as? Double { new.depth = depth }
    if let angle = json["pos_angle"] as? Double { new.positionAngle = angle }
    state.pointings[i] = new
    history.record("treasure-map", "changed", key: key(new), ["id": "\(id)"])
    return .json(200, ["message": "Updated pointing \(id) successfully."])
  }

  private static func key(_ p: Pointing) -> String {
    "\(p.graceid)/\(p.instrument)/\(p.ra)/\(p.dec)/\(p.time)/\(p.band)"
  }

  private static func cancel(_ json: [String: Any], _ state: inout State, _ history: History) -> FarAnswer {
    let ids = json["ids"] as? [Int] ?? []
    var count = 0
    for i in state.pointings.indices
    where ids.contains(state.pointings[i].id) && state.pointings[i].status == "planned"
      && !state.pointings[i].isForeign
    {
      state.pointings[i].status = "cancelled"
      history.record(
        "treasure-map", "cancelled", key: key(state.pointings[i]), ["id": "\(state.pointings[i].id)"])
      count += 1
    }
    return .json(200, ["message": "Updated \(count) pointings successfully."])
  }
}
