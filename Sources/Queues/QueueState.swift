/// What became of one pointing of a plan, as far as its telescope's team has told.
public enum QueueState: String, CaseIterable, Codable, Hashable, Sendable {
  /// It is in the telescope's queue.
  case sent
  /// The team or its robot has fetched it.
  case seen
  case accepted
  /// It will not be observed; the reason is told with it.
  case refused
  /// The shutter is open.
  case started
  case observed
  /// Images are where they can be analysed.
  case data
  /// Magnitudes or limits were reported.
  case photometry
  /// A newer plan, or the end of the campaign, took it back before it began.
  case withdrawn
  /// Its time has passed and nobody told anything.
  case expired

  /// The transitions. There are no others; see `verdict(on:)` for what a repetition is.
  public static let transitions: [QueueState: Set<QueueState>] = [
    .sent: [.seen, .accepted, .refused, .started, .observed, .withdrawn, .expired],
    .seen: [.accepted, .refused, .started, .observed, .withdrawn, .expired],
    .accepted: [.refused, .started, .observed, .withdrawn, .expired],
    // A team may think again. A refusal outlives its plan: the pointing is not given to the team again.
    .refused: [.accepted, .started, .observed],
    // An open shutter is not taken back: clouds may end it, or the result comes.
    .started: [.observed, .refused, .expired],
    .observed: [.data, .photometry],
    .data: [.photometry],
    .photometry: [],
    // Reports come late, and some are of what nobody wanted any more: the light was collected all the same.
    .withdrawn: [.observed],
    .expired: [.observed],
  ]

  /// Whether it is still to be done.
  public var isOpen: Bool { self == .sent || self == .seen || self == .accepted }
  /// Whether the telescope has it or had it under way: no later plan undoes that.
  public var hasBegun: Bool { place.map { $0 >= QueueState.started.place ?? 0 } ?? false }
  public var isObserved: Bool { place.map { $0 >= QueueState.observed.place ?? 0 } ?? false }

  /// Along the way that every pointing should go; nil beside it.
  private var place: Int? {
    switch self {
    case .sent: 0
    case .seen: 1
    case .accepted: 2
    case .started: 3
    case .observed: 4
    case .data: 5
    case .photometry: 6
    case .refused, .withdrawn, .expired: nil
    }
  }

  public enum Verdict: Hashable, Sendable {
    case changes
    /// It is so already, or further: nothing changes and nothing is wrong.
    case repeats
    case impossible
  }

  /// What an answer that says `next` does to a pointing in this state.
  public func verdict(on next: QueueState) -> Verdict {
    if self == next { return .repeats }
    if let here = place, let there = next.place, there <= here { return .repeats }
    return Self.transitions[self]?.contains(next) ?? false ? .changes : .impossible
  }
}
