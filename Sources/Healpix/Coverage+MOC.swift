import Units

/// Why a text is not a coverage map.
public enum MOCError: Error, Equatable, Sendable {
  /// Something other than a number, `/`, `-` or a separator; with its place in the text.
  case unexpectedCharacter(Character, position: Int)
  /// A cell before any order was named.
  case cellWithoutOrder(UInt64)
  case order(UInt64)
  case cellOutOfRange(order: Int, index: UInt64)
  case rangeReversed(order: Int, first: UInt64, last: UInt64)
  case numberTooLarge(position: Int)
  /// The text ends where more must follow.
  case truncated
}

extension Coverage {
  /// Reads the ASCII form of the IVOA MOC 2.0 standard (section 4.3.2): `5/4965 6/19869 19906-19908 8/`.
  public init(mocASCII text: some StringProtocol) throws(MOCError) {
    var scanner = MOCScanner(text)
    var ranges: [Range<UInt64>] = []
    var order: Int?
    scanner.skipSeparators()
    // A space MOC may carry the letter of its dimension.
    _ = scanner.take("s")
    while !scanner.atEnd {
      let number = try scanner.number()
      if scanner.take("/") {
        order = try Self.checked(order: number)
      } else {
        guard let order else { throw .cellWithoutOrder(number) }
        let last = scanner.take("-") ? try scanner.number() : number
        ranges.append(try Self.keys(order: order, first: number, last: last))
      }
      scanner.skipSeparators()
    }
    self.init(ranges)
  }

  /// Reads the JSON form: an object of orders with arrays of cells, `{"5":[4965],"6":[19869,19906]}`.
  public init(mocJSON text: some StringProtocol) throws(MOCError) {
    var scanner = MOCScanner(text)
    var ranges: [Range<UInt64>] = []
    try scanner.require("{")
    if !scanner.takeToken("}") {
      repeat {
        try scanner.require("\"")
        let order = try Self.checked(order: try scanner.number())
        try scanner.require("\"")
        try scanner.require(":")
        try scanner.require("[")
        if !scanner.takeToken("]") {
          repeat {
            scanner.skipSpace()
            let index = try scanner.number()
            ranges.append(try Self.keys(order: order, first: index, last: index))
          } while scanner.takeToken(",")
          try scanner.require("]")
        }
      } while scanner.takeToken(",")
      try scanner.require("}")
    }
    scanner.skipSpace()
    if let (character, position) = scanner.next { throw .unexpectedCharacter(character, position: position) }
    self.init(ranges)
  }

  /// The ASCII form: cells by order, runs as ranges, and the finest order at the end even if it has no
  /// cell.
  ///
  /// - Parameter maxOrder: the order the map is written at; finer detail is grown outward to it. Without
  ///   it, the coarsest that loses nothing.
  public func mocASCII(maxOrder: Int? = nil) -> String {
    let (byOrder, last) = cellsByOrder(maxOrder)
    var parts: [String] = []
    for (order, indices) in byOrder.enumerated() where !indices.isEmpty || order == last {
      var items: [String] = []
      var i = 0
      while i < indices.count {
        var j = i
        while j + 1 < indices.count && indices[j + 1] == indices[j] + 1 { j += 1 }
        items.append(i == j ? "\(indices[i])" : "\(indices[i])-\(indices[j])")
        i = j + 1
      }
      parts.append("\(order)/" + items.joined(separator: " "))
    }
    return parts.joined(separator: " ")
  }

  /// The JSON form, with the finest order as an empty array if it has no cell.
  public func mocJSON(maxOrder: Int? = nil) -> String {
    let (byOrder, last) = cellsByOrder(maxOrder)
    var parts: [String] = []
    for (order, indices) in byOrder.enumerated() where !indices.isEmpty || order == last {
      parts.append("\"\(order)\":[" + indices.map(String.init).joined(separator: ",") + "]")
    }
    return "{" + parts.joined(separator: ",") + "}"
  }

  private func cellsByOrder(_ maxOrder: Int?) -> (indices: [[UInt64]], last: Int) {
    let last = Swift.min(Swift.max(maxOrder ?? order, 0), Cell.maxOrder)
    var byOrder = [[UInt64]](repeating: [], count: last + 1)
    for cell in degraded(to: last).cells { byOrder[cell.order].append(cell.index) }
    return (byOrder, last)
  }

  private static func checked(order: UInt64) throws(MOCError) -> Int {
    guard order <= UInt64(Cell.maxOrder) else { throw .order(order) }
    return Int(order)
  }

  private static func keys(order: Int, first: UInt64, last: UInt64) throws(MOCError) -> Range<UInt64> {
    guard first <= last else { throw .rangeReversed(order: order, first: first, last: last) }
    guard last < Cell.count(order: order) else { throw .cellOutOfRange(order: order, index: last) }
    return Cell(order: order, index: first).keys.lowerBound..<Cell(order: order, index: last).keys.upperBound
  }
}

private struct MOCScanner {
  private let bytes: [UInt8]
  private var position = 0

  init(_ text: some StringProtocol) { bytes = Array(text.utf8) }
  var atEnd: Bool { position >= bytes.count }
  var next: (Character, position: Int)? {
    atEnd ? nil : (Character(Unicode.Scalar(bytes[position])), position)
  }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard !atEnd, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }
  mutating func takeToken(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    return take(character)
  }
  mutating func require(_ character: Unicode.Scalar) throws(MOCError) {
    skipSpace()
    if take(character) { return }
    guard let (found, place) = next else { throw .truncated }
    throw .unexpectedCharacter(found, position: place)
  }
  mutating func skipSpace() {
    while !atEnd, bytes[position] == 32 || (9...13).contains(bytes[position]) { position += 1 }
  }
  mutating func skipSeparators() {
    repeat { skipSpace() } while take(",")
  }

  mutating func number() throws(MOCError) -> UInt64 {
    let start = position
    var value: UInt64 = 0
    while !atEnd, (48...57).contains(bytes[position]) {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(bytes[position] - 48))
      guard !overflow, !carry else { throw .numberTooLarge(position: start) }
      value = sum
      position += 1
    }
    guard position > start else {
      guard let (found, place) = next else { throw .truncated }
      throw .unexpectedCharacter(found, position: place)
    }
    return value
  }
}
