import Campaigns
import Channels
import Deliveries
import Formats
import Foundation
import Icare
import Observatories
import Store
import Units

/// Exposures that were taken, as others are told of them. The Treasure Map: completed, and the planned pointing
/// they were of cancelled, because the map would keep the planned one's depth for it. ICARE: executed
/// observations of the telescope's instrument. Neither takes one without a limiting magnitude. What was told before
/// and is known better now is `ExecutedCorrections`.
struct ExecutedReport {
  /// What was told of an exposure, with the row of the plan it was of.
  struct Version {
    let stored: StoredObservation
    let row: PlanDocument.Row?
  }
  struct Exposure {
    let newest: Version
    /// What both had been told of it before, or could have been, the newest first.
    var told: [Version] = []
    var stored: StoredObservation { newest.stored }
    var row: PlanDocument.Row? { newest.row }
  }
  let event: String
  let isMock: Bool
  let exposures: [Exposure]
  let now: Instant

  /// What may lie in one request.
  static let most = 500
  /// Both are records of what was observed: a report that comes late still counts.
  static let holds = Duration.hours(24 * 7)

  var slugs: [String] { Set(exposures.map(\.stored.telescope)).sorted() }

  /// Those of a telescope that can be reported, in parts that one request carries.
  private func parts(_ slug: String, _ canBeTold: (Version) -> Bool) -> [ArraySlice<Exposure>] {
    let taken = exposures.filter { one in
      one.stored.telescope == slug && canBeTold(one.newest) && !one.told.contains(where: canBeTold)
    }
    return stride(from: 0, to: taken.count, by: Self.most).map {
      taken[$0..<min($0 + Self.most, taken.count)]
    }
  }

  // MARK: ICARE

  func deliveries(to options: IcareOptions) throws(IcareError) -> [Delivery] {
    var list: [Delivery] = []
    for slug in slugs {
      guard let instrument = options.instruments[slug] else { continue }
      for part in parts(slug, { row($0, options) != nil }) {
        let rows = part.compactMap { row($0.newest, options) }
        guard let first = part.first, !rows.isEmpty else { continue }
        list.append(
          try IcarePush.executed(ExecutedPush(instrument: instrument, rows: rows)).delivery(
            key: "icare/\(event)/executed/\(slug)/\(first.stored.number)", event: event, isMock: isMock,
            notBefore: now, expires: now + Self.holds, urgency: 5))
      }
    }
    return list
  }

  func row(_ version: Version, _ options: IcareOptions) -> ExecutedPush.Row? {
    let o = version.stored.observation
    guard let limit = o.limit, let filter = (o.filter ?? version.row?.filter).flatMap(options.bandpass)
    else {
      return nil  // ICARE loses the whole upload without
    }
    // The field is that of the plan there, however the telescope was a little off.
    let planned = version.row.map {
      Direction<ICRS>(ra: .degrees($0.raDeg), dec: .degrees($0.decDeg))
    }
    return ExecutedPush.Row(
      observationID: ExecutedPush.Row.id(
        of: "\(event)/\(version.stored.telescope)/\(version.stored.number)"),
      at: planned ?? o.direction, start: o.start, filter: filter, exposure: o.exposure, limit: limit,
      target: event)
  }

  // MARK: The Treasure Map

  func deliveries(
    to channel: String, _ options: TreasureMapOptions
  ) throws(ChannelError) -> [Delivery] {
    var list: [Delivery] = []
    for slug in slugs {
      if let instrument = options.instruments[slug] { list += try completed(slug, instrument, channel) }
    }
    return list
  }

  private func completed(
    _ slug: String, _ instrument: Int, _ channel: String
  ) throws(ChannelError) -> [Delivery] {
    var list: [Delivery] = []
    for part in parts(slug, { Self.completed($0) != nil }) {
      let completed = part.compactMap { Self.completed($0.newest) }
      guard let first = part.first, !completed.isEmpty else { continue }
      let key = "\(channel)/\(event)/executed/\(slug)/\(first.stored.number)"
      let report = try TreasureMapPayload(
        event: event, instrument: instrument, items: completed.map { .init($0) })
      list.append(
        delivery("\(key)/completed", channel, TreasureMapPayload.completed, try report.encoded(), []))
      let planned = part.compactMap(\.row).compactMap { TreasureMapPointing($0) }
      guard !planned.isEmpty else { continue }
      var unique: [TreasureMapPointing] = []
      for pointing in planned where !unique.contains(pointing) { unique.append(pointing) }
      let end = try TreasureMapPayload(event: event, instrument: instrument, items: unique.map { .init($0) })
      list.append(
        delivery(
          "\(key)/cancelled", channel, TreasureMapPayload.cancelled, try end.encoded(),
          [DeliveryKey("\(key)/completed")]))
    }
    return list
  }

