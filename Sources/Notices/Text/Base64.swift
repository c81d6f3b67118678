/// RFC 4648 base64, standard alphabet, white space between characters ignored.
enum Base64 {
  enum Failure: Error, Hashable {
    case character(UInt8, at: Int)
    case length(Int)
  }

  /// 0...63, 64 for padding, 65 for white space, 255 for anything else.
  private static let table: [UInt8] = {
    var table = [UInt8](repeating: 255, count: 256)
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for (value, character) in alphabet.utf8.enumerated() { table[Int(character)] = UInt8(value) }
    table[Int(UInt8(ascii: "="))] = 64
    for space in [9, 10, 13, 32] { table[space] = 65 }
    return table
  }()

  static func decode(_ text: String) throws(Failure) -> [UInt8] {
    var result: [UInt8] = []
    let bytes = Array(text.utf8)
    let table = table
    result.reserveCapacity(bytes.count / 4 * 3 + 3)
    var bits: UInt32 = 0
    var count = 0
    var padding = 0
    for (i, byte) in bytes.enumerated() {
      let value = table[Int(byte)]
      if value < 64 {
        guard padding == 0 else { throw .character(byte, at: i) }
        bits = bits << 6 | UInt32(value)
        count += 1
        if count & 3 == 0 {
          result.append(UInt8(truncatingIfNeeded: bits >> 16))
          result.append(UInt8(truncatingIfNeeded: bits >> 8))
          result.append(UInt8(truncatingIfNeeded: bits))
        }
      } else if value == 64 {
        padding += 1
        guard padding <= 2 else { throw .character(byte, at: i) }
      } else if value == 255 {
        throw .character(byte, at: i)
      }
    }
    // Padding may be left out, but what is there must complete the group.
    guard padding == 0 || (count + padding) & 3 == 0 else { throw .length(count) }
    switch count & 3 {
    case 0: break
    case 2: result.append(UInt8(truncatingIfNeeded: bits >> 4))
    case 3:
      result.append(UInt8(truncatingIfNeeded: bits >> 10))
      result.append(UInt8(truncatingIfNeeded: bits >> 2))
    default: throw .length(count)
    }
    return result
  }
}
