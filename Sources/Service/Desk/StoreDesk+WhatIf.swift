import Campaigns
import Dashboard
import Formats
import Foundation
import Observatories
import Planning
import Store
import Units

/// The last comparisons, for readers who look again; one is made at a time.
actor WhatIfShelf {
  private struct Held {
    let plan: String
    let adoption: Adoption
    let at: Instant
    let view: WhatIfView
  }
  private var held: [Held] = []
  /// Longer ago the night has moved on.
  private static let age: Duration = .minutes(2)
  private static let capacity = 12

  func view(of task: WhatIfTask, _ adoption: Adoption) throws(DeskError) -> WhatIfView {
    held.removeAll { task.now - $0.at > Self.age || task.now < $0.at }
    if let known = held.first(where: { $0.plan == task.planID && $0.adoption.isAsking(the: adoption) }) {
      return known.view
    }
    let clock = ContinuousClock()
    let start = clock.now
    let result: WhatIfTask.Result
    do { result = try task.run(adoption) } catch { throw .invalid("\(error)") }
    let view = WhatIfView(result, of: task, adoption, seconds: (clock.now - start).seconds)
    held.append(Held(plan: task.planID, adoption: adoption, at: task.now, view: view))
    if held.count > Self.capacity { held.removeFirst() }
    return view
  }
}

extension Adoption {
  /// Whether it changes the same, whoever asks and when.
  fileprivate func isAsking(the other: Adoption) -> Bool { text == other.text && plan == other.plan }
}

extension WhatIfView {
  fileprivate init(_ result: WhatIfTask.Result, of task: WhatIfTask, _ adoption: Adoption, seconds: Double) {
    let known = Dictionary(task.maker.telescopes.map { ($0.id, $0) }, uniquingKeysWith: { a, _ in a })
    let old = Dictionary(grouping: task.before.pointings) { $0.telescopeID }.mapValues(\.count)
    let plan = result.made.plan
    let new = Dictionary(
      plan.telescopes.map { ($0.telescope.id, $0.assignments.count) }, uniquingKeysWith: { a, _ in a })
    let why = Dictionary(plan.omissions.map { ($0.telescopeID, $0.reason) }, uniquingKeysWith: { a, _ in a })
    func figures(_ probability: Double, _ counts: [String: Int]) -> Figures {
      Figures(
        probability: probability, tiles: counts.values.reduce(0, +),
        telescopes: counts.values.count { $0 > 0 })
    }
    let total = result.comparison.total
    self.init(
      event: task.id, plan: task.planID, assumptions: adoption.text.components(separatedBy: "; "),
      before: figures(result.probabilityBefore, old), after: figures(result.probabilityAfter, new),
      kept: total.kept, moved: total.moved, new: total.new, dropped: total.dropped,
      lines: result.comparison.lines,
      parts: Set(old.keys).union(new.keys).sorted().map { id in
        let after = new[id] ?? 0
        return Part(
          telescope: id, slug: known[id]?.slug ?? id, tilesBefore: old[id] ?? 0, tilesAfter: after,
          reason: after == 0 ? why[id] : nil)
      }, seconds: (seconds * 1000).rounded() / 1000)
  }
}

extension StoreDesk {
  private func task(_ event: String) async throws(DeskError) -> WhatIfTask {
    _ = try await asked { () async throws(StoreError) in try await store.event(event) }
    guard let engine = state.engine else {
      throw .unavailable("this instance stands by: ask the one that works")
    }
    do {
      if let task = try await engine.whatIfTask(event) { return task }
    } catch {
      throw .unavailable("the circumstances cannot be had: \(error)")
    }
    throw .conflict("\(event) has no plan in force")
  }

  func whatIfOptions(on event: String) async throws(DeskError) -> WhatIfOptions {
    let stored = try await asked { () async throws(StoreError) in try await store.event(event) }
    let memo = try memo(stored)
    guard let id = memo.planID else { throw .conflict("\(event) has no plan in force") }
    let parts = try await digest(of: id).summary.telescopes
    let telescopes = state.settings.telescopes
    let slugs = Set(parts.map(\.slug))
    return WhatIfOptions(
      plan: try await planLine(id),
      planned: parts.map { .init(value: $0.slug, label: $0.name, note: "\($0.tiles)") },
      sites: Set(telescopes.filter { slugs.contains($0.slug) }.map(\.site.name)).sorted(),
      outOfService: telescopes.compactMap { telescope in
        guard let reason = telescope.outOfService, telescope.field != nil else { return nil }
        return .init(value: telescope.slug, label: telescope.id, note: reason)
      }, adopted: try await adopted(memo, event))
  }

