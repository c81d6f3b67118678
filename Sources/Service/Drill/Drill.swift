import Foundation
import Logging
import Store
import Units
import WebClient

/// An alarm that nobody has to answer: the notices of an invented event go through a service, and everything
/// that must follow is looked for from outside, over HTTP.
public struct Drill: Sendable {
  public struct Check: Sendable, Hashable {
    /// Since the drill began, in seconds.
    public let seconds: Double
    public let what: String
    public let isGood: Bool
  }

  private let service: RemoteService
  private let sequence: DrillSequence
  /// For one step.
  private let patience: Duration
  private let report: @Sendable (Check) -> Void

  /// - Parameter report: gets every step as it happens.
  public init(
    _ service: RemoteService, sequence: DrillSequence, patience: Duration = .seconds(120),
    report: @escaping @Sendable (Check) -> Void
  ) {
    self.service = service
    self.sequence = sequence
    self.patience = patience
    self.report = report
  }

  /// - Returns: every check, good or not; the first bad one ends the drill.
  public func run() async throws -> [Check] {
    let clock = ContinuousClock()
    let start = clock.now
    var checks: [Check] = []
    func note(_ what: String, _ isGood: Bool) {
      let check = Check(seconds: (clock.now - start).seconds, what: what, isGood: isGood)
      checks.append(check)
      report(check)
    }
    var plans: [String] = []
    for notice in sequence.notices {
      let number = try await service.submit(notice.bytes, name: "drill \(notice.name)")
      note("\(notice.name) handed in as notice \(number)", true)
      let found = try await wait { try await self.follows(notice.name, before: plans) }
      note(found.text, found.isGood)
      if let plan = found.plan { plans.append(plan) }
      guard found.isGood else { return checks }
    }
    let told = try await wait { try await self.everybodyWasTold() }
    note(told.text, told.isGood)
    return checks
  }

  private struct Finding {
    var isGood: Bool
    var text: String
    var plan: String?
  }

  private func wait(_ look: () async throws -> Finding) async throws -> Finding {
    let clock = ContinuousClock()
    let end = clock.now + patience
    while true {
      var found = try await look()
      if found.isGood { return found }
      guard clock.now < end else {
        found.text = "did not come so within \(Int(patience.seconds)) s: \(found.text)"
        return found
      }
      try await Task.sleep(for: .milliseconds(100))
    }
  }

  /// What must be so after a notice.
  private func follows(_ notice: String, before plans: [String]) async throws -> Finding {
    let sheet: [String: Any]
    do {
      sheet = try await service.look(["api", "events", sequence.event])
    } catch let error as RemoteService.Refusal {
      return Finding(isGood: false, text: error.description)
    }
    let line = sheet["event"] as? [String: Any] ?? [:]
    let decision = line["decision"] as? String ?? "none yet"
    let plan = line["plan"] as? [String: Any]
    let id = plan?["id"] as? String
    let said = "decision \(decision), \(line["clause"] as? String ?? "")"
    guard line["is_mock"] as? Bool == true else {
      return Finding(isGood: false, text: "the event does not count as a mock")
    }
    switch notice {
    case "early-warning":
      return Finding(isGood: decision == "WATCH" && plan == nil, text: said)
    case "retraction":
      let live = (sheet["plans"] as? [[String: Any]] ?? []).filter { $0["state"] as? String == "live" }
      let isGood = decision == "STOP" && live.isEmpty && line["status"] as? String == "retracted"
      return Finding(isGood: isGood, text: "\(said); \(live.count) plans in force")
    default:
      // A map that the plan before covers as well leaves it as it is, and says so.
      let made = (sheet["history"] as? [[String: Any]] ?? []).filter {
        ["plan.made", "plan.unchanged"].contains($0["kind"] as? String)
      }
      let stays = made.count > plans.count && made.last?["kind"] as? String == "plan.unchanged"
      let isNew = id.map { !plans.contains($0) || !sequence.mapsDiffer || stays } ?? false
      let tiles = plan?["assignments"] as? Int ?? 0
      var text = "\(said); " + (id.map { "plan \($0): " } ?? "no plan")
      if let plan {
        let percent = ((plan["probability"] as? Double ?? 0) * 1000).rounded() / 10
        text += "\(tiles) tiles by \(plan["telescopes"] as? Int ?? 0) telescopes, \(percent) %"
      }
      if stays {
        text += "; it stays as it is"
      } else if let change = diff(of: sheet), !plans.isEmpty {
        text += "; \(change)"
      }
      let isGood = ["GO", "LIMITED"].contains(decision) && isNew && tiles > 0
      return Finding(isGood: isGood, text: text, plan: id)
    }
  }

  /// What the newest plan changed, as the log has it.
  private func diff(of sheet: [String: Any]) -> String? {
    let lines = (sheet["history"] as? [[String: Any]] ?? []).filter { $0["kind"] as? String == "plan.made" }
    let text = lines.last?["text"] as? String ?? ""
    let parts = text.split(separator: ";").dropFirst()
    return parts.isEmpty ? nil : "changed for \(parts.count) telescopes"
  }

  /// Nothing of the outbox is left to send.
  private func everybodyWasTold() async throws -> Finding {
    let text = try await service.text(["metrics"])
    let open = text.split(separator: "\n").filter { $0.hasPrefix("vesper_deliveries_open{") }
      .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    let done = text.split(separator: "\n").filter {
      $0.hasPrefix("vesper_deliveries{") && $0.contains("\"done\"")
    }.compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    return Finding(isGood: open == 0, text: "\(Int(done)) deliveries confirmed, \(Int(open)) owed")
  }
}

/// A service of its own for a drill: nothing of it leaves this machine.
public struct ScratchService: Sendable {
  public let configuration: ServiceConfiguration

  /// - Parameter configuration: telescopes, policy and policies are taken from it, and nothing else.
  public init(like configuration: ServiceConfiguration, in folder: String) {
    var made = ServiceConfiguration()
    made.telescopes = configuration.telescopes
    made.policy = configuration.policy
    made.policies = configuration.policies
    made.state = folder
    made.spool = false
    made.maps.fetch = false
    made.http.port = 0
    self.configuration = made
  }

  /// Runs the service while `body` works with it.
  public func run<T: Sendable>(
    version: String, clock: ServiceClock = .system, logger: Logger,
    _ body: @escaping @Sendable (RemoteService, _ telescopes: Int) async throws -> T
  ) async throws -> T {
    let (ports, port) = AsyncStream.makeStream(of: Int.self)
    let service = try VesperService(
      configuration, version: version, environment: [:], clock: clock, logger: logger
    ) { port.yield($0) }
    let secret = try await service.store.issueToken(
      label: "drill", role: "api", scopes: ["notices", "lead"], lifetime: .hours(24), actor: "drill",
      at: ServiceClock.system.now()
    ).secret
    let token = try RemoteService.Token("env:T", environment: ["T": secret])
    return try await withThrowingTaskGroup(of: T?.self) { tasks in
      tasks.addTask {
        try await service.run()
        return nil
      }
      tasks.addTask {
        for await number in ports {
          let remote = try RemoteService("http://127.0.0.1:\(number)", token: token)
          return try await body(remote, service.settings.telescopes.count)
        }
        return nil
      }
      defer { tasks.cancelAll() }
      while let done = try await tasks.next() {
        if let done { return done }
        // The service ended by itself, before the work was done.
        break
      }
      throw ConfigurationError("the scratch service ended")
    }
  }
}
