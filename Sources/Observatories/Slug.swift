import Foundation

/// Turns any telescope name into a file name and URL segment, and back.
///
/// A slug is a readable stem and, where the stem alone does not give the name back, a tail:
///
/// | name | slug |
/// |---|---|
/// | `TAROT-TCA` | `tarot-tca` |
/// | `FRAM-Auger` | `fram-auger~f` |
/// | `TAROT/TCA` | `tarot_tca~0-2f` |
///
/// The stem holds letters in lower case, digits, `-` and `.`; every other character is `_`. The tail
/// starts with the case of the stem's letters, one bit each (1 is lower case) as a hexadecimal number;
/// then follow, for each `_`, `-` and the code point it stands for. A name of capitals, digits, `-` and
/// `.` has no tail. The mapping is reversible, so two names never share a slug. A slug holds only
/// `[a-z0-9._~-]`, which neither file systems nor URLs (RFC 3986, section 2.3) change, and it starts with
/// a letter, a digit or `_`, so it is never an option, a hidden file or `..`.
public enum Slug {
  /// The longest slug, in bytes, that file systems and spreadsheets take with room for an extension.
  public static let maxLength = 120

  /// - Parameter name: any text; canonically equivalent names give one slug.
  /// - Complexity: O(length).
  public static func encode(_ name: String) -> String {
    let scalars = Array(name.precomposedStringWithCanonicalMapping.unicodeScalars)
    var stem = ""
    var lowerCase: [Bool] = []
    var replaced = ""
    for (index, scalar) in scalars.enumerated() {
      let atEdge = index == 0 || index == scalars.count - 1
      switch scalar {
      case "A"..."Z":
        stem.unicodeScalars.append(Unicode.Scalar(scalar.value + 32)!)
        lowerCase.append(false)
      case "a"..."z":
        stem.unicodeScalars.append(scalar)
        lowerCase.append(true)
      case "0"..."9":
        stem.unicodeScalars.append(scalar)
      case "-" where !atEdge, "." where !atEdge:
        stem.unicodeScalars.append(scalar)
      default:
        stem += "_"
        replaced += "-" + String(scalar.value, radix: 16)
      }
    }
    let needsTail = lowerCase.contains(true) || !replaced.isEmpty || reserved.contains(stem)
    return needsTail ? stem + "~" + hexadecimal(lowerCase) + replaced : stem
  }

  /// The name a slug was made from, in canonical composition; nil when `slug` is not a slug.
  public static func decode(_ slug: String) -> String? {
    let halves = slug.split(separator: "~", maxSplits: 1, omittingEmptySubsequences: false)
    let tail = halves.count == 2 ? halves[1].split(separator: "-", omittingEmptySubsequences: false) : ["0"]
    let stem = Array(halves[0].unicodeScalars)
    guard let caseDigits = tail.first,
      let lowerCase = bits(caseDigits, count: stem.count { ("a"..."z").contains($0) })
    else { return nil }
    var letters = lowerCase.makeIterator()
    var others = tail.dropFirst().makeIterator()
    var name = String.UnicodeScalarView()
    for scalar in stem {
      switch scalar {
      case "a"..."z":
        name.append(letters.next() == true ? scalar : Unicode.Scalar(scalar.value - 32)!)
      case "_":
        guard let code = others.next().flatMap({ UInt32($0, radix: 16) }).flatMap(Unicode.Scalar.init)
        else { return nil }
        name.append(code)
      default: name.append(scalar)
      }
    }
    return encode(String(name)) == slug ? String(name) : nil
  }

  /// Device names that Windows gives no file.
  private static let reserved: Set<String> = Set(
    ["con", "prn", "aux", "nul"] + (0...9).flatMap { ["com\($0)", "lpt\($0)"] })

  /// Most significant bit first, padded on the left to whole digits, leading zeros dropped.
  private static func hexadecimal(_ bits: [Bool]) -> String {
    let padded = Array(repeating: false, count: (4 - bits.count % 4) % 4) + bits
    let digits = stride(from: 0, to: padded.count, by: 4).map { start in
      String(padded[start..<start + 4].reduce(0) { $0 * 2 + ($1 ? 1 : 0) }, radix: 16)
    }
    let significant = digits.drop { $0 == "0" }.joined()
    return significant.isEmpty ? "0" : significant
  }

  private static func bits(_ digits: Substring, count: Int) -> [Bool]? {
    var result: [Bool] = []
    for digit in digits {
      guard digit.isASCII, let value = digit.hexDigitValue else { return nil }
      result += [8, 4, 2, 1].map { value & $0 != 0 }
    }
    let surplus = result.count - count
    guard surplus > 0 else { return Array(repeating: false, count: -surplus) + result }
    guard !result.prefix(surplus).contains(true) else { return nil }
    return Array(result.dropFirst(surplus))
  }
}
