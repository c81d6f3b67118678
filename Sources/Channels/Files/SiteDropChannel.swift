import Deliveries
import Foundation
import Units

/// The folder that a telescope's own software watches (ACP, NINA, RTS2, or a person), mounted on this machine.
///
/// One file for each event, replaced whole: `vesper-<event>.<type>`. When the event ends, the file says STOP
/// and has no row, and `vesper-<event>.STOP` lies beside it. A late older plan never replaces a newer one.
/// Every step may be repeated; the receipt is the digest of the file that was read back.
public final class SiteDropChannel: DeliveryChannel {
  public struct Configuration: Sendable {
    public var name: String
    /// Must be there already: an unmounted share must not fill the disk under it.
    public var folder: String
    public var acceptsMocks = false
    public var deadline = Duration.seconds(30)

    public init(name: String, folder: String) {
      self.name = name
      self.folder = folder
    }
  }

  public let name: String
  public let acceptsMocks: Bool
  public let rate: (perSecond: Double, burst: Int) = (5, 5)
  private let folder: String
  private let deadline: Duration
  private let worker = BlockingWorker()
  /// A probe must not keep a plan waiting.
  private let prober = BlockingWorker()

  /// - Throws: `.configuration`.
  public init(_ configuration: Configuration) throws(ChannelError) {
    guard configuration.folder.hasPrefix("/"), !configuration.folder.utf8.contains(0) else {
      throw .configuration("the folder of \(configuration.name) does not begin with /")
    }
    name = configuration.name
    acceptsMocks = configuration.acceptsMocks
    folder = configuration.folder
    deadline = configuration.deadline
  }

  public func send(
    _ delivery: Delivery, receipts: [DeliveryKey: String], now: Instant
  ) async -> SendOutcome {
    let payload: SiteDropPayload
    do { payload = try SiteDropPayload(of: delivery) } catch { return .refused(reason: "\(error)") }
    if delivery.isMock, !acceptsMocks { return .refused(reason: "a mock on \(name)") }
    let drop = SiteDrop(folder: folder, payload: payload, isStop: delivery.kind == SiteDropPayload.stop)
    let result = await worker.run(within: deadline) { () -> SendOutcome in
      do {
        guard try drop.write() else { return .confirmed(receipt: "\(drop.fileName): a newer plan is there") }
        guard drop.isThere() else { return .ambiguous(reason: "\(drop.fileName) does not read back") }
        return .confirmed(receipt: drop.receipt)
      } catch let error as DropError {
        return .unsent(reason: PlainText.oneLine(error.text), after: nil)
      } catch {
        return .unsent(reason: "the folder cannot be written", after: nil)
      }
    }
    switch result {
    case .value(let outcome): return outcome
    case .late: return .ambiguous(reason: "the folder does not answer")
    case .busy: return .unsent(reason: "the folder still does not answer", after: nil)
    }
  }

  /// Present when the file has its bytes, or a newer plan is there.
  public func readBack(
    _ delivery: Delivery, receipts: [DeliveryKey: String], now: Instant
  ) async -> ReadBack {
    let payload: SiteDropPayload
    do { payload = try SiteDropPayload(of: delivery) } catch {
      return .unknown(reason: "\(error)", final: true)
    }
    let drop = SiteDrop(folder: folder, payload: payload, isStop: delivery.kind == SiteDropPayload.stop)
    let result = await worker.run(within: deadline) { () -> ReadBack in
      guard drop.isMounted else { return .unknown(reason: "the folder is not there", final: false) }
      if drop.isOvertaken { return .present(receipt: "\(drop.fileName): a newer plan is there") }
      return drop.isThere() ? .present(receipt: drop.receipt) : .absent
    }
    if case .value(let answer) = result { return answer }
    return .unknown(reason: "the folder does not answer", final: false)
  }

  /// What is wrong with the folder now; nil while nothing is.
  public func trouble(within patience: Duration = .seconds(2)) async -> String? {
    let path = folder
    let result = await prober.run(within: patience) { () -> String? in
      var status = stat()
      guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return "is not there" }
      return access(path, W_OK) == 0 ? nil : "cannot be written"
    }
    if case .value(let answer) = result { return answer }
    return "does not answer"
  }
}

/// One file in the folder, on the disk.
struct SiteDrop: Sendable {
  let folder: String
  let payload: SiteDropPayload
  let isStop: Bool

  private var stem: String { "vesper-\(SafeName.encode(payload.event))" }
  var fileName: String { "\(stem).\(payload.type)" }
  private var path: String { "\(folder)/\(fileName)" }
  private var stopPath: String { "\(folder)/\(stem).STOP" }
  /// Hidden: programs that watch for plans do not see it.
  private var orderPath: String { "\(folder)/.\(stem).order" }
  var receipt: String { "\(fileName) \(SHA256.hexDigest(of: payload.text).prefix(16))" }
  /// A STOP comes after the plan it ends.
  private var rank: (Int64, Int) { (payload.order, isStop ? 1 : 0) }

  var isMounted: Bool {
    var status = stat()
    return stat(folder, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether a newer plan for the event has been written.
  var isOvertaken: Bool {
    guard let data = FileManager.default.contents(atPath: orderPath) else { return false }
    let parts = String(decoding: data.prefix(64), as: UTF8.self).split(separator: " ")
    guard parts.count == 2, let order = Int64(parts[0]) else { return false }
    return (order, parts[1].hasPrefix("stop") ? 1 : 0) > rank
  }

  func isThere() -> Bool {
    guard let data = FileManager.default.contents(atPath: path), Array(data) == Array(payload.text.utf8)
    else {
      return false
    }
    return FileManager.default.fileExists(atPath: stopPath) == isStop
  }

  /// - Returns: false if a newer plan is there.
  func write() throws -> Bool {
    guard isMounted else { throw DropError("find", folder, ENOENT) }
    if isOvertaken { return false }
    // A repetition does not touch what the site may be reading.
    if isThere() { return true }
    try replace(orderPath, "\(payload.order) \(isStop ? "stop" : "plan")\n")
    if isStop {
      let reason = payload.reason.map { ": \(PlainText.oneLine($0))" } ?? ""
      try replace(stopPath, "STOP \(PlainText.oneLine(payload.event))\(reason)\n")
      try replace(path, payload.text)
    } else {
      // The plan first: a STOP without its plan would be read as the end of the new one.
      try replace(path, payload.text)
      try DropFolder.remove(stopPath)
    }
    try DropFolder.sync(folder)
    return true
  }

  /// Whole, or as it was.
  private func replace(_ path: String, _ text: String) throws {
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    let part = "\(folder)/.\(name).part"
    try DropFolder.remove(part)
    try DropFolder.writeFile(part, text, exclusive: true)
    guard rename(part, path) == 0 else { throw DropError("replace", path) }
  }
}
