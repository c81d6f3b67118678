/// A server of sky maps: whatever it was given, by path; 404 for the rest.
public final class MapFarSide: Sendable {
  public let server: HTTPFarSide
  private let files = Guarded<[String: [UInt8]]>([:])

  public var base: String { "http://127.0.0.1:\(server.port)" }

  /// - Parameter faults: of the requests to come.
  public init(faults: FaultPlan = FaultPlan()) throws {
    let files = files
    server = try HTTPFarSide(port: 0, faults: FaultPlan(), readFaults: faults) { request in
      files { $0[request.path] }.map {
        FarAnswer(200, headers: ["Content-Type: application/fits"], body: $0)
      } ?? FarAnswer(404, body: Array("not here".utf8))
    }
  }

  public func put(_ bytes: [UInt8], at path: String) { files { $0[path] = bytes } }
  public func stop() { server.stop() }
}
