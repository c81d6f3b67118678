import Units

/// Finds what looks like equatorial coordinates in prose. The result is a proposal for a person.
///
/// Read: `RA = 352.3, Dec = 22.9`, `RA, Dec = 123.456, -12.345`, `RA(J2000) = 12:34:56.7`,
/// `R.A. 12h34m56.7s Dec. -12d34'56"`, `(RA, Dec) (12:34:56.78 +12:34:56.7)`, labelled or, if
/// sexagesimal with a sign, unlabelled. Not read: galactic or B1950 coordinates, words.
enum CoordinateFinder {
  static let limit = 50

  static func positions(in body: String) -> [ProposedPosition] {
    // Some senders write the two characters \n for a line's end.
    let text = Array(body.prefix(200_000).replacing("\\n", with: "\n\n").utf8)
    var finder = TokenFinder(text)
    let tokens = finder.tokens()
    var found: [ProposedPosition] = []
    var i = 0
    while i + 1 < tokens.count, found.count < limit {
      if let (position, used) = pair(tokens, at: i, text), !found.contains(where: { same($0, position) }) {
        found.append(position)
        i += used
      } else {
        i += 1
      }
    }
    return found
  }

  private static func same(_ a: ProposedPosition, _ b: ProposedPosition) -> Bool {
    a.direction.separation(from: b.direction) < .arcseconds(0.01)
  }

  /// How far apart, in bytes, the two coordinates and their labels may stand.
  private static let reach = 120

  /// Reads `label RA, value, label Dec, value`, `labels, value, value`, or two bare sexagesimals.
  private static func pair(
    _ tokens: [TokenFinder.Token], at i: Int, _ text: [UInt8]
  ) -> (ProposedPosition, used: Int)? {
    var raIndex = i
    var labelled = false
    if case .label(.ra) = tokens[i].kind {
      labelled = true
      raIndex = i + 1
      if raIndex < tokens.count, case .label(.dec) = tokens[raIndex].kind { raIndex += 1 }
    }
    guard raIndex < tokens.count, case .value(let ra) = tokens[raIndex].kind,
      tokens[raIndex].range.lowerBound - tokens[i].range.lowerBound < reach
    else { return nil }
    var decIndex = raIndex + 1
    if labelled {
      // An equivalent in the other notation may stand between RA and the label of Dec.
      let window = decIndex..<min(decIndex + 3, tokens.count)
      if tokens[i + 1].isDecLabel == false,
        let label = window.first(where: { tokens[$0].isDecLabel })
      {
        decIndex = label + 1
      }
    }
    guard decIndex < tokens.count, case .value(let dec) = tokens[decIndex].kind,
      tokens[decIndex].range.lowerBound - tokens[raIndex].range.upperBound < reach,
      let direction = direction(ra, dec, labelled: labelled)
    else { return nil }
    let range = tokens[i].range.lowerBound..<tokens[decIndex].range.upperBound
    let line = 1 + text[..<range.lowerBound].count { $0 == 10 }
    let evidence = String(decoding: text[range], as: UTF8.self).split { $0.isWhitespace }
      .joined(separator: " ")
    let proposal = ProposedPosition(
      direction: direction, text: evidence.clipped(200), line: line, isSexagesimal: ra.isSexagesimal)
    return (proposal, decIndex - i + 1)
  }

  private static func direction(
    _ ra: TokenFinder.Value, _ dec: TokenFinder.Value, labelled: Bool
  ) -> Direction<ICRS>? {
    if !labelled {
      guard ra.isSexagesimal, dec.isSexagesimal, ra.parts.count == 3, dec.parts.count == 3, !ra.signed,
        dec.signed || ra.unit == .hours
      else { return nil }
    }
    guard ra.isSexagesimal == dec.isSexagesimal, dec.unit != .hours, let raValue = ra.number,
      let decValue = dec.number, abs(decValue) <= 90, raValue >= 0
    else { return nil }
    // A right ascension with colons is in hours, with degree signs in degrees.
    let inHours = ra.isSexagesimal && ra.unit != .degrees
    let degrees = inHours ? raValue * 15 : raValue
    guard degrees < 360, degrees != 0 || decValue != 0 else { return nil }
    return Direction(ra: .degrees(degrees), dec: .degrees(decValue))
  }
}
