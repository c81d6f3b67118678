import Deliveries
import Foundation
import Units

/// The shared folder that teams know, on a disk that this machine mounts (an ownCloud client's folder, NFS).
///
/// Writing is repeatable, so nothing is ever ambiguous but a disk that does not answer.
public final class FileDropChannel: DeliveryChannel {
  public struct Configuration: Sendable {
    public var name = "files"
    /// Must be there already: an unmounted share must not fill the disk under it.
    public var root: String
    public var acceptsMocks = false
    public var rate: (perSecond: Double, burst: Int) = (10, 10)
    public var deadline = Duration.seconds(30)

    public init(root: String) { self.root = root }
  }

  public let name: String
  public let acceptsMocks: Bool
  public let rate: (perSecond: Double, burst: Int)
  private let root: String
  private let deadline: Duration
  private let worker = BlockingWorker()

  /// - Throws: `.configuration`.
  public init(_ configuration: Configuration) throws(ChannelError) {
    guard configuration.root.hasPrefix("/"), !configuration.root.utf8.contains(0) else {
      throw .configuration("the shared folder's path does not begin with /")
    }
    name = configuration.name
    acceptsMocks = configuration.acceptsMocks
    rate = configuration.rate
    root = configuration.root
    deadline = configuration.deadline
  }

  public func send(
    _ delivery: Delivery, receipts: [DeliveryKey: String], now: Instant
  ) async -> SendOutcome {
    let payload: FileDropPayload
    do { payload = try FileDropPayload(of: delivery) } catch { return .refused(reason: "\(error)") }
    if delivery.isMock, !acceptsMocks { return .refused(reason: "a mock on \(name)") }
    let folder = DropFolder(root: root, layout: DropLayout(payload, of: delivery))
    let result = await worker.run(within: deadline) { () -> SendOutcome in
      do {
        let current = try folder.write()
        let isCurrent = current == folder.layout.folder
        return .confirmed(receipt: folder.layout.folder + (isCurrent ? "" : " (\(current) is newer)"))
      } catch let error as DropError {
        return .unsent(reason: PlainText.oneLine(error.text), after: nil)
      } catch {
        return .unsent(reason: "the shared folder cannot be written", after: nil)
      }
    }
    switch result {
    case .value(let outcome): return outcome
    case .late: return .ambiguous(reason: "the shared folder does not answer")
    case .busy: return .unsent(reason: "the shared folder still does not answer", after: nil)
    }
  }

  /// Present when nothing is left to do: every file is there with its bytes, ours or a newer plan is current by
  /// the link and by the pointer, and what is older says so. A life that ended in between is finished by the
  /// next attempt.
  public func readBack(
    _ delivery: Delivery, receipts: [DeliveryKey: String], now: Instant
  ) async -> ReadBack {
    let payload: FileDropPayload
    do { payload = try FileDropPayload(of: delivery) } catch {
      return .unknown(reason: "\(error)", final: true)
    }
    let folder = DropFolder(root: root, layout: DropLayout(payload, of: delivery))
    let result = await worker.run(within: deadline) { () -> ReadBack in
      folder.isFinished() ? .present(receipt: folder.layout.folder) : .absent
    }
    if case .value(let answer) = result { return answer }
    return .unknown(reason: "the shared folder does not answer", final: false)
  }
}

/// Runs blocking work on a thread of its own, one piece at a time: a hung network disk holds up neither
/// other channels nor more than one thread.
final class BlockingWorker: Sendable {
  enum Result<Value: Sendable>: Sendable { case value(Value), late, busy }

  private let gate = Gate(isOpen: true)

  func run<Value: Sendable>(
    within deadline: Duration, _ work: @escaping @Sendable () -> Value
  ) async -> Result<Value> {
    guard gate.close() else { return .busy }
    let first = Gate(isOpen: true)
    return await withCheckedContinuation { (continuation: CheckedContinuation<Result<Value>, Never>) in
      let alarm = Task {
        try? await Task.sleep(for: deadline)  // an early end finds the gate closed
        if first.close() { continuation.resume(returning: .late) }
      }
      let thread = Thread { [gate] in
        let value = work()
        gate.open()
        if first.close() {
          alarm.cancel()
          continuation.resume(returning: .value(value))
        }
      }
      thread.name = "vesper-files"
      thread.start()
    }
  }

  /// A flag that only one can take.
  private final class Gate: @unchecked Sendable {
    private let lock = NSLock()
    private var isOpen: Bool
    init(isOpen: Bool) { self.isOpen = isOpen }
    func open() { lock.withLock { isOpen = true } }
    /// - Returns: false if it was closed already.
    func close() -> Bool {
      lock.withLock {
        defer { isOpen = false }
        return isOpen
      }
    }
  }
}
