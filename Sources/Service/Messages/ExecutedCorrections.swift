import Channels
import Deliveries
import Formats
import Icare
import Units

/// Exposures of which something better is known than others were told. The Treasure Map lets its owner change a
/// completed pointing. ICARE keeps executed observations as they came in, for all but its administrators: there the
/// correction is a comment on the event.
struct ExecutedCorrections {
  /// What others were told before.
  struct Made {
    /// The delivery that told a map of a pointing last, by channel.
    var reports: [String: [TreasureMapPointing: OutboxEntry]] = [:]
    /// ICARE has been told of the event.
    var hasEvent = false
  }
  let report: ExecutedReport
  let made: Made
  /// What ICARE calls the event.
  let identity: EventIdentity?

  /// The delivery by which ICARE comes to know an event.
  static func eventKey(_ event: String) -> DeliveryKey { DeliveryKey("icare/\(event)/event") }

  /// Exposures of a telescope that were told and are told otherwise now.
  private func changed<T: Equatable>(
    _ slug: String, _ view: (ExecutedReport.Version) -> T?
  ) -> [(exposure: ExecutedReport.Exposure, new: T, old: T)] {
    report.exposures.compactMap { exposure in
      guard exposure.stored.telescope == slug, let new = view(exposure.newest),
        let old = exposure.told.lazy.compactMap(view).first, new != old
      else { return nil }
      return (exposure, new, old)
    }
  }

  // MARK: The Treasure Map

  func deliveries(
    to channel: String, _ options: TreasureMapOptions
  ) throws(ChannelError) -> [Delivery] {
    var list: [Delivery] = []
    for slug in report.slugs {
      guard let instrument = options.instruments[slug] else { continue }
      let all = changed(slug, ExecutedReport.completed)
      for start in stride(from: 0, to: all.count, by: ExecutedReport.most) {
        list += try map(all[start..<min(start + ExecutedReport.most, all.count)], slug, instrument, channel)
      }
    }
    return list
  }

  private typealias Change = (
    exposure: ExecutedReport.Exposure, new: TreasureMapPointing, old: TreasureMapPointing
  )

  private func map(
    _ changes: ArraySlice<Change>, _ slug: String, _ instrument: Int, _ channel: String
  ) throws(ChannelError) -> [Delivery] {
    guard let first = changes.first else { return [] }
    let key = "\(channel)/\(report.event)/executed/\(slug)/\(first.exposure.stored.number)"
    var (corrected, anew): ([TreasureMapPayload.Item], [TreasureMapPayload.Item]) = ([], [])
    var needs: Set<DeliveryKey> = []
    var rows: [TreasureMapPointing] = []
    for change in changes {
      if let told = made.reports[channel]?[change.old], told.state == .done || told.state.isOpen {
        corrected.append(.init(change.new, planned: change.old))
        if told.state.isOpen { needs.insert(told.key) }
      } else {
        // What was to be told before never arrived.
        anew.append(.init(change.new))
      }
      // It turned out to be of another pointing: that one is not to come any more.
      if change.exposure.stored.assignment != change.exposure.told.first?.stored.assignment,
        let row = change.exposure.row.flatMap({ TreasureMapPointing($0) }), !rows.contains(row)
      {
        rows.append(row)
      }
    }
    var list: [Delivery] = []
    for (kind, items, needs) in [
      (TreasureMapPayload.corrected, corrected, needs.sorted()), (TreasureMapPayload.completed, anew, []),
      (TreasureMapPayload.cancelled, rows.map { .init($0) }, []),
    ] where !items.isEmpty {
      let payload = try TreasureMapPayload(event: report.event, instrument: instrument, items: items)
      list.append(report.delivery("\(key)/\(kind)", channel, kind, try payload.encoded(), needs))
    }
    return list
  }

  // MARK: ICARE

  func deliveries(to options: IcareOptions) throws(IcareError) -> [Delivery] {
    guard let identity, made.hasEvent else { return [] }
    var list: [Delivery] = []
    for slug in report.slugs {
      guard let instrument = options.instruments[slug] else { continue }
      let changes = changed(slug) { report.row($0, options).map(Seen.init) }
      guard let first = changes.first else { continue }
      let lines = changes.prefix(Self.mostLines).map { "- \($0.old.number): \($0.new.words($0.old))" }
      var text =
        "\(instrument): reported anew by its team; the executed observations here stay as they were first told.\n"
        + lines.joined(separator: "\n")
      if changes.count > Self.mostLines { text += "\n- and \(changes.count - Self.mostLines) more" }
      list.append(
        try IcarePush.comment(CommentPush(event: identity, text: text, groups: [options.group])).delivery(
          key: "icare/\(report.event)/corrected/\(slug)/\(first.exposure.stored.number)", event: report.event,
          isMock: report.isMock, notBefore: report.now, expires: report.now + ExecutedReport.holds,
          urgency: 5,
          needs: [Self.eventKey(report.event)]))
    }
    return list
  }

  private static let mostLines = 50

  /// An executed observation as ICARE shows it: numbers differ from report to report and mean nothing.
  private struct Seen: Equatable {
    let row: ExecutedPush.Row
    var number: Int { row.observationID }

    init(_ row: ExecutedPush.Row) { self.row = row }

    static func == (a: Seen, b: Seen) -> Bool {
      var other = b.row
      other.observationID = a.row.observationID
      return a.row == other
    }

    /// What is otherwise than it was.
    func words(_ old: Seen) -> String {
      var parts: [String] = []
      func note(_ name: String, _ new: String, _ was: String) {
        if new != was { parts.append("\(name) \(new), not \(was)") }
      }
      note("limit", "\(row.limitingMagnitude)", "\(old.row.limitingMagnitude)")
      note("filter", row.filter, old.row.filter)
      note("exposure", "\(row.exposureSeconds) s", "\(old.row.exposureSeconds) s")
      note("start", row.start.text, old.row.start.text)
      if row.position != old.row.position, let place = row.position {
        parts.append("at \(place.rightAscensionDegrees) \(place.declinationDegrees)")
      }
      return "\(old.row.start.text): \(parts.joined(separator: "; "))"
    }
  }
}
