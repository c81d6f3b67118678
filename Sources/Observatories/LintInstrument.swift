import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension TelescopeLinter {
  /// 3 arcmin: below it no imager of the network works, and the square of any usual side falls below it.
  static let smallestSide = Angle.degrees(0.05)
  static let largestSide = Angle.degrees(20)
  /// Aperture times side, in metre degrees. The widest of ordinary optics reach 1.3; mosaics and Schmidt
  /// cameras reach more and say so under `accepted`.
  static let widestEtendue = 2.0
  /// How far a depth may be from the aperture model: its scatter is 1 mag.
  static let depthTolerance = 2.5
  /// Sizes in names are rounded.
  static let nameTolerance = 0.12

  static func instrument(_ t: Telescope) -> [Finding] {
    apertureName(t) + field(t) + pixels(t) + depth(t) + filters(t)
  }

  private static func apertureName(_ t: Telescope) -> [Finding] {
    guard let aperture = t.aperture?.metres else { return [] }
    let named =
      NamedSizes.metres(in: t.id, numberedT: true) + NamedSizes.metres(in: t.fullName, numberedT: false)
    guard !named.isEmpty, !named.contains(where: { abs(aperture / $0 - 1) <= nameTolerance }) else {
      return []
    }
    let sizes = Set(named).sorted().map { Text.number($0) + " m" }.joined(separator: " or ")
    return [
      Finding(
        .error, .apertureName, t.id, key: "aperture_m",
        "\(Text.number(aperture)) m, but its name says \(sizes)",
        "use the aperture of this telescope, not of a neighbour")
    ]
  }

  private static func field(_ t: Telescope) -> [Finding] {
    guard let field = t.field else { return [] }
    let side = field.longestSide
    let shortest = min(field.extent.width, field.extent.height)
    if shortest < smallestSide {
      let arcminutes = Text.fixed(shortest.arcminutes, 1)
      let root = Text.fixed(shortest.degrees.squareRoot(), 3)
      return [
        Finding(
          .error, .fieldIsArea, t.id, key: "field",
          "a side of \(Text.degrees(shortest)) deg (\(arcminutes) arcmin) is too small for an imager; as an "
            + "area in deg2 it would be a side of \(root) deg",
          "give the full side on the sky, not the area")
      ]
    }
    if side > largestSide {
      return [
        Finding(
          .error, .fieldTooWide, t.id, key: "field",
          "a side of \(Text.degrees(side)) deg is wider than any telescope of the network",
          "give the full side in degrees, not an area or arcminutes")
      ]
    }
    guard let aperture = t.aperture?.metres, aperture * side.degrees > widestEtendue else { return [] }
    return [
      Finding(
        .error, .fieldTooWide, t.id, key: "field",
        "\(Text.degrees(side)) deg is very wide for \(Text.number(aperture)) m: that of another telescope?",
        "check the field; if it is right, say why under `accepted`")
    ]
  }

  private static func pixels(_ t: Telescope) -> [Finding] {
    guard let field = t.field, let scale = t.pixelScale else { return [] }
    let sides = [field.extent.width, field.extent.height].sorted()
    if let detector = t.detector {
      let pixels = [detector.widthPixels, detector.heightPixels].sorted()
      for (side, count) in zip(sides, pixels)
      where abs(Double(count) * scale.arcseconds / side.arcseconds - 1) > 0.1 {
        let across = Text.fixed(Double(count) * scale.degrees, 3)
        let arcseconds = Text.number((scale.arcseconds * 1e6).rounded() / 1e6)
        return [
          Finding(
            .error, .pixelScale, t.id, key: "pixel_scale_arcsec",
            "\(count) pixels of \(arcseconds) arcsec are \(across) deg, not \(Text.degrees(side)) deg",
            "correct the field, the scale or the detector")
        ]
      }
      return []
    }
    let count = sides[1] / scale
    guard !(200...20_000).contains(count) else { return [] }
    return [
      Finding(
        .error, .pixelScale, t.id, key: "pixel_scale_arcsec",
        "field and pixel scale make a detector of \(Text.fixed(count, 0)) pixels",
        "correct the field or the scale")
    ]
  }

  private static func depth(_ t: Telescope) -> [Finding] {
    guard let depth = t.depth, let aperture = t.aperture,
      !t.assumptions.contains(where: { $0.key == "depth" })
    else { return [] }
    let values = AssumedValues(
      .init(aperture: aperture, robotic: t.automation?.isRobotic ?? false, setting: t.site.setting))
    let expected = values.depth(depth.exposure)
    let difference = depth.magnitude.value - expected.value
    guard abs(difference) > depthTolerance else { return [] }
    return [
      Finding(
        .error, .depth, t.id, key: "depth",
        "\(Text.number(depth.magnitude.value)) mag in \(Text.number(depth.exposure.seconds)) s is "
          + "\(Text.fixed(abs(difference), 1)) mag \(difference > 0 ? "deeper" : "shallower") than a "
          + "\(Text.number(aperture.metres)) m telescope reaches (about \(Text.fixed(expected.value, 1)))",
        "measure it, or list `depth` under `assumed`")
    ]
  }

  private static func filters(_ t: Telescope) -> [Finding] {
    guard t.filters.isEmpty else { return [] }
    return [
      Finding(
        .warning, .noFilters, t.id, key: "filters", "its filters are not known: plans for it name none",
        "ask the team for the filter names")
    ]
  }

  static func motion(_ t: Telescope) -> [Finding] {
    slew(t) + readout(t) + limits(t)
  }

  private static func slew(_ t: Telescope) -> [Finding] {
    let rate = t.timing.slewRate.degreesPerSecond
    let text = Text.number((rate * 1e6).rounded() / 1e6) + " deg/s"
    let isFastMount = (t.aperture?.metres ?? .infinity) <= 0.5 && t.automation?.isRobotic == true
    let mover = t.aperture.map { "\(Text.number($0.metres)) m" } ?? "of unknown aperture"
    let message: String
    if rate > 90 || (rate > 10 && !isFastMount) {
      message =
        "\(text) is a placeholder: only robotic mounts up to 0.5 m pass 10 deg/s, and this is \(mover), "
        + (t.automation?.rawValue ?? "not robotic")
    } else if rate < 0.1 {
      message = "\(text) takes half an hour across the sky"
    } else {
      return []
    }
    return [
      Finding(
        .error, .slew, t.id, key: "timing.slew_deg_per_s", message,
        "measure it, or list `timing.slew_deg_per_s` under `assumed`")
    ]
  }

  private static func readout(_ t: Telescope) -> [Finding] {
    let seconds = t.timing.readout.seconds
    guard seconds < 0.5 else { return [] }
    return [
      Finding(
        .error, .readout, t.id, key: "timing.readout_s",
        "\(Text.number(seconds)) s is a placeholder: no CCD of the network is read so fast",
        "measure it, or list `timing.readout_s` under `assumed`")
    ]
  }

  private static func limits(_ t: Telescope) -> [Finding] {
    let limits = t.limits
    let latitude = t.site.position.latitude
    var findings: [Finding] = []
    let reach = Angle.degrees(90) - limits.minAltitude
    let south = max(limits.minDeclination, latitude - reach)
    let north = min(limits.maxDeclination, latitude + reach)
    if south >= north {
      let declinations =
        "\(Text.degrees(limits.minDeclination))...\(Text.degrees(limits.maxDeclination)) deg"
      findings.append(
        Finding(
          .error, .limits, t.id, key: "limits",
          "no declination within \(declinations) rises above \(Text.degrees(limits.minAltitude)) deg at "
            + "latitude \(Text.fixed(latitude.degrees, 0))",
          "check the limits and the latitude"))
    }
    if let mask = t.site.horizon, mask.points.allSatisfy({ $0.altitude.degrees >= 80 }) {
      findings.append(
        Finding(
          .error, .limits, t.id, key: "site.horizon_az_alt_deg", "the mask leaves no sky",
          "check the altitudes"))
    }
    return findings
  }

  static func sources(_ t: Telescope) -> [Finding] {
    var keys = ["site.lat_deg", "site.lon_deg", "site.elevation_m"]
    if t.aperture != nil { keys.append("aperture_m") }
    if t.field != nil { keys.append("field") }
    var findings: [Finding] = []
    let unverified = keys.filter { t.source(of: $0).map { marks(in: $0).first == "BK" } == true }
    if !unverified.isEmpty {
      findings.append(
        Finding(
          .warning, .provisional, t.id, key: unverified[0],
          "\(unverified.joined(separator: ", ")): background knowledge that nobody has verified (BK)",
          "ask the team, then write the source"))
    }
    keys += Assumer.assumable.filter { key in !t.assumptions.contains { $0.key == key } }
    for key in keys where t.source(of: key) == nil {
      findings.append(
        Finding(
          .warning, .unsourced, t.id, key: key, "has no source", "say under `sources` where it comes from"))
    }
    return findings
  }

  /// `BK (16 arcmin), OG` -> [BK, OG]: what stands in brackets is a remark.
  static func marks(in text: String) -> [String] {
    var depth = 0
    var plain = ""
    for character in text {
      if character == "(" { depth += 1 }
      if depth == 0 { plain.append(character) }
      if character == ")" { depth = max(0, depth - 1) }
    }
    return plain.split(separator: ",").map { part in
      String(part.drop(while: \.isWhitespace).prefix { !$0.isWhitespace })
    }
  }
}

