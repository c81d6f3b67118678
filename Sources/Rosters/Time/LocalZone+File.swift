import Units

extension LocalZone {
  /// Reads a compiled time-zone file (TZif, RFC 8536), version 1 to 4.
  /// - Parameter name: as the zone is called, such as `Europe/Paris`.
  public init(name: String, file bytes: [UInt8]) throws(RosterError) {
    func bad(_ reason: String) -> RosterError { .badZone(name: name, reason: reason) }
    guard bytes.count <= 1 << 18 else { throw bad("the file is larger than any zone file") }
    guard let header = Header(bytes, at: 0) else { throw bad("not a compiled time-zone file") }
    var block = Block(header: header, start: 44, width: 4)
    var rule: PosixRule?
    if header.version >= 50 {
      let second = block.end
      guard let wide = Header(bytes, at: second) else { throw bad("the 64-bit part is missing") }
      block = Block(header: wide, start: second + 44, width: 8)
      guard block.end <= bytes.count else { throw bad("cut short") }
      let footer = bytes[block.end...]
      if footer.first == 10, let end = footer.dropFirst().firstIndex(of: 10), end > block.end + 1 {
        let text = String(decoding: bytes[(block.end + 1)..<end], as: UTF8.self)
        guard let read = PosixRule(text) else { throw bad("its rule `\(text.prefix(80))` cannot be read") }
        rule = read
      }
    }
    guard block.end <= bytes.count, block.header.types > 0 else { throw bad("cut short") }
    guard let periods = block.periods(bytes) else { throw bad("an entry points outside the file") }
    guard let transitions = block.transitions(bytes, periods) else {
      throw bad("its transitions are out of order")
    }
    self.init(name: name, first: periods[0], transitions: transitions, rule: rule)
  }

  private struct Header {
    let version: UInt8
    let isUT: Int, isStandard: Int, leaps: Int, times: Int, types: Int, characters: Int

    init?(_ bytes: [UInt8], at start: Int) {
      guard start >= 0, bytes.count >= start + 44, bytes[start..<start + 4].elementsEqual(Array("TZif".utf8))
      else {
        return nil
      }
      version = bytes[start + 4]
      let counts = (0..<6).map { Int(LocalZone.integer(bytes, start + 20 + 4 * $0, 4)) }
      guard counts.allSatisfy({ (0...65_536).contains($0) }) else { return nil }
      (isUT, isStandard, leaps) = (counts[0], counts[1], counts[2])
      (times, types, characters) = (counts[3], counts[4], counts[5])
    }
  }

  private struct Block {
    let header: Header
    let start: Int
    let width: Int

    var indices: Int { start + header.times * width }
    var types: Int { indices + header.times }
    var names: Int { types + header.types * 6 }
    var end: Int { names + header.characters + header.leaps * (width + 4) + header.isStandard + header.isUT }

    func periods(_ bytes: [UInt8]) -> [Period]? {
      var periods: [Period] = []
      for i in 0..<header.types {
        let at = types + 6 * i
        let offset = LocalZone.integer(bytes, at, 4)
        let index = Int(bytes[at + 5])
        guard abs(offset) < 26 * 3600, index < header.characters else { return nil }
        let name = bytes[(names + index)..<(names + header.characters)].prefix { $0 != 0 }
        periods.append(
          Period(
            offset: .seconds(offset), abbreviation: String(decoding: name, as: UTF8.self),
            isDST: bytes[at + 4] != 0))
      }
      return periods
    }

    func transitions(_ bytes: [UInt8], _ periods: [Period]) -> [Transition]? {
      var transitions: [Transition] = []
      for i in 0..<header.times {
        let posix = LocalZone.integer(bytes, start + width * i, width)
        let type = Int(bytes[indices + i])
        guard type < periods.count, transitions.last.map({ $0.posix < posix }) ?? true else { return nil }
        transitions.append(Transition(posix: posix, period: periods[type]))
      }
      return transitions
    }
  }

  /// Big-endian, two's complement.
  fileprivate static func integer(_ bytes: [UInt8], _ start: Int, _ width: Int) -> Int64 {
    var value: Int64 = bytes[start] >= 128 ? -1 : 0
    for i in 0..<width { value = value << 8 | Int64(bytes[start + i]) }
    return value
  }
}
