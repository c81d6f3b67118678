import Dashboard
import Foundation
import Rosters
import Store
import Units

/// Swap requests: kept in the store, and in the roster's file once they are accepted.
extension StoreDesk {
  private static let mostShown = 20

  /// What is shown of them beside the roster.
  func swaps(in roster: Roster, _ check: RosterCheck) async throws(DeskError) -> [SwapView] {
    let stored = try await asked { () async throws(StoreError) in
      try await store.swaps(of: roster.key, limit: Self.mostShown)
    }
    return stored.map { swap in
      let (request, isOpen) = (swap.request, swap.state == .open)
      return SwapView(
        id: swap.id, giver: request.giver, shift: request.shift, taker: request.taker,
        inReturn: request.inReturn, state: swap.state.rawValue, askedBy: swap.askedBy,
        askedUTC: swap.askedAt.iso8601(), answeredBy: swap.answeredBy,
        findings: isOpen ? Self.findings(of: request, in: roster, check) : [])
    }
  }

  private static func findings(of swap: SwapRequest, in roster: Roster, _ check: RosterCheck) -> [String] {
    do throws(SwapProblem) { return try change(swap, in: roster, check).appeared.map(\.description) } catch {
      return [error.text]
    }
  }

  func askSwap(_ form: SwapForm, by identity: Identity) async throws(DeskError) {
    let roster = try readRoster()
    let request = SwapRequest(
      campaign: roster.key, giver: form.giver, shift: form.shift, taker: form.taker, inReturn: form.inReturn)
    let now = state.clock.now()
    do throws(SwapProblem) {
      _ = try Self.change(request, in: roster, Self.check(roster), after: now)
    } catch {
      throw .conflict(error.text)
    }
    _ = try await asked { () async throws(StoreError) in
      try await store.ask(request, by: identity.actor, at: now)
    }
  }

  func answerSwap(
    _ id: Int64, _ answer: SwapAnswer, by identity: Identity
  ) async throws(DeskError) {
    guard let file = state.rosterFile else { throw .notFound("no roster is configured") }
    let word: SwapRequest.State =
      switch answer {
      case .accepted: .accepted
      case .declined: .declined
      case .withdrawn: .withdrawn
      }
    let now = state.clock.now()
    _ = try await asked { () async throws(StoreError) in
      try await store.answer(swap: id, word, by: identity.actor, at: now) { request in
        guard word == .accepted else { return }
        do throws(SwapProblem) { try Self.write(request, to: file, after: now) } catch {
          throw StoreError.impossibleAnswer(error.text)
        }
      }
    }
  }

  /// The file as it is now, with the change; whole or not at all. While it is written nobody else answers.
  private static func write(
    _ request: SwapRequest, to file: RosterShelf, after now: Instant
  ) throws(SwapProblem) {
    let roster: Roster
    switch file.read() {
    case .success(let read): roster = read
    case .failure(let problem): throw SwapProblem(text: "the roster cannot be read: \(problem)")
    }
    let change = try change(request, in: roster, check(roster), after: now)
    guard change.isSound else {
      let text = change.appeared.filter { $0.severity == .error }.map(\.description).joined(separator: "; ")
      throw SwapProblem(text: "the roster would have new errors: \(text)")
    }
    do { try file.write(change.roster) } catch {
      let command =
        "vesper roster swap \(request.giver) \(request.shift) \(request.taker)"
        + (request.inReturn.map { " \($0)" } ?? "")
      throw SwapProblem(text: "the roster's file cannot be written; who may can do it with `\(command)`")
    }
  }

  private static func change(
    _ request: SwapRequest, in roster: Roster, _ check: RosterCheck, after now: Instant? = nil
  ) throws(SwapProblem) -> RosterChange {
    guard let a = Username(request.giver), let b = Username(request.taker), let x = ShiftID(request.shift)
    else { throw SwapProblem(text: "names and shifts are as the roster has them: ana, 2026-11-27/3") }
    guard roster.everybody.contains(b) else { throw SwapProblem(text: "the roster names nobody called \(b)") }
    let y = request.inReturn.flatMap { ShiftID($0) }
    if let text = request.inReturn, y == nil { throw SwapProblem(text: "\(text) is no day and slot") }
    for id in [x, y].compactMap({ $0 }) {
      if let now, let shift = roster.shift(id), shift.window.end <= now {
        throw SwapProblem(text: "\(id) is over")
      }
    }
    do throws(RosterError) {
      if let y { return try roster.swapping(a, on: x, with: b, on: y, check: check) }
      return try roster.replacing(a, on: x, by: b, check: check)
    } catch {
      throw SwapProblem(text: "\(error)")
    }
  }

  static func check(_ roster: Roster) -> RosterCheck {
    RosterCheck(zones: ZoneFiles.load(Set(roster.members.compactMap(\.zone))))
  }
}

private struct SwapProblem: Error {
  let text: String
}

extension RosterShelf {
  /// Comments in the file are lost, as with `vesper roster swap --in-place`.
  func write(_ roster: Roster) throws {
    try roster.yaml().write(toFile: path, atomically: true, encoding: .utf8)
    forget()
  }
}
