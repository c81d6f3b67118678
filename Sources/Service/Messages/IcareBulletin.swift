import Campaigns
import Channels
import Deliveries
import Formats
import Icare
import Skymaps
import Units

/// What the service knows of ICARE beside its address.
public struct IcareOptions: Hashable, Sendable {
  /// Whose allocations, comments and plans they are.
  public var group: String
  /// Instrument names there, by our telescopes' slugs: who is not listed gets no plan there.
  public var instruments: [String: String]
  /// How long ICARE's own ingestion is waited for before the event is created.
  public var createAfter: Duration

  public init(group: String, instruments: [String: String], createAfter: Duration = .minutes(15)) {
    self.group = group
    self.instruments = instruments
    self.createAfter = createAfter
  }
}

extension Bulletin {
  /// The event with its name, GO or STOP, a comment per message, and the plans with their map.
  func icare(_ options: IcareOptions) throws -> [Delivery] {
    guard let time = message.time else { return [] }
    let identity = EventIdentity(time: time, aliases: [event])
    let eventKey = DeliveryKey("icare/\(event)/event")
    var list: [Delivery] = []
    func push(
      _ push: IcarePush, _ key: String, slot: String? = nil, needs: [DeliveryKey] = [],
      expires: Duration = .hours(72)
    ) throws {
      list.append(
        try push.delivery(
          key: key, event: event, isMock: isMock, notBefore: now, expires: now + expires, urgency: urgency,
          slot: slot, needs: needs))
    }
    if number == 1 {
      try push(
        .event(EventPush(event: identity, alias: event, createAfter: now + options.createAfter)),
        eventKey.text)
    }
    for (text, isRemoved) in tags {
      try push(
        .tag(TagPush(event: identity, text: text, isRemoved: isRemoved)),
        "icare/\(event)/tag/\(number)/\(text)", slot: "icare/\(event)/tag/\(text)", needs: [eventKey])
    }
    try push(
      .comment(CommentPush(event: identity, text: message.plainText, groups: [options.group])),
      "icare/\(event)/comment/\(number)", needs: [eventKey])
    if occasion == .plan { try plans(identity, eventKey, options, push) }
    return list
  }

  private var tags: [(String, isRemoved: Bool)] {
    let (go, stop) = (ClassificationPush.go, ClassificationPush.stop)
    if message.isStop { return [(go, true), (stop, false)] }
    return message.isFollowUp && occasion == .decision ? [(go, false), (stop, true)] : []
  }

  private func plans(
    _ identity: EventIdentity, _ eventKey: DeliveryKey, _ options: IcareOptions,
    _ push: (IcarePush, String, String?, [DeliveryKey], Duration) throws -> Void
  ) throws {
    guard let document, let map else { return }
    let uniq = map.keys.indices.map { i in
      // UNIQ = 4 * 4^order + index (HEALPix multi-order convention).
      let order = Int(map.orders[i])
      return (4 << (2 * order)) + Int(map.keys[i] >> UInt64(2 * (29 - order)))
    }
    let density = Array(map.density)
    let digest = IcareMap.digest(uniq: uniq, density: density)
    let reference = MapReference(name: "vesper-\(document.inputs.mapSHA256.prefix(12))", digest: digest)
    let mapKey = DeliveryKey("icare/\(event)/map/\(digest.prefix(12))")
    let wanted = document.plans.compactMap { plan in
      options.instruments[plan.telescope.slug].map { (plan, $0) }
    }
    guard !wanted.isEmpty else { return }
    try push(
      .localization(
        MapPush(event: identity, map: reference, content: .cells(uniq: uniq, densityPerSteradian: density))),
      mapKey.text, nil, [eventKey], .hours(72))
    for (plan, instrument) in wanted {
      let pointings = plan.rows.map { row in
        PlanPush.Pointing(
          position: Direction(ra: .degrees(row.raDeg), dec: .degrees(row.decDeg)),
          start: row.startUTC.instant,
          exposure: .seconds(row.exptimeS), filter: row.filter ?? "", weight: row.prob,
          overhead: .seconds(plan.timing.readoutS))
      }
      let name = PlanPush.name(
        event: event, revision: planNumber, telescope: plan.telescope.slug,
        contents: plan.sha256 ?? plan.planID)
      try push(
        .plan(
          PlanPush(
            event: identity, map: reference,
            allocation: AllocationKey(instrument: instrument, group: options.group),
            name: name, window: TimeWindow(document.window.start.instant, document.window.end.instant),
            pointings: pointings, planID: plan.planID)),
        "icare/\(event)/plan/\(planNumber)/\(plan.telescope.slug)",
        "icare/\(event)/plan/\(plan.telescope.slug)",
        [eventKey, mapKey], .hours(24))
    }
  }
}
