import Foundation
import Observatories
import Testing

@Suite struct SlugTests {
  @Test(arguments: [
    ("TAROT-TCA", "tarot-tca"), ("KAO", "kao"), ("OST-CDK", "ost-cdk"), ("Zadko", "zadko~f"),
    ("FRAM-Auger", "fram-auger~f"), ("TAROT/TCA", "tarot_tca~0-2f"), ("OPD-1.6m", "opd-1.6m~1"),
    ("iT17", "it17~2"), ("LesMakes-T60", "lesmakes-t60~de"), ("a/b", "a_b~3-2f"), ("", ""),
    ("..", "__~0-2e-2e"),
    ("-RF", "_rf~0-2d"), ("NUL", "nul~0"), ("Ω", "_~0-3a9"),
  ])
  func examples(name: String, slug: String) {
    #expect(Slug.encode(name) == slug)
    #expect(Slug.decode(slug) == name)
  }

  @Test func caseAndPunctuationStayApart() {
    let names = [
      "TAROT-TCA", "TAROT/TCA", "TAROT TCA", "TAROT_TCA", "Tarot-TCA", "tarot-tca", "TAROT-Tca", "TAROT.TCA",
      "TAROT-TCA~", "TAROT-TCA-", "TAROT--TCA", "TARO\u{0422}-TCA",
    ]
    #expect(Set(names.map(Slug.encode)).count == names.count)
  }

  /// Reversible, hence injective; and safe wherever it may appear.
  @Test(arguments: 0..<40) func anyNameComesBack(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let alphabet = Array("aAbBzZ019-._~/\\ :%+#?&é\u{65}\u{301}ΩЖ望\u{1F52D}'\"<>|*\u{202E}\u{0}\n")
    for _ in 0..<500 {
      let length = Int.random(in: 0...20, using: &random)
      let name = String((0..<length).map { _ in alphabet.randomElement(using: &random)! })
      let slug = Slug.encode(name)
      #expect(Slug.decode(slug) == name, "seed \(seed): \(name.debugDescription) -> \(slug)")
      let isSafe = slug.unicodeScalars.allSatisfy {
        ("a"..."z").contains($0) || ("0"..."9").contains($0) || "-._~".unicodeScalars.contains($0)
      }
      #expect(isSafe, "seed \(seed): \(slug)")
      #expect(!slug.hasPrefix("-") && !slug.hasPrefix(".") && !slug.hasPrefix("~"), "seed \(seed): \(slug)")
    }
  }

  @Test func equalNamesHaveEqualSlugs() {
    #expect(Slug.encode("Caf\u{e9}") == Slug.encode("Cafe\u{301}"))
  }

  /// Near slugs that no name has.
  @Test(arguments: [
    "Zadko", "zadko~0f", "zadko~2f", "zadko~g", "tarot-tca~0", "a_b", "a_b~0-2f-2f", "a_b~0-41", "~",
  ])
  func whatIsNoSlugHasNoName(slug: String) {
    #expect(Slug.decode(slug) == nil)
  }
}