  func whatIf(_ form: WhatIfForm, on event: String) async throws(DeskError) -> WhatIfView {
    let task = try await task(event)
    return try await state.whatIfs.view(of: task, try adoption(of: form, task, by: ""))
  }

  func adopt(
    _ form: WhatIfForm, on event: String, by identity: Identity
  ) async throws(DeskError) -> AnswerLine {
    let task = try await task(event)
    guard let plan = form.plan else { throw .invalid("plan: name the plan it was compared with") }
    guard plan == task.planID else {
      throw .conflict("the plan has changed: it was \(plan), and is \(task.planID) now; compare again")
    }
    let made = try adoption(of: form, task, by: identity.actor)
    let now = state.clock.now()
    do {
      var step = StepOutcome()
      step.timers = [try made.timer(for: event, at: now)]
      try await store.commit(step, at: now)
    } catch {
      throw .unavailable("\(error)")
    }
    return AnswerLine(event: event, action: "what_if", text: made.text, timeUTC: now.iso8601(.milliseconds))
  }

  // MARK: From words to circumstances

  private func adoption(
    of form: WhatIfForm, _ task: WhatIfTask, by name: String
  ) throws(DeskError) -> Adoption {
    let now = state.clock.now()
    let far = now + .hours(48)
    var outs: [Adoption.Out] = []
    var texts: [String] = []
    for word in Set(form.drop).sorted() {
      let telescope = try telescope(called: word)
      let end = task.order.expires.map { max($0, now + .hours(24)) } ?? far
      outs.append(
        .init(
          telescope: telescope.slug, kind: "closure", startTAI: task.startTAI, endTAI: end.tai,
          reason: "dropped from \(task.id) by the shift", isOfEvent: true))
      texts.append("without \(telescope.id)")
    }
    for cloud in form.clouds {
      let end = try time(cloud.untilUTC, "until_utc", after: now)
      guard end > now, end <= far else { throw .invalid("until_utc lies within the next 48 hours") }
      guard let there = try? Registry(state.settings.telescopes).telescopes(at: cloud.site),
        let site = there.first?.site.name
      else { throw .invalid("no site is called \(cloud.site.prefix(100))") }
      for telescope in there {
        outs.append(
          .init(
            telescope: telescope.slug, kind: "weather", startTAI: task.startTAI, endTAI: end.tai,
            reason: "clouds, as the shift expects", isOfEvent: false))
      }
      texts.append("clouds at \(site) until \(end.dateAndClock)")
    }
    var start: Instant?
    if let text = form.startUTC {
      let found = try time(text, "start_utc", after: now)
      guard found > now, found <= far else { throw .invalid("start_utc lies within the next 48 hours") }
      (start, texts) = (found, texts + ["nothing before \(found.dateAndClock)"])
    }
    var added: [String] = []
    for word in Set(form.add).sorted() {
      let telescope = try telescope(called: word)
      guard telescope.field != nil else { throw .invalid("\(telescope.id): its field of view is not known") }
      added.append(telescope.id)
      texts.append("with \(telescope.id)")
    }
    guard !texts.isEmpty else {
      throw .invalid("nothing is asked: drop or add a telescope, put clouds over a site, or start later")
    }
    return Adoption(
      outs: outs, added: added, notBeforeTAI: start?.tai, plan: task.planID,
      text: texts.joined(separator: "; "), by: name)
  }

  private func telescope(called name: String) throws(DeskError) -> Telescope {
    guard let found = state.settings.telescopes.first(where: { $0.slug == name || $0.id == name }) else {
      throw .invalid("no telescope is called \(name.prefix(100))")
    }
    return found
  }

  /// As people type it: `03:30` is the next such time.
  private func time(_ text: String, _ name: String, after now: Instant) throws(DeskError) -> Instant {
    let text = text.trimmingCharacters(in: .whitespaces)
    if text.count == 5, text.dropFirst(2).first == ":" {
      let today = String(now.iso8601().prefix(11)) + text + ":00Z"
      if let found = Instant(iso8601: today) { return found > now ? found : found + .hours(24) }
    }
    let joined = text.replacing(" ", with: "T")
    let whole = joined.count == 16 ? joined + ":00Z" : joined.hasSuffix("Z") ? joined : joined + "Z"
    guard text.utf8.count <= 40, let found = Instant(iso8601: whole) else {
      throw .invalid("\(name) is a time such as 03:30 or 2026-11-21T03:30Z")
    }
    return found
  }
}

extension WhatIfTask {
  /// To the minute, so that what is asked twice is the same.
  fileprivate var startTAI: Int64 { now.tai / 60_000_000_000 * 60_000_000_000 }
}
