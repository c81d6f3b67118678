/// Why a text is no angle.
public enum AngleTextError: Error, Hashable, Sendable, CustomStringConvertible {
  case noAngle(String)
  /// Minutes or seconds of 60 or more, or below zero.
  case minutes(String)

  public var description: String {
    switch self {
    case .noAngle(let text): "`\(text)` is no angle; write degrees, or 12:34:56.7"
    case .minutes(let text): "`\(text)`: minutes and seconds are 0 to 59"
    }
  }
}

extension Angle {
  /// Whether the first of several numbers is hours or degrees, where the text does not say.
  public enum LeadingPart: Hashable, Sendable { case hours, degrees }

  /// Reads what people write and programs export: `300.25` is degrees; `20:00:30.5`, `20 00 30.5` and
  /// `20h00m30.5s` are sexagesimal, of which the last says itself that it means hours; so do `+30d00m` and
  /// `+30°00'05"`. A minus sign holds for the whole, also in `-00:30`.
  /// - Parameter part: what the first of several numbers is. A single number is degrees, unless it says `h`.
  public init(text: String, _ part: LeadingPart) throws(AngleTextError) {
    let shown = String(text.prefix(40))
    guard text.utf8.count <= 60 else { throw .noAngle(shown) }
    let clean = text.replacing("\u{2212}", with: "-")
    let saysHours = clean.contains { "hH".contains($0) }
    let saysDegrees = clean.contains { "dD°".contains($0) }
    guard !(saysHours && saysDegrees) else { throw .noAngle(shown) }
    // Colons stand between numbers and nothing else beside them; two of them are a number forgotten.
    let hasColons = clean.contains(":")
    let pieces = clean.split(omittingEmptySubsequences: !hasColons) {
      hasColons ? $0 == ":" : $0.isWhitespace || "hHdD°mM'\u{2032}sS\"\u{2033}".contains($0)
    }
    let parts = pieces.map { piece in String(piece.filter { !$0.isWhitespace }) }
    let numbers = parts.compactMap { part in
      part.allSatisfy { "0123456789.+-eE".contains($0) } ? Double(part) : nil
    }.filter(\.isFinite)
    guard numbers.count == parts.count, (1...3).contains(numbers.count),
      parts.dropFirst().allSatisfy({ !$0.hasPrefix("+") })
    else { throw .noAngle(shown) }
    guard numbers.count > 1 else {
      self = .degrees(numbers[0] * (saysHours ? 15 : 1))
      return
    }
    guard numbers.dropFirst().allSatisfy({ (0..<60).contains($0) }) else { throw .minutes(shown) }
    let size = zip(numbers, [1, 1 / 60.0, 1 / 3600.0]).reduce(0) { $0 + abs($1.0) * $1.1 }
    let isHours = saysHours || part == .hours && !saysDegrees
    self = .degrees((parts[0].hasPrefix("-") ? -size : size) * (isHours ? 15 : 1))
  }
}
