import Units

extension TelescopeLinter {
  /// Telescopes farther apart than this do not share a block of values by nature.
  static let differentSites = Length.metres(50_000)

  /// What only the set can tell.
  static func together(_ telescopes: [Telescope], _ notUsable: [Registry.NotUsable]) -> [Finding] {
    names(telescopes, notUsable) + neighbours(telescopes) + twins(telescopes) + copies(telescopes)
      + sharedAllocations(telescopes)
  }

  private static func names(_ telescopes: [Telescope], _ notUsable: [Registry.NotUsable]) -> [Finding] {
    var owners: [String: [(id: String, key: String, name: String)]] = [:]
    func add(_ id: String, _ fullName: String, _ aliases: [String]) {
      var own: Set<String> = []
      let all = [("id", id), ("name", fullName)] + aliases.map { ("aliases", $0) }
      for (key, name) in all where own.insert(Text.folded(name)).inserted {
        owners[Text.folded(name), default: []].append((id, key, name))
      }
    }
    for t in telescopes { add(t.id, t.fullName, t.aliases) }
    for n in notUsable { add(n.id, n.fullName, n.aliases) }
    var findings: [Finding] = []
    for (_, list) in owners where list.count > 1 {
      for entry in list {
        let others = list.map(\.id).filter { $0 != entry.id }
        // Two files with one id: each is the other.
        let other = others.isEmpty ? "another file" : Set(others).sorted().joined(separator: ", ")
        findings.append(
          Finding(
            .error, .nameClash, entry.id, key: entry.key, "`\(entry.name)` names \(other) as well",
            "keep the name in one file"))
      }
    }
    return findings
  }

  /// Two files with one place, one mirror, one camera.
  private static func twins(_ telescopes: [Telescope]) -> [Finding] {
    var findings: [Finding] = []
    for (i, a) in telescopes.enumerated() {
      for b in telescopes[(i + 1)...] where isSameTelescope(a, b) {
        for (one, other) in [(a, b), (b, a)] {
          findings.append(
            Finding(
              .error, .sameTelescope, one.id, key: "id",
              "has the position, aperture, field and filters of \(other.id): one telescope under two names?",
              "keep one file and give it the other name as an alias"))
        }
      }
    }
    return findings
  }

  private static func isSameTelescope(_ a: Telescope, _ b: Telescope) -> Bool {
    a.aperture == b.aperture && a.field == b.field && Set(a.filters) == Set(b.filters)
      && a.site.position.distance(to: b.site.position) < samePosition
  }

  /// Blocks copied between telescopes that have nothing in common: the field with its timing and horizon.
  private static func copies(_ telescopes: [Telescope]) -> [Finding] {
    let blocks = telescopes.map(Block.init)
    var findings: [Finding] = []
    for (i, a) in blocks.enumerated() {
      guard let a else { continue }
      for b in blocks[(i + 1)...] {
        guard let b, a.isCopy(of: b) else { continue }
        for (one, other) in [(a, b), (b, a)] {
          findings.append(
            Finding(
              .error, .copiedBlock, one.telescope.id, key: "field",
              "field, readout, slew and lowest altitude are those of \(other.telescope.id), a different "
                + "telescope on another site",
              "give each its own values, or list the timing under `assumed`"))
        }
      }
    }
    return findings
  }

  /// The given (not assumed) values that are copied together.
  private struct Block {
    let telescope: Telescope
    let field: FieldOfView
    let aperture: Double

    init?(_ t: Telescope) {
      guard let field = t.field, let aperture = t.aperture else { return nil }
      let assumed = Set(t.assumptions.map(\.key))
      let copied: Set = ["timing.readout_s", "timing.slew_deg_per_s", "limits.min_alt_deg"]
      guard assumed.isDisjoint(with: copied) else { return nil }
      telescope = t
      self.field = field
      self.aperture = aperture.metres
    }

    func isCopy(of other: Block) -> Bool {
      let (t, o) = (telescope, other.telescope)
      guard field == other.field, t.timing.readout == o.timing.readout,
        t.timing.slewRate == o.timing.slewRate,
        t.limits.minAltitude == o.limits.minAltitude,
        t.site.position.distance(to: o.site.position) > differentSites
      else { return false }
      // Real twins, such as the TAROT telescopes, have one aperture, but never one declination limit on
      // two latitudes.
      let limited = t.limits.minDeclination.degrees > -90 || t.limits.maxDeclination.degrees < 90
      let sameLimits =
        limited && t.limits.minDeclination == o.limits.minDeclination
        && t.limits.maxDeclination == o.limits.maxDeclination
      return abs(aperture / other.aperture - 1) > 0.1 || sameLimits
    }
  }
}
