import Foundation
import Units

/// Any name as one file or folder name: readable, and different names never share one, not even on file
/// systems that ignore case.
///
/// A name of capitals, digits, `-`, `_` and inner dots stays as it is, and so does a gravitational-wave
/// name such as `S230518h` (its case is fixed by its form). Every other name becomes a readable stem, `~`
/// and 16 hexadecimal digits of its SHA-256: `TAROT/TCA` is `TAROT_TCA~` and its digits. `~` is in no plain
/// name.
public enum SafeName {
  private static let maxPlain = 64
  private static let maxStem = 40

  /// - Parameter name: any text; canonically equivalent names give one result. Never empty, `.` or `..`,
  ///   never an option or hidden, at most 64 bytes of ASCII.
  public static func encode(_ name: String) -> String {
    let composed = name.precomposedStringWithCanonicalMapping
    if isPlain(composed) { return composed }
    var stem = ""
    for scalar in composed.unicodeScalars.prefix(maxStem) {
      stem.unicodeScalars.append(isLetterOrDigit(scalar) || scalar == "-" ? scalar : "_")
    }
    let trimmed = stem.drop { $0 == "-" }
    return (trimmed.isEmpty ? "_" : trimmed) + "~" + SHA256.hexDigest(of: composed).prefix(16)
  }

  static func isPlain(_ name: String) -> Bool {
    guard (1...maxPlain).contains(name.utf8.count), !reserved.contains(name.prefix { $0 != "." }.lowercased())
    else { return false }
    if isSuperevent(name) { return true }
    // S230518H would be S230518h's folder where case does not count.
    if isSuperevent(name, letters: 65...90) { return false }
    let scalars = Array(name.unicodeScalars)
    return scalars.enumerated().allSatisfy { index, scalar in
      switch scalar {
      case "A"..."Z", "0"..."9", "_": true
      case "-", ".": index != 0 && index != scalars.count - 1
      default: false
      }
    }
  }

  /// `S`, `MS` or `TS`, six digits, small letters.
  static func isSuperevent(_ name: String, letters range: ClosedRange<UInt8> = 97...122) -> Bool {
    let body = name.hasPrefix("MS") || name.hasPrefix("TS") ? name.dropFirst() : name[...]
    guard body.first == "S" else { return false }
    let date = body.dropFirst().prefix(6)
    let letters = body.dropFirst(7)
    return date.count == 6 && date.utf8.allSatisfy { (48...57).contains($0) }
      && (1...8).contains(letters.utf8.count)
      && letters.utf8.allSatisfy { range.contains($0) }
  }

  private static func isLetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "A"..."Z", "a"..."z", "0"..."9": true
    default: false
    }
  }

  /// Device names that Windows gives no file, whatever follows a dot.
  private static let reserved: Set<String> = Set(
    ["con", "prn", "aux", "nul"] + (0...9).flatMap { ["com\($0)", "lpt\($0)"] })
}
