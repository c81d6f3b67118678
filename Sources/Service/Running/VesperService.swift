import Campaigns
import Channels
import Dashboard
import Deliveries
import Feeds
import Foundation
import Logging
import OpenID
import ServiceLifecycle
import Store
import TelescopeFiles
import Units
import WebClient

/// The whole service: feeds, engine, outbox and HTTP, under one lease, until it is shut down.
public struct VesperService: Sendable {
  let configuration: ServiceConfiguration
  let settings: EngineSettings
  let channels: [any DeliveryChannel]
  let store: Store
  let clock: ServiceClock
  let logger: Logger
  let client: WebClient
  let environment: [String: String]
  let doors: Doors
  let openID: OpenIDClient?
  let onReady: @Sendable (Int) async -> Void

  /// Reads everything the configuration names; nothing is started yet.
  /// - Throws: `ConfigurationError`, `StoreError`, or what is wrong with policies, telescopes and channels.
  public init(
    _ configuration: ServiceConfiguration, version: String, environment: [String: String],
    clock: ServiceClock = .system, logger: Logger,
    onReady: @escaping @Sendable (Int) async -> Void = { _ in }
  ) throws {
    self.configuration = configuration
    self.clock = clock
    self.logger = logger
    self.environment = environment
    self.onReady = onReady
    client = try WebClient(.init(version: version))
    let assembly = try ServiceAssembly(configuration, environment: environment, client: client)
    for doubt in assembly.doubts { logger.warning("\(doubt)") }
    var settings = EngineSettings(policy: assembly.policy, telescopes: assembly.telescopes)
    settings.version = version
    settings.recipients = assembly.recipients
    settings.roles = configuration.roles
    settings.duty = assembly.duty
    settings.galaxies = assembly.galaxies
    self.settings = settings
    channels = assembly.channels
    doors = try Doors(configuration, environment: environment)
    openID = try configuration.oidc.map { [client] oidc in
      OpenIDClient(
        try oidc.options(configuration, environment: environment), client: client,
        // Identity tokens live by the machine's clock, also while a drill has set the service's.
        now: { ServiceClock.system.now() })
    }
    store = try configuration.openStore()
  }

  /// Runs until the task is cancelled or a signal asks for the end (SIGTERM, SIGINT).
  public func run() async throws {
    let drills = DrillRoom(configuration, version: settings.version, store: store)
    let state = ServiceState(
      store: store, settings: settings, channels: channels, clock: clock, doors: doors,
      roster: configuration.roster, drills: drills, openID: openID)
    let sink = StoreSink(store: store, clock: clock)
    var services: [ServiceGroupConfiguration.ServiceConfiguration] = []
    let desk = StoreDesk(state: state)
    let http = configuration.http
    let server = DashboardServer.make(
      desk, options: DashboardOptions(host: http.host, port: http.port, openReading: http.openReading),
      logger: logger, onReady: onReady)
    services.append(.init(service: server))
    services.append(.init(service: drills))
    services.append(.init(service: LeaderService(service: self, state: state, sink: sink)))
    let group = ServiceGroup(
      configuration: .init(
        services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
    try await group.run()
    await client.shutdown()
    try store.close()
  }
}

extension ServiceConfiguration {
  public var storePath: String { URL(filePath: state).appending(path: "vesper.sqlite").path }
  public var spoolPath: String { URL(filePath: state).appending(path: "spool").path }
  public var planRoot: String { files.root ?? URL(filePath: state).appending(path: "plans").path }

  /// Opens the store, and makes the state folder for a first start.
  public func openStore() throws -> Store {
    do {
      try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
    } catch {
      throw ConfigurationError(
        "\(state): cannot be made: \(error.localizedDescription); set `state` to a folder of yours")
    }
    return try Store(path: storePath)
  }
}

/// Everything only the instance with the lease does: take in, decide, plan, send.
struct LeaderService: Service {
  let service: VesperService
  let state: ServiceState
  let sink: StoreSink

  func run() async throws {
    try await cancelWhenGracefulShutdown { try await lead() }
  }

  private func lead() async throws {
    let lock = LeaderLock(try InstanceLock(path: service.configuration.storePath + ".leader"))
    let keeper = LeaseKeeper(
      name: service.store.options.lease, holder: Self.holder, ledger: service.store, clock: service.clock,
      isHolderGone: { lock.provesHolderGone() })
    do {
      try await keeper.run { grant in
        await state.began(epoch: grant.epoch)
        service.logger.notice("this instance works now", metadata: ["epoch": "\(grant.epoch)"])
        do {
          try await lock.held(during: { try await work(under: grant) })
        } catch StoreError.fenced(let current, let given) {
          await stopped(under: grant)
          throw DeliveryError.fenced(current: current, given: given)
        } catch {
          await stopped(under: grant)
          throw error
        }
        await stopped(under: grant)
      }
    } catch is CancellationError {
      // The end was asked for.
    }
    await state.ended()
  }

  private func stopped(under grant: LeaseGrant) async {
    await state.ended()
    service.logger.notice("this instance works no more", metadata: ["epoch": "\(grant.epoch)"])
  }

  private static var holder: String {
    let process = ProcessInfo.processInfo
    return "\(process.hostName)/\(process.processIdentifier)/\(UInt64.random(in: .min ... .max))"
  }

  private func work(under grant: LeaseGrant) async throws {
    let engine = Engine(
      store: service.store, settings: service.settings, clock: service.clock, epoch: grant.epoch,
      logger: service.logger)
    try await engine.restore()
    state.works(engine)
    let deliverer = try Deliverer(
      ledger: service.store, channels: service.channels, clock: service.clock,
      report: { [logger = service.logger] in logger.log($0) })
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await EngineLoop(engine: engine, service: service, state: state).run() }
      tasks.addTask { try await deliverer.run(under: grant) }
      if let maps = service.configuration.maps.fetching {
        let fetcher = try MapFetcher(
          store: service.store, options: maps, version: service.settings.version, clock: service.clock,
          epoch: grant.epoch, logger: service.logger)
        tasks.addTask { try await fetcher.run() }
      }
      if let icare = state.icare {
        let loop = ReadBackLoop(
          store: service.store, channel: icare, clock: service.clock, ledger: state.readBack,
          logger: service.logger)
        tasks.addTask { try await loop.run() }
        let watch = RequestWatch(
          store: service.store, channel: icare, clock: service.clock, logger: service.logger)
        tasks.addTask { try await watch.run() }
      }
      let reminders = Reminders(
        store: service.store, settings: service.settings, doors: service.doors, clock: service.clock,
        epoch: grant.epoch, logger: service.logger)
      tasks.addTask { try await reminders.run() }
      let memory = CredentialMemory(store: service.store, clock: service.clock, logger: service.logger)
      if service.configuration.kafka != nil {
        tasks.addTask { [state] in try await memory.run { state.feed?.token?.granted } }
      }
      let lastUsed = try await memory.lastUsed()
      for feed in try feeds(credentialsLastUsed: lastUsed) { tasks.addTask { try await feed() } }
      do {
        for try await _ in tasks {}
      } catch {
        tasks.cancelAll()
        throw error
      }
    }
  }

