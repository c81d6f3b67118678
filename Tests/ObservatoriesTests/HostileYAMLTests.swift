import Foundation
import Testing

@testable import Observatories

/// Files that try to exhaust the parser, and files damaged at random: refused or read, never fatal.
@Suite struct HostileYAMLTests {
  private func refusal(_ yaml: String) -> TelescopeError? {
    do throws(TelescopeError) {
      _ = try Telescope(yaml: yaml, file: "x.yaml")
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: [
    ("flow lists", String(repeating: "[", count: 60_000)),
    ("flow sections", "a: " + String(repeating: "{a: ", count: 10_000)),
    ("block lists", String(repeating: "- ", count: 30_000) + "a"),
    ("complex keys", String(repeating: "? ", count: 30_000) + "a"),
    ("mixed", String(repeating: "- ? ", count: 15_000) + "a"),
  ])
  func deepNesting(name: String, yaml: String) {
    guard case .unreadable(_, _, let reason) = refusal(yaml) else {
      Issue.record("\(name) was not refused")
      return
    }
    #expect(reason.contains("nested more than 32 levels"), "\(reason)")
  }

  /// Ten aliases of ten aliases ...: 10^9 values in 400 bytes.
  @Test func aliasesThatMultiply() {
    var yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for i in 1...9 {
      yaml += "a\(i): &a\(i) [" + Array(repeating: "*a\(i - 1)", count: 10).joined(separator: ", ") + "]\n"
    }
    guard case .unreadable(_, let line, let reason) = refusal(yaml + "? *a9\n: 1\n") else {
      Issue.record("not refused")
      return
    }
    #expect(line == 2)
    #expect(reason.contains("aliases"))
  }

  @Test func textWithStarsAndAmpersandsIsFine() throws {
    let yaml = try Shipped.editedText("opd-60cm", [("name: OPD 0.6", "notes: 3 * 4 & more\nname: OPD 0.6")])
    #expect(try Telescope(yaml: yaml, file: "x.yaml").aliases.contains("Boller & Chivens"))
  }

  @Test func tooLarge() {
    guard case .unreadable(_, _, let reason) = refusal("a: " + String(repeating: "x", count: 70_000)) else {
      Issue.record("not refused")
      return
    }
    #expect(reason.contains("70003 bytes"))
  }

  /// Bytes changed, dropped, doubled and lines moved in real files. What is accepted must be sane.
  @Test(arguments: 0..<20) func damagedFiles(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let names = ["tarot-tca", "c2pu-omicron", "xinglong-2.16m", "caha-3.5m", "ubai-nt60"]
    for _ in 0..<150 {
      var bytes = Array(try Shipped.yaml(names.randomElement(using: &random)!).utf8)
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        let i = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[i] = UInt8.random(in: 0...127, using: &random)
        case 1: bytes.remove(at: i)
        case 2:
          bytes.insert(
            contentsOf: Array("[]{}:-?&*!|>'\"#%@`,\n".utf8).shuffled(using: &random).prefix(2), at: i)
        default: bytes = Array(bytes[..<i]) + Array(bytes[(i / 2)...])
        }
      }
      let yaml = String(decoding: bytes, as: UTF8.self)
      guard let t = try? Telescope(yaml: yaml, file: "x.yaml") else { continue }  // refused is right
      #expect(t.site.position.latitude.degrees.magnitude <= 90.000001, "seed \(seed)")
      #expect(t.timing.slewRate.degreesPerSecond > 0 && t.exposure.typical > .zero, "seed \(seed)")
      #expect(Slug.decode(t.slug) == t.id, "seed \(seed)")
      _ = TelescopeLinter.check(t)
      _ = t.digest
    }
  }
}
