import Deliveries
import Units

/// What a Slack message is to have beside the facts.
public struct SlackOptions: Hashable, Sendable {
  /// Calls everybody in the channel when telescopes are to move or to stop; never for a mock.
  public var callsEverybody = false
  /// Buttons with which the shift answers; they need a service that hears them.
  public var hasDecisionButtons = false
  /// Telescopes by slug whose teams answer by buttons; they need a service that hears them, too.
  public var asks: Set<String> = []
  /// Rows of the telescope table; the others are counted.
  public var rows = 12
  public init() {}
}

extension EventMessage {
  /// The state of the event as its root message. `sequence` 0 with no root is the post itself.
  ///
  /// - Throws: `.payload` if a name is too long for a button; everything else is cut to Slack's limits.
  public func slackRoot(
    root: DeliveryKey? = nil, sequence: Int = 0, options: SlackOptions = SlackOptions()
  ) throws(ChannelError) -> SlackPayload {
    var blocks: [SlackBlock] = [.header(.plain(SlackText.escape(title, limit: 150)))]
    if options.callsEverybody, mock == nil, isFollowUp || isStop {
      blocks.append(
        .section(.markdown(SlackText.everybody + " " + SlackText.escape(announcement, limit: 2900))))
    } else {
      blocks.append(.section(.plain(SlackText.escape(announcement))))
    }
    if let order { blocks.append(.section(.plain(SlackText.escape(order)))) }
    blocks += fieldBlocks
    if let text = Self.list(reasons, limit: 2900) { blocks.append(.section(.plain(text))) }
    if let text = Self.list(changes, limit: 2800) {
      blocks.append(.context([.plain("Changed since the last message:\n" + text)]))
    }
    blocks += tableBlocks(rows: options.rows)
    blocks += try buttons(options)
    blocks.append(.context([.plain(SlackText.escape(footer))]))
    return try SlackPayload(
      text: SlackText.escape(push, limit: SlackBlock.Limit.push), blocks: blocks, root: root,
      sequence: sequence)
  }

  /// A step of the event's history, as a reply in its thread.
  ///
  /// - Parameter broadcast: shows it in the channel too; for a STOP and for changes of class or decision.
  public func slackReply(root: DeliveryKey, broadcast: Bool) throws(ChannelError) -> SlackPayload {
    var blocks: [SlackBlock] = [.section(.plain(SlackText.escape(announcement)))]
    if let order { blocks.append(.section(.plain(SlackText.escape(order)))) }
    if let text = Self.list(reasons + changes, limit: 2900) { blocks.append(.section(.plain(text))) }
    return try SlackPayload(
      text: SlackText.escape(push, limit: SlackBlock.Limit.push), blocks: blocks, root: root,
      broadcast: broadcast)
  }

  /// One telescope's plan with the buttons by which its team answers, as a reply in the event's thread.
  ///
  /// - Parameter planRevision: what the team answers to.
  public func slackRequest(
    to telescope: Telescope, planRevision: Int, root: DeliveryKey
  ) throws(ChannelError) -> SlackPayload {
    let name = SlackText.escape(telescope.name, limit: 200)
    let rows = SlackText.escape(table([telescope]).joined(separator: "\n"), limit: 2000, keepsLines: true)
    var blocks: [SlackBlock] = [
      .section(.plain(SlackText.escape("\(mockMark)Plan for \(telescope.name): \(event)"))),
      .section(.markdown("```\(rows)```")),
    ]
    let note = SlackText.escape(telescope.note ?? "")
    if !note.isEmpty { blocks.append(.section(.plain(note))) }
    let value = try SlackActionValue(event: event, revision: planRevision, telescope: telescope.name)
      .encoded()
    var buttons = [
      SlackButton("We observe", action: SlackAction.accept.rawValue, value: value, style: .primary),
      SlackButton("We do not", action: SlackAction.refuse.rawValue, value: value, style: .danger),
      SlackButton("We cannot", action: SlackAction.cannot.rawValue, value: value),
    ]
    if let link = telescope.link, SlackText.isAddress(link) {
      buttons.append(SlackButton("Plan", action: SlackAction.open.rawValue, url: link))
    }
    blocks.append(.actions(buttons))
    return try SlackPayload(
      text: "\(SlackText.escape(mockMark))Plan for \(name): \(SlackText.escape(push, limit: 2000))",
      blocks: blocks, root: root)
  }

