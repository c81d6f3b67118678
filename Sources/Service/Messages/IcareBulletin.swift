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
  /// ICARE's interface to a telescope by slug, such as `TAROTAPI` or `TRTAPI:SRO`: for requests.
  public var requests: [String: String]
  /// ICARE's bandpasses by our filter names, where the usual ones do not fit.
  public var filters: [String: String]
  public var crossMatch: CrossMatchPolicy
  /// How long ICARE's own ingestion is waited for before the event is created.
  public var createAfter: Duration
  /// Telescopes, by slug, whose plans ICARE is to hand to the telescope's queue.
  public var sends: Set<String> = []
  /// Whether trigger decisions are set there, by allocation.
  public var setsTriggers = false

  public init(
    group: String, instruments: [String: String], requests: [String: String] = [:],
    filters: [String: String] = [:], crossMatch: CrossMatchPolicy = .propose,
    createAfter: Duration = .minutes(15)
  ) {
    self.group = group
    self.instruments = instruments
    self.requests = requests
    self.filters = filters
    self.crossMatch = crossMatch
    self.createAfter = createAfter
  }

  /// ICARE's name of a filter; nil when it has none.
  func bandpass(_ filter: String) -> String? { filters[filter] ?? IcareBandpass.name(of: filter) }
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
    var comment = CommentPush(event: identity, text: commentText(message), groups: [options.group])
    comment.essence = essence
    try push(.comment(comment), "icare/\(event)/comment/\(number)", needs: [eventKey])
    if occasion == .plan { try plans(identity, eventKey, options, push) }
    try requests(options, push)
    return list
  }

  /// The same when all is decided anew, as after the store was lost: ICARE has the comment already then.
  private var essence: String {
    var timeless = message
    timeless.made = message.time ?? now
    timeless.plan = nil
    return String(SHA256.hexDigest(of: commentText(timeless)).prefix(12))
  }

  private func commentText(_ message: EventMessage) -> String {
    guard occasion == .plan, replaced != nil, document != nil else { return message.plainText }
    return message.plainText
      + "In ICARE the plans \(event)-r\(planNumber)-... take the place of earlier ones of their telescopes.\n"
  }

  /// What telescopes are asked for through ICARE, and what is taken back. Those that get another request share
  /// its place in the queue, so that one that has not left is not sent at all.
  private func requests(
    _ options: IcareOptions,
    _ push: (IcarePush, String, String?, [DeliveryKey], Duration) throws -> Void
  ) throws {
    guard let requests else { return }
    func slot(_ request: OpenRequest) -> String { "icare/\(event)/followup/\(request.slug)" }
    for (old, isReplaced) in requests.withdrawn {
      let cancel = CancelPush(followup: old.key, source: old.source.id, allocation: old.allocation)
      try push(.cancel(cancel), "\(old.key)/cancel", isReplaced ? nil : slot(old), [], .hours(72))
    }
    for (made, window) in requests.made {
      let followup = FollowupPush(
        source: made.source, allocation: made.allocation, request: made.request, window: window,
        groups: [options.group])
      try push(.followup(followup), made.key, slot(made), [], max(window.end - now, .minutes(1)))
    }
    guard let source else { return }
    let labels =
      message.isStop ? [ClassificationPush.stop] : requests.made.isEmpty ? [] : [ClassificationPush.go]
    for label in labels {
      let labelling = ClassificationPush(source: source, label: label, groups: [options.group], decided: now)
      try push(
        .classification(labelling), "icare/\(event)/source/\(source.id)/label/\(number)",
        "icare/\(event)/source/\(source.id)", [], .hours(72))
    }
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
    // Who is asked for the source itself needs no plan beside.
    let asked = Set((requests?.open ?? []).map(\.slug))
    let wanted = document.plans.filter { !asked.contains($0.telescope.slug) }.compactMap { plan in
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
          exposure: .seconds(row.exptimeS), filter: row.filter.flatMap(options.bandpass) ?? row.filter ?? "",
          weight: row.prob,
          overhead: .seconds(plan.timing.readoutS))
      }
      let slug = plan.telescope.slug
      let planKey = "icare/\(event)/plan/\(planNumber)/\(slug)"
      let series = "icare/\(event)/plan/\(slug)"
      let allocation = AllocationKey(instrument: instrument, group: options.group)
      let name = PlanPush.name(
        event: event, revision: planNumber, telescope: slug,
        contents: plan.sha256 ?? plan.planID)
      try push(
        .plan(
          PlanPush(
            event: identity, map: reference, allocation: allocation, name: name,
            window: TimeWindow(document.window.start.instant, document.window.end.instant),
            pointings: pointings, series: series, age: PlanAge(informed: informed, decided: now),
            planID: plan.planID)),
        planKey, series, [eventKey, mapKey], .hours(24))
      if options.sends.contains(slug) {
        try push(
          .planSend(PlanSendPush(plan: planKey)), "\(planKey)/send", "\(series)/send",
          [DeliveryKey(planKey)], .hours(24))
      }
      if options.setsTriggers {
        try push(
          .trigger(TriggerPush(event: identity, allocation: allocation, isTriggered: true)),
          "icare/\(event)/trigger/\(planNumber)/\(slug)", "icare/\(event)/trigger/\(slug)",
          [DeliveryKey(planKey)], .hours(24))
      }
    }
  }
}
