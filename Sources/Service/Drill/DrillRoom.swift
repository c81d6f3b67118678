import Dashboard
import Foundation
import Logging
import ServiceLifecycle
import Store
import Units

/// Holds drills that people begin on the page, one at a time, each in a service and store of its own.
final class DrillRoom: Service {
  private let configuration: ServiceConfiguration
  private let version: String
  private let store: Store
  private let inner = Guard(DrillView(state: .none))
  private let wishes: AsyncStream<String>
  private let wish: AsyncStream<String>.Continuation
  /// From the invented event to the hour of the drill: after the last of its notices.
  private static let lead: Duration = .minutes(45)

  init(_ configuration: ServiceConfiguration, version: String, store: Store) {
    self.configuration = configuration
    self.version = version
    self.store = store
    (wishes, wish) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingOldest(1))
  }

  var view: DrillView { inner.withLock { $0 } }

  /// - Throws: `.conflict` while one runs.
  func begin(by name: String) async throws(DeskError) {
    let isFree = inner.withLock { view in
      guard view.state != .running else { return false }
      view = DrillView(state: .running, beganUTC: ServiceClock.system.now().iso8601(), by: name)
      return true
    }
    guard isFree else { throw .conflict("a drill is running already") }
    await note("drill.begun", "a drill was begun", by: name)
    wish.yield(name)
  }

  func run() async throws {
    await cancelWhenGracefulShutdown { [self] in
      for await name in wishes {
        await hold()
        let view = view
        let bad = view.steps.count { !$0.isGood }
        await note(
          "drill.ended",
          "the drill \(view.event ?? "") \(view.state.rawValue): \(view.steps.count) steps, \(bad) bad",
          by: name)
      }
    }
  }

  private func hold() async {
    let folder = FileManager.default.temporaryDirectory.appending(path: "vesper-drill-\(UUID().uuidString)")
      .path
    defer {
      // A leftover in the temporary folder is harmless.
      try? FileManager.default.removeItem(atPath: folder)
    }
    var logger = Logger(label: "drill")
    logger.logLevel = .critical
    do {
      let sequence = try DrillSequence(at: ServiceClock.system.now() - Self.lead)
      inner.withLock { $0.event = sequence.event }
      let checks = try await ScratchService(like: configuration, in: folder).run(
        version: version, logger: logger
      ) { [inner] service, _ in
        try await Drill(service, sequence: sequence) { check in
          inner.withLock {
            $0.steps.append(.init(seconds: check.seconds, text: check.what, isGood: check.isGood))
          }
        }.run()
      }
      inner.withLock { $0.state = checks.allSatisfy(\.isGood) ? .passed : .failed }
    } catch {
      inner.withLock { ($0.state, $0.problem) = (.failed, "The drill could not be held: \(error)") }
    }
  }

  private func note(_ kind: String, _ text: String, by name: String) async {
    // A drill is held also where its line cannot be kept.
    _ = try? await store.append(
      [LogDraft(actor: name, kind: kind, fields: ["text": text])], at: ServiceClock.system.now())
  }
}
