import Channels
import Dashboard
import Feeds
import Icare
import Store
import Units

extension StoreDesk {
  func health() async -> HealthView {
    var parts: [HealthView.Part] = []
    let now = state.clock.now()
    do throws(DeskError) {
      let counts = try await asked { () async throws(StoreError) in try await state.store.counts() }
      let free = counts.freeBytes >> 20
      parts.append(.init("store", .good, "\(counts.events) events, \(counts.livePlans) plans in force"))
      parts.append(Self.disk(freeMB: free))
      let new = counts.notices[.new] ?? 0
      let age = counts.oldestUnhandled.map { (now - $0).seconds } ?? 0
      parts.append(
        .init("notices", age > 120 ? .warning : .good, "\(new) waiting, the oldest for \(Int(max(age, 0))) s")
      )
      let quarantined = counts.notices[.quarantined] ?? 0
      parts.append(
        .init(
          "quarantine", quarantined > 0 ? .warning : .good,
          "\(quarantined) notice\(quarantined == 1 ? "" : "s") could not be read"))
      let stuck = (counts.deliveries[.dead] ?? 0) + (counts.deliveries[.parked] ?? 0)
      let held = counts.heldChannels.isEmpty ? "" : ", held: \(counts.heldChannels.joined(separator: ", "))"
      let late = Self.late(counts, at: now)
      parts.append(
        .init(
          "outbox", stuck > 0 || !counts.heldChannels.isEmpty || !late.isEmpty ? .warning : .good,
          "\(counts.openByChannel.values.reduce(0, +)) owed, \(stuck) need a person\(held)"
            + late.map { "; \($0)" }.joined()))
    } catch {
      parts.append(.init("store", .failed, "\(error)"))
    }
    if let trouble = state.trouble { parts.append(.init("engine", .failed, trouble)) }
    parts.append(
      .init("lease", .good, state.isLeading ? "this instance works" : "another instance works; standing by"))
    parts += feedParts + icareParts
    parts += await dropParts
    return HealthView(
      version: state.settings.version, nowUTC: now.iso8601(), isLeading: state.isLeading, parts: parts)
  }

  /// What cannot be stored is not taken in: feeds wait, HTTP says 503.
  static func disk(freeMB free: Int64) -> HealthView.Part {
    guard free >= 32 else {
      return .init("disk", .failed, "\(free) MB free: nothing more can be taken in safely; make room")
    }
    return .init("disk", free < 256 ? .warning : .good, "\(free) MB free")
  }

  /// What is sent within seconds and has not been for longer than this is for somebody to look at.
  private static let patience = Duration.minutes(2)

  /// Channels that take nothing, in words. ICARE may be waited for, and has its own part.
  private static func late(_ counts: StoreCounts, at now: Instant) -> [String] {
    counts.owedSince.filter { $0.key != IcareChannel.channelName && now - $0.value > patience }
      .sorted { $0.key < $1.key }.map { "\($0.key) has not taken one for \(Int((now - $0.value).seconds)) s" }
  }

  private var feedParts: [HealthView.Part] {
    var parts: [HealthView.Part] = []
    if let feed = state.feed {
      parts.append(
        .init(
          "kafka", feed.isConnected ? .good : .warning,
          "\(feed.isConnected ? "connected" : "not connected"), \(feed.lag) behind, \(feed.counts.gaps) gaps")
      )
    }
    if let beat = state.heartbeat {
      let worst = max(beat.silenceLevel, beat.clockLevel)
      parts.append(
        .init(
          "heartbeat", worst == .green ? .good : worst == .amber ? .warning : .failed,
          "\(Int(beat.silence.seconds)) s ago"))
    }
    return parts
  }

  private var icareParts: [HealthView.Part] {
    guard let icare = state.icare else { return [] }
    let counts = state.readBack.counts
    let halted = icare.status.halted
    let words = ReadBackRecord.Result.allCases.map { "\(counts.results[$0] ?? 0) \($0.rawValue)" }
    let text = "read back: \(words.joined(separator: ", ")), \(counts.pending) to come"
    return [
      .init(
        "icare", halted != nil ? .failed : counts.open > 0 ? .warning : .good,
        text + (halted.map { "; halted: \($0)" } ?? ""))
    ]
  }

  /// A folder that is gone is seen here, and not first when a plan waits for it.
  private var dropParts: [HealthView.Part] {
    get async {
      var parts: [HealthView.Part] = []
      for channel in state.channels {
        guard let drop = channel as? SiteDropChannel else { continue }
        let trouble = await drop.trouble()
        parts.append(
          .init(
            drop.name, trouble == nil ? .good : .warning,
            trouble.map { "its folder \($0)" } ?? "its folder takes plans"))
      }
      return parts
    }
  }

  private var icareMetrics: [Metric] {
    guard let icare = state.icare else { return [] }
    let counts = state.readBack.counts
    return ReadBackRecord.Result.allCases.map {
      Metric(
        "vesper_icare_read_back", .gauge, "Deliveries to ICARE that were compared, by result.",
        Double(counts.results[$0] ?? 0), labels: [("result", $0.rawValue)])
    } + [
      Metric(
        "vesper_icare_read_back_pending", .gauge, "Delivered, not compared yet.", Double(counts.pending)),
      Metric(
        "vesper_icare_read_back_slowest_seconds", .gauge, "Longest from a delivery to its comparison.",
        counts.slowest.seconds),
      Metric(
        "vesper_icare_halted", .gauge, "1 while ICARE does not take the token.",
        icare.status.halted == nil ? 0 : 1),
    ]
  }

  func metrics() async -> [Metric] {
    var list: [Metric] = [
      Metric("vesper_leading", .gauge, "1 where this instance works.", state.isLeading ? 1 : 0)
    ]
    // Without the store there is nothing to count; /readyz says why.
    guard let counts = try? await state.store.counts() else { return list }
    for status in NoticeStatus.allCases {
      list.append(
        Metric(
          "vesper_notices", .gauge, "Notices kept, by state.", Double(counts.notices[status] ?? 0),
          labels: [("state", status.rawValue)]))
    }
    for (deliveryState, count) in counts.deliveries.sorted(by: { "\($0.key)" < "\($1.key)" }) {
      list.append(
        Metric(
          "vesper_deliveries", .gauge, "Deliveries, by state.", Double(count),
          labels: [("state", "\(deliveryState)")]))
    }
    for (channel, count) in counts.openByChannel.sorted(by: { $0.key < $1.key }) {
      list.append(
        Metric(
          "vesper_deliveries_open", .gauge, "Deliveries owed, by channel.", Double(count),
          labels: [("channel", channel)]))
    }
    list += [
      Metric("vesper_events", .gauge, "Events known.", Double(counts.events)),
      Metric("vesper_live_plans", .gauge, "Plans in force.", Double(counts.livePlans)),
      Metric("vesper_log_sequence", .counter, "Lines of the log.", Double(counts.logSequence)),
      Metric("vesper_store_bytes", .gauge, "Size of the store's file.", Double(counts.fileBytes)),
      Metric("vesper_disk_free_bytes", .gauge, "Free space on its disk.", Double(counts.freeBytes)),
    ]
    list += icareMetrics
    if let feed = state.feed {
      list += [
        Metric("vesper_feed_connected", .gauge, "1 while a broker is connected.", feed.isConnected ? 1 : 0),
        Metric("vesper_feed_lag", .gauge, "Messages not read yet.", Double(feed.lag)),
        Metric(
          "vesper_feed_gaps_total", .counter, "Stretches of messages that never came.",
          Double(feed.counts.gaps)),
      ]
    }
    return list
  }
}
