import Units

extension NetworkSelection.Choice {
  /// A choice in which every candidate has several visits.
  public struct Repeated: Sendable {
    public var choice: NetworkSelection.Choice
    /// One for every visit; its windows keep it clear of the visits before and after, wherever it moves in them.
    public var candidates: [Candidate]
    /// Index of the candidate each is a visit to, and which visit, from 1.
    public var origin: [(candidate: Int, visit: Int)]
    /// Candidates with fewer visits than asked for.
    public var incomplete: Int
  }

  /// Gives chosen candidates slots for several visits each: slot by slot the one whose next visit cannot wait
  /// longest (earliest deadline first, Jackson 1955). What has no slot is left out. O(slots x candidates).
  ///
  /// - Parameters:
  ///   - count: visits to each.
  ///   - gap: from the end of one to the start of the next, at least.
  ///   - visit: length of one.
  public func repeated(
    _ count: Int, gap: Duration, of candidates: [Candidate], visit: Duration
  ) -> Repeated {
    let ids = occupant.filter { $0 >= 0 }.sorted()
    let step = visit.seconds + max(0, gap.seconds)
    let ends = ids.map { candidates[Int($0)].startWindows.last?.end ?? Instant(tai: .min) }
    var places = [[Int]](repeating: [], count: ids.count)
    for (slot, start) in slotStarts.enumerated() {
      var best: (index: Int, deadline: Instant)?
      for (i, id) in ids.enumerated() where places[i].count < count {
        if let last = places[i].last, start < slotStarts[last].advanced(bySeconds: step) { continue }
        guard candidates[Int(id)].startWindows.contains(where: { $0.start <= start && start <= $0.end })
        else {
          continue
        }
        let left = Double(count - places[i].count - 1)
        let deadline = ends[i].advanced(bySeconds: -left * step)
        if best.map({ deadline < $0.deadline }) ?? true { best = (i, deadline) }
      }
      if let best { places[best.index].append(slot) }
    }
    var result = Repeated(
      choice: .init(slotStarts: slotStarts, occupant: occupant.map { _ in -1 }, gains: [:]), candidates: [],
      origin: [], incomplete: places.count { $0.count < count })
    for (i, id) in ids.enumerated() {
      for (k, slot) in places[i].enumerated() {
        let next = places[i].indices.contains(k + 1) ? slotStarts[places[i][k + 1]] : nil
        var candidate = candidates[Int(id)]
        candidate.startWindows = candidate.startWindows.compactMap { window in
          let start = k == 0 ? window.start : max(window.start, slotStarts[slot])
          let end = next.map { min(window.end, $0.advanced(bySeconds: -step)) } ?? window.end
          return start <= end ? TimeWindow(start, end) : nil
        }
        let number = Int32(result.candidates.count)
        result.candidates.append(candidate)
        result.origin.append((Int(id), k + 1))
        result.choice.occupant[slot] = number
        result.choice.gains[number] = gains[id]
      }
    }
    return result
  }
}
