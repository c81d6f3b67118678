import Units

/// HMAC with SHA-256 (RFC 2104; test vectors of RFC 4231).
public enum HMACSHA256 {
  private static let blockSize = 64

  /// The authentication code as 32 bytes.
  /// - Parameter key: of any length; longer ones than 64 bytes are hashed first.
  public static func code(for message: some Sequence<UInt8>, key: some Sequence<UInt8>) -> [UInt8] {
    var block = Array(key)
    if block.count > blockSize { block = SHA256.digest(of: block) }
    block += Array(repeating: 0, count: blockSize - block.count)
    var inner = SHA256()
    inner.update(block.map { $0 ^ 0x36 })
    inner.update(message)
    var outer = SHA256()
    outer.update(block.map { $0 ^ 0x5c })
    outer.update(inner.finalized())
    return outer.finalized()
  }

  /// The code as 64 lower-case hexadecimal digits.
  public static func hexCode(for message: some Sequence<UInt8>, key: some Sequence<UInt8>) -> String {
    SHA256.hex(code(for: message, key: key))
  }

  /// Whether two byte strings are equal, in a time that depends on their lengths only: how many leading
  /// bytes of a forged code are right cannot be measured.
  @inline(never)
  public static func areEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    guard a.count == b.count else { return false }
    var difference: UInt8 = 0
    for i in a.indices { difference |= a[i] ^ b[i] }
    return difference == 0
  }
}