/// Sizes of mirrors in the names of telescopes: `2.4 m`, `60cm`, `Zeiss-600` (mm), `T150` (cm).
enum NamedSizes {
  /// - Parameter numberedT: whether `T60` means 60 cm: in ids of observatories that count so, not in full
  ///   names, where it numbers telescopes.
  static func metres(in name: String, numberedT: Bool) -> [Double] {
    let letters = Array(name)
    var sizes: [Double] = []
    var i = 0
    while i < letters.count {
      guard letters[i].isASCII, letters[i].isNumber else {
        i += 1
        continue
      }
      let start = i
      while i < letters.count,
        letters[i].isNumber || (letters[i] == "." && i + 1 < letters.count && letters[i + 1].isNumber)
      {
        i += 1
      }
      guard let value = Double(String(letters[start..<i])), value > 0 else { continue }
      let before = String(letters[..<start]).lowercased()
      let after = String(letters[i...].prefix(3))
      if let size = metres(value, before: before, after: after, numberedT: numberedT) { sizes.append(size) }
    }
    return sizes
  }

  private static func metres(_ value: Double, before: String, after: String, numberedT: Bool) -> Double? {
    func unit(_ name: String) -> Bool {
      let trimmed = after.first == " " ? String(after.dropFirst()) : after
      let rest = trimmed.dropFirst(name.count).first
      return trimmed.hasPrefix(name) && !(rest?.isLetter ?? false) && !(rest?.isNumber ?? false)
    }
    if unit("m") { return value }
    if unit("cm") { return value / 100 }
    if before.hasSuffix("zeiss-") || before.hasSuffix("zeiss ") || before.hasSuffix("zeiss") {
      return value / 1000
    }
    guard numberedT, before.hasSuffix("t"), value >= 20, value < 1000, !(after.first?.isLetter ?? false)
    else {
      return nil
    }
    let letter = before.dropLast().last
    return letter == nil || !(letter?.isLetter ?? false) ? value / 100 : nil
  }
}
