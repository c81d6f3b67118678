import Ephemerides
import Units

/// Why visibility cannot be worked out at all.
public enum VisibilityError: Error, Hashable, Sendable {
  /// The window has no length.
  case emptyWindow(at: Instant)
  case ephemerisDoesNotCover(TimeWindow, ephemeris: TimeWindow)
  case position(EphemeridesError)
  /// A limit that is not a number or outside its range.
  case invalidLimit(Constraint)
}

extension VisibilityError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .emptyWindow(let t): "the window at \(t.iso8601()) has no length"
    case .ephemerisDoesNotCover(let asked, let has):
      "the ephemeris covers \(has.start.iso8601()) to \(has.end.iso8601()), not "
        + "\(asked.start.iso8601()) to \(asked.end.iso8601())"
    case .position(let error): error.description
    case .invalidLimit(let constraint): "a limit that cannot be: \(constraint)"
    }
  }
}