  private func feeds(credentialsLastUsed lastUsed: Instant?) throws -> [@Sendable () async throws -> Void] {
    var runs: [@Sendable () async throws -> Void] = []
    if service.configuration.spool {
      try FileManager.default.createDirectory(
        atPath: service.configuration.spoolPath, withIntermediateDirectories: true)
      let spool = SpoolFeed(
        .init(directory: service.configuration.spoolPath), sink: sink, logger: service.logger,
        clock: service.clock.feedClock)
      runs.append {
        try await withTaskCancellationHandler {
          try await spool.run()
        } onCancel: {
          spool.stop()
        }
      }
    }
    if let kafka = service.configuration.kafka {
      var configuration = try kafka.feed(environment: service.environment)
      configuration.credentialsLastUsed = lastUsed
      let feed = try KafkaFeed(
        configuration, sink: sink, offsets: sink, logger: service.logger, clock: service.clock.feedClock,
        client: service.client, onEvent: { [state] event in state.note(event) })
      state.watch(feed)
      runs.append {
        try await withTaskCancellationHandler {
          try await feed.run()
        } onCancel: {
          feed.stop()
        }
      }
      if let topic = kafka.heartbeat {
        let watch = try HeartbeatWatch(
          configuration, topic: topic, logger: service.logger, clock: service.clock.feedClock,
          client: service.client,
          onEvent: { [state] event in
            state.note(event)
            // Connections that look open may be dead.
            if case .stalled = event { feed.rebuild(reason: "no heartbeat") }
          })
        state.watch(watch)
        runs.append {
          try await withTaskCancellationHandler {
            try await watch.run()
          } onCancel: {
            watch.stop()
          }
        }
      }
    }
    return runs
  }
}

/// Notices and the plans they order, the most urgent before all; then timers; then it waits.
struct EngineLoop: Sendable {
  let engine: Engine
  let service: VesperService
  let state: ServiceState

  func run() async throws {
    while !Task.isCancelled {
      let generation = service.store.inboxGeneration
      do {
        if try await engine.next() { continue }
        if try await engine.fireTimers() > 0 { continue }
        state.troubled(nil)
      } catch let error as StoreError {
        if case .fenced = error { throw error }
        if case .cancelled = error { return }
        // Full or busy: say so, keep everything, come back.
        state.troubled("\(error)")
        service.logger.error("the store does not take what was worked out", metadata: ["error": "\(error)"])
        try await service.clock.sleep(for: .seconds(2))
        continue
      }
      await waitForWork(beyond: generation)
    }
  }

  private func waitForWork(beyond generation: UInt64) async {
    await withTaskGroup(of: Void.self) { tasks in
      tasks.addTask { await service.store.waitForNotices(beyond: generation) }
      // Timers and failed notices come due without a signal. A sleep that is cut short is what is wanted.
      tasks.addTask { try? await service.clock.sleep(for: .seconds(1)) }
      await tasks.next()
      tasks.cancelAll()
    }
  }
}

extension Logger {
  /// What the outbox has to say, without payloads.
  func log(_ news: DeliveryNews) {
    switch news {
    case .added: break
    case .changed(let entry, let from):
      let level: Level = entry.state == .dead || entry.state == .parked ? .error : .info
      log(
        level: level, "delivery",
        metadata: ["key": "\(entry.key)", "from": "\(from)", "to": "\(entry.state)"])
    case .held(let hold):
      error("a channel is held", metadata: ["channel": "\(hold.channel)", "reason": "\(hold.reason)"])
    case .resumed(let channel): notice("a channel goes on", metadata: ["channel": "\(channel)"])
    case .channelMissing(let name, let waiting):
      warning(
        "deliveries wait for a channel that is not configured",
        metadata: ["channel": "\(name)", "waiting": "\(waiting)"])
    case .notRecorded(let key, let failure):
      error(
        "what came of a delivery could not be stored", metadata: ["key": "\(key)", "error": "\(failure)"])
    }
  }
}