  private var title: String {
    let sign = isStop ? "❌" : (isFollowUp ? "🟢" : (verdict == .watch ? "🟡" : "⚪"))
    let parts = [PlainText.oneLine(event), isRetracted ? nil : revision.map(PlainText.oneLine), decision]
    return "\(sign) \(mockMark)\(parts.compactMap { $0 }.joined(separator: ": "))"
  }

  private var fieldBlocks: [SlackBlock] {
    let fields = lines.map { line in
      SlackTextObject.plain(
        "\(SlackText.escape(line.title, limit: 60))\n\(SlackText.escape(line.text, limit: 1900))")
    }
    return stride(from: 0, to: fields.count, by: SlackBlock.Limit.fields).map {
      .fields(Array(fields[$0..<min($0 + SlackBlock.Limit.fields, fields.count)]))
    }
  }

  private func tableBlocks(rows limit: Int) -> [SlackBlock] {
    guard !isStop, !telescopes.isEmpty else { return [] }
    let observing = observing
    guard !observing.isEmpty else {
      return [.section(.plain("No telescope has anything to observe."))]
    }
    let shown = Array(observing.prefix(max(1, limit)))
    // Six bytes are left for the fences; whole rows only.
    var kept: [String] = []
    var used = 0
    for row in table(shown) {
      let line = SlackText.escape(row, limit: 400, keepsLines: true)
      guard used + line.utf16.count + 1 <= SlackBlock.Limit.section - 10 else { break }
      kept.append(line)
      used += line.utf16.count + 1
    }
    var blocks: [SlackBlock] = [.section(.markdown("```\(kept.joined(separator: "\n"))```"))]
    let more = observing.count - (kept.count - 1)
    let together = probability.map { "together \(Wording.percent($0)) of the map" }
    let notes = [more > 0 ? "+\(more) more" : nil, together].compactMap { $0 }
    if !notes.isEmpty { blocks.append(.context([.plain(notes.joined(separator: ", "))])) }
    return blocks
  }

  private func buttons(_ options: SlackOptions) throws(ChannelError) -> [SlackBlock] {
    var buttons: [SlackButton] = []
    for (index, link) in links.filter({ SlackText.isAddress($0.address) }).prefix(10).enumerated() {
      let label = SlackText.escape(link.title, limit: SlackBlock.Limit.label)
      guard !label.isEmpty else { continue }
      buttons.append(SlackButton(label, action: "\(SlackAction.open.rawValue)#\(index)", url: link.address))
    }
    if options.hasDecisionButtons, !isStop {
      let value = try SlackActionValue(event: event).encoded()
      if !isFollowUp {
        buttons.append(
          SlackButton("FOLLOW UP", action: SlackAction.followUp.rawValue, value: value, style: .primary))
      }
      if verdict != .no {
        let action = isFollowUp ? SlackAction.confirmStop : .noFollowUp
        let label = isFollowUp ? "STOP" : "NO FOLLOW UP"
        buttons.append(SlackButton(label, action: action.rawValue, value: value, style: .danger))
      }
    }
    return buttons.isEmpty ? [] : [.actions(buttons)]
  }

  private var footer: String {
    let duty = onDuty.isEmpty ? nil : "on duty: \(onDuty.joined(separator: ", "))"
    return ["Vesper", plan.map { "plan \($0)" }, "made \(Wording.time(made))", duty].compactMap { $0 }
      .joined(separator: " · ")
  }

  /// Lines with bullets, whole lines only; nil if there is none.
  private static func list(_ texts: [String], limit: Int) -> String? {
    var kept: [String] = []
    var used = 0
    for text in texts {
      let line = "• " + SlackText.escape(text, limit: 600)
      guard used + line.utf16.count + 1 <= limit - 20 else {
        kept.append("• +\(texts.count - kept.count) more")
        break
      }
      kept.append(line)
      used += line.utf16.count + 1
    }
    return kept.isEmpty ? nil : kept.joined(separator: "\n")
  }
}
