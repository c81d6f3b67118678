import Units

extension ShiftReconciler {
  /// Who took themselves off a copy we had put them on has left the shift, wherever it stands.
  mutating func noteLeaves(_ copy: IcareShift, _ want: WantedShift) {
    for user in (record.copies[copy.id]?.confirmed ?? []).sorted() where copy.person(user) == nil {
      record.copies[copy.id]?.confirmed.remove(user)
      guard want.people[user] != nil else { continue }
      record.left.insert(user)
      if record.copies.contains(where: { $0.key != copy.id && $0.value.confirmed.contains(user) }) {
        record.owed.insert(user)
      }
    }
  }

  /// Brings what people did on a copy that is going away to the one that stays.
  mutating func carryOver(_ extra: IcareShift, to keeper: IcareShift, _ want: WantedShift) {
    let confirmed = record.copies[extra.id]?.confirmed ?? []
    for (user, sources) in record.carrying where sources.contains(extra.id) && extra.person(user) == nil {
      // Joined and left again: on the copy that stays they are only through us.
      record.carrying[user] = nil
      record.gone.insert(user)
      if record.carried[user] == keeper.id, keeper.person(user) != nil { record.owed.insert(user) }
    }
    for person in extra.people where person.user != settings.bot {
      let user = person.user
      if let there = keeper.person(user) {
        if !confirmed.contains(user), want.people[user] == nil {
          // On both already: whichever they leave, they have left, and are not put back.
          record.carrying[user, default: []].insert(extra.id)
          record.carried[user] = keeper.id
        }
        if person.needsReplacement, !there.needsReplacement, record.flagged[user] != keeper.id,
          actions.isEmpty
        {
          add(.flagReplacement(user, isAdmin: there.isAdmin), to: keeper.id, "asked for on the earlier copy")
        }
      } else if !confirmed.contains(user), want.people[user] == nil || record.left.contains(user),
        record.carrying[user]?.contains(keeper.id) != true, record.carried[user] != keeper.id,
        !record.gone.contains(user), !record.attempts.contains(where: { $0.action.isAdding(user) })
      {
        record.carrying[user, default: []].insert(extra.id)
        if actions.contains(where: { $0.isAdding(user) }) { continue }
        add(
          .addMember(user, isAdmin: person.isAdmin, needsReplacement: person.needsReplacement), to: keeper.id,
          "joined the earlier copy of the shift")
      }
    }
    for text in words(of: extra, want) { say(text, on: keeper, "so that it is not lost") }
  }

  /// What people wrote on a copy, as comments for another; what was brought to this copy goes on as it is.
  private func words(of extra: IcareShift, _ want: WantedShift) -> [String] {
    let (from, changed) = ("From ", "Description of an earlier copy of this shift, as it was changed there: ")
    var texts = extra.comments.compactMap { comment -> String? in
      if let bot = settings.bot, comment.author == bot {
        return comment.text.hasPrefix(from) || comment.text.hasPrefix(changed) ? comment.text : nil
      }
      return "\(from)\(comment.author?.text ?? "somebody"), on an earlier copy of this shift: \(comment.text)"
    }
    let base = record.copies[extra.id]?.text ?? want.text
    if base.description != extra.text.description {
      // Without the marker, which in a comment would only confuse.
      let theirs = extra.text.description.split(separator: key.marker, omittingEmptySubsequences: true)
        .joined()
      texts.append(changed + theirs)
    }
    return texts
  }

  /// Deletes copies of a shift that stands complete elsewhere.
  mutating func clearAway(_ extras: [IcareShift], _ want: WantedShift) {
    for extra in extras {
      let isKnown = record.copies[extra.id] != nil
      if !isKnown, extra.text.name != want.text.name, !record.deletable.contains(extra.id) {
        show(.impostor(extra.id))
      } else if !extra.strangers.isEmpty, !record.deletable.contains(extra.id) {
        show(.deletionHeld(extra.id, extra.strangers.map { "a user \($0)" }))
      } else {
        add(.delete, to: extra.id, "the shift stands elsewhere, with everybody on it")
      }
    }
  }

  /// The roster has no such shift any more.
  mutating func retire() {
    for shift in present where !record.twins.contains(shift.id) {
      let confirmed = record.copies[shift.id]?.confirmed ?? []
      var reasons = shift.people.filter { !confirmed.contains($0.user) && $0.user != settings.bot }
        .map { "\($0.user) joined" }
      reasons += shift.comments.filter { $0.author != settings.bot || settings.bot == nil }
        .map { "\($0.author?.text ?? "somebody") commented" }
      reasons += shift.strangers.isEmpty ? [] : ["\(shift.strangers.count) users with other names"]
      if reasons.isEmpty || record.deletable.contains(shift.id) {
        add(.delete, to: shift.id, "no longer in the roster")
      } else {
        show(.deletionHeld(shift.id, reasons))
      }
    }
    let ids = Set(present.map(\.id))
    record.copies = record.copies.filter { ids.contains($0.key) }
    if present.isEmpty { record = .init() }
  }
}