  func delivery(
    _ key: String, _ channel: String, _ kind: String, _ payload: [UInt8], _ needs: [DeliveryKey]
  ) -> Delivery {
    Delivery(
      key: DeliveryKey(key), channel: channel, kind: kind, payload: payload, event: event, isMock: isMock,
      notBefore: now, expires: now + Self.holds, urgency: 5, needs: needs)
  }

  static func completed(_ version: Version) -> TreasureMapPointing? {
    let (o, row) = (version.stored.observation, version.row)
    guard o.limit != nil else { return nil }
    // Reports say how far the field was turned on top of what was planned.
    let angle = Angle.degrees(row?.paDeg ?? 0) + o.rotation
    return try? TreasureMapPointing(
      at: o.direction, start: o.start,
      band: TreasureMapPointing.band(for: o.filter ?? row?.filter ?? ""), depth: o.limit,
      positionAngle: angle)
  }
}

extension Engine {
  /// Tells the Treasure Map and ICARE of exposures that were reported since the last time, each once: how far it has
  /// been told is stored with what it is owed.
  func reportExecuted(
    _ id: String, _ event: Event, at now: Instant, memo: inout EventMemo, into outcome: inout StepOutcome
  ) async throws {
    let entries = settings.recipients.entries.filter { entry in
      guard entry.acceptsMocks || event.isReal else { return false }
      switch entry.kind {
      case .treasureMap, .icare: return true
      case .slack, .mail, .webhook, .files, .drop: return false
      }
    }
    guard !entries.isEmpty else { return }
    let told = memo.reported ?? 0
    let new = try await store.observations(for: id).filter { $0.number > told }
    guard let last = new.last else { return }
    memo.reported = last.number
    var exposures: [ExecutedReport.Exposure] = []
    var documents: [String: NetworkPlanDocument] = [:]
    for stored in new {
      var exposure = ExecutedReport.Exposure(newest: try await version(stored, &documents))
      for old in stored.earlier where old.number <= told {
        exposure.told.append(try await version(old, &documents))
      }
      exposures.append(exposure)
    }
    let report = ExecutedReport(event: id, isMock: !event.isReal, exposures: exposures, now: now)
    let corrections = ExecutedCorrections(
      report: report, made: try await reports(of: id, exposures, to: entries),
      identity: event.time.map { EventIdentity(time: $0, aliases: [id]) })
    for entry in entries {
      switch entry.kind {
      case .icare(let options):
        outcome.deliveries += try report.deliveries(to: options)
        outcome.deliveries += try corrections.deliveries(to: options)
      case .treasureMap(let options):
        // The map knows gravitational waves only: the rest has no name there.
        outcome.deliveries += (try? report.deliveries(to: entry.channel, options)) ?? []
        outcome.deliveries += (try? corrections.deliveries(to: entry.channel, options)) ?? []
      default: break
      }
    }
  }

  /// - Parameter documents: plans that were read already, by id.
  private func version(
    _ stored: StoredObservation, _ documents: inout [String: NetworkPlanDocument]
  ) async throws -> ExecutedReport.Version {
    guard let number = stored.assignment else { return ExecutedReport.Version(stored: stored, row: nil) }
    let pointing = try await store.assignment(number)
    if documents[pointing.plan] == nil {
      documents[pointing.plan] = try NetworkPlanDocument(json: try await store.plan(pointing.plan).document)
    }
    let rows = documents[pointing.plan]?.plans.first { $0.telescope.slug == stored.telescope }?.rows ?? []
    let position = pointing.assignment.position
    return ExecutedReport.Version(
      stored: stored, row: rows.indices.contains(position) ? rows[position] : nil)
  }

  /// What others were told of exposures before, as far as some of these have been corrected.
  private func reports(
    of id: String, _ exposures: [ExecutedReport.Exposure], to entries: [Recipients.Entry]
  ) async throws -> ExecutedCorrections.Made {
    var made = ExecutedCorrections.Made()
    guard exposures.contains(where: { !$0.told.isEmpty }) else { return made }
    let channels = Set(entries.map(\.channel))
    let kinds: Set<String> = [TreasureMapPayload.completed, TreasureMapPayload.corrected]
    for entry in try await store.deliveries(Set(DeliveryState.allCases), event: id, limit: 10_000)
    where channels.contains(entry.channel) {
      if entry.channel == IcareChannel.channelName {
        if entry.key == ExecutedCorrections.eventKey(id) { made.hasEvent = true }
        continue
      }
      guard kinds.contains(entry.kind) else { continue }
      let payload = try JSONDecoder().decode(
        TreasureMapPayload.self, from: Data(try await store.delivery(entry.key).payload))
      for item in payload.items { made.reports[entry.channel, default: [:]][item.pointing] = entry }
    }
    return made
  }
}
