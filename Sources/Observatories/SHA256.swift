/// SHA-256 (FIPS 180-4, section 6.2).
enum SHA256 {
  /// 64 lower-case hexadecimal digits. O(bytes).
  static func hexadecimal(_ message: some Sequence<UInt8>) -> String {
    var bytes = Array(message)
    let bitLength = UInt64(bytes.count) * 8
    bytes.append(0x80)
    bytes += Array(repeating: 0, count: (120 - bytes.count % 64) % 64)
    bytes += (0..<8).map { UInt8(truncatingIfNeeded: bitLength >> UInt64(56 - 8 * $0)) }
    var state = initial
    var schedule = [UInt32](repeating: 0, count: 64)
    for block in stride(from: 0, to: bytes.count, by: 64) {
      for i in 0..<16 {
        let b = block + 4 * i
        schedule[i] =
          UInt32(bytes[b]) << 24 | UInt32(bytes[b + 1]) << 16 | UInt32(bytes[b + 2]) << 8
          | UInt32(bytes[b + 3])
      }
      for i in 16..<64 {
        let (w15, w2) = (schedule[i - 15], schedule[i - 2])
        let s0 = rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >> 3)
        let s1 = rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >> 10)
        schedule[i] = schedule[i - 16] &+ s0 &+ schedule[i - 7] &+ s1
      }
      compress(&state, schedule)
    }
    return state.map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }

  private static func compress(_ state: inout [UInt32], _ schedule: [UInt32]) {
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    for i in 0..<64 {
      let s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
      let t1 = h &+ s1 &+ ((e & f) ^ (~e & g)) &+ constants[i] &+ schedule[i]
      let s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
      let t2 = s0 &+ ((a & b) ^ (a & c) ^ (b & c))
      (h, g, f, e, d, c, b, a) = (g, f, e, d &+ t1, c, b, a, t1 &+ t2)
    }
    for (i, word) in [a, b, c, d, e, f, g, h].enumerated() { state[i] = state[i] &+ word }
  }

  private static func rotate(_ x: UInt32, _ n: UInt32) -> UInt32 { x >> n | x << (32 - n) }

  /// First 32 bits of the fractional parts of the square roots of the first 8 primes.
  private static let initial: [UInt32] = firstPrimes(8).map { fraction(of: $0, root: 2) }
  /// The same of the cube roots of the first 64 primes.
  private static let constants: [UInt32] = firstPrimes(64).map { fraction(of: $0, root: 3) }

  private static func firstPrimes(_ count: Int) -> [UInt64] {
    var primes: [UInt64] = []
    var candidate: UInt64 = 2
    while primes.count < count {
      if primes.allSatisfy({ candidate % $0 != 0 }) { primes.append(candidate) }
      candidate += 1
    }
    return primes
  }

  /// floor(frac(n^(1/root)) 2^32), by bisection in integers: exact.
  private static func fraction(of n: UInt64, root: Int) -> UInt32 {
    var low: UInt64 = 0
    var high: UInt64 = 20 << 32
    while high - low > 1 {
      let middle = (low + high) / 2
      let square = middle.multipliedFullWidth(by: middle)
      let tooLarge: Bool
      if root == 2 {
        // middle^2 > n 2^64
        tooLarge = square.high > n || (square.high == n && square.low > 0)
      } else {
        // middle^3 > n 2^96, in three 64-bit words.
        let upper = square.high.multipliedFullWidth(by: middle)
        let lower = square.low.multipliedFullWidth(by: middle)
        let (sum, carry) = upper.low.addingReportingOverflow(lower.high)
        let top = upper.high + (carry ? 1 : 0)
        let limit = n.multipliedFullWidth(by: 1 << 32)
        tooLarge =
          (top, sum) > (limit.high, limit.low)
          || ((top, sum) == (limit.high, limit.low) && lower.low > 0)
      }
      if tooLarge { high = middle } else { low = middle }
    }
    return UInt32(truncatingIfNeeded: low)
  }
}
