import Foundation
import Observatories
import TelescopeFiles
import TestSupport
import Testing

/// The files in `telescopes/`, read once.
enum Shipped {
  static let folder = packageRoot.appending(path: "telescopes")
  static let loaded = Result { try TelescopeFiles.load(folder) }

  static func registry() throws -> Registry { try loaded.get().registry }
  static func telescope(_ id: String) throws -> Telescope {
    try #require(try registry()[id], "no telescope \(id)")
  }

  static func yaml(_ name: String) throws -> String {
    try String(contentsOf: folder.appending(path: name + ".yaml"), encoding: .utf8)
  }

  /// A shipped file with some of its text replaced, as somebody might edit it. Every text must be there.
  static func edited(_ name: String, _ replacements: [(String, String)]) throws -> Telescope {
    try Telescope(yaml: try editedText(name, replacements), file: name + ".yaml")
  }

  static func editedText(_ name: String, _ replacements: [(String, String)]) throws -> String {
    var text = try yaml(name)
    for (old, new) in replacements {
      try #require(text.contains(old), "\(name).yaml does not hold `\(old)`")
      text = text.replacingOccurrences(of: old, with: new)
    }
    return text
  }
}

/// A small deterministic generator (SplitMix64): the seed of a failing case is printed and repeats it.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Rows of a CSV file with quoted cells (RFC 4180), as dictionaries by the header line.
func csvRows(_ text: String) -> [[String: String]] {
  var rows: [[String]] = [[]]
  var cell = ""
  var quoted = false
  let characters = Array(text)
  var i = 0
  while i < characters.count {
    let c = characters[i]
    if quoted {
      if c == "\"", i + 1 < characters.count, characters[i + 1] == "\"" {
        cell.append("\"")
        i += 1
      } else if c == "\"" {
        quoted = false
      } else {
        cell.append(c)
      }
    } else if c == "\"" {
      quoted = true
    } else if c == "," || c.isNewline {
      rows[rows.count - 1].append(cell)
      cell = ""
      if c.isNewline { rows.append([]) }
    } else {
      cell.append(c)
    }
    i += 1
  }
  if !cell.isEmpty { rows[rows.count - 1].append(cell) }
  let header = rows[0]
  return rows.dropFirst().filter { $0.count == header.count }.map { row in
    Dictionary(zip(header, row), uniquingKeysWith: { first, _ in first })
  }
}
