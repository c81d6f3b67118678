import Units

extension UnifiedInterpreter {
  mutating func readLocalization() {
    notice.systematicIncluded = root.bool("systematic_included", &notes)
    switch Self.region(of: root, &notes) {
    case .region(let region): notice.localization = .region(region)
    case .none(let absence, let stated):
      notice.localization = .none(absence)
      notice.statedPosition = stated
    }
    notice.attachMap(url: root.string("healpix_url", &notes), field: "healpix_url", &notes)
    notice.attachMap(base64: root.string("healpix_file", &notes), field: "healpix_file", &notes)
  }

  enum Outcome {
    case region(ErrorRegion)
    case none(Localization.Absence, stated: Direction<ICRS>?)

    var region: ErrorRegion? { if case .region(let region) = self { region } else { nil } }
    var stated: Direction<ICRS>? {
      switch self {
      case .region(let region): region.center
      case .none(_, let stated): stated
      }
    }
  }

  /// The localisation of any object of the schema: the notice or one of its coincident events.
  static func region(of fields: JSONFields, _ notes: inout Notes) -> Outcome {
    if let corners = polygon(fields, &notes) {
      return .region(.polygon(corners: corners, containment: containment(fields, &notes)))
    }
    let place = SkyPosition.read(
      ra: fields.number("ra", &notes), dec: fields.number("dec", &notes), field: fields.name("ra"), &notes)
    guard case .direction(let center) = place else {
      guard case .absent(let absence) = place else { return .none(.notGiven, stated: nil) }
      return .none(absence, stated: nil)
    }
    let axes = errors(fields, &notes)
    guard let first = axes.first else {
      notes.add(.missingError, fields.name("ra_dec_error"), "a position without an error is no localisation")
      return .none(.noError, stated: center)
    }
    guard let a = SkyPosition.radius(first, field: fields.name("ra_dec_error"), &notes) else {
      return .none(.noError, stated: center)
    }
    let containment = containment(fields, &notes)
    guard axes.count > 1 else {
      return .region(.circle(center: center, radius: a, containment: containment))
    }
    guard let b = SkyPosition.radius(axes[1], field: fields.name("ra_dec_error"), &notes) else {
      return .none(.noError, stated: center)
    }
    let angle = axes.count > 2 ? axes[2] : 0
    return .region(ellipse(center, a, b, angle, containment, fields.name("ra_dec_error"), &notes))
  }

  /// The first axis lies along the position angle. Some senders give the shorter one first.
  private static func ellipse(
    _ center: Direction<ICRS>, _ a: Angle, _ b: Angle, _ angle: Double, _ containment: Fraction,
    _ field: String, _ notes: inout Notes
  ) -> ErrorRegion {
    if a == b { return .circle(center: center, radius: a, containment: containment) }
    var angle = angle
    if a < b {
      notes.add(.swappedAxes, field, "the first axis is the shorter one; turned by 90 degrees")
      angle += 90
    }
    angle = angle.truncatingRemainder(dividingBy: 180)
    if angle < 0 { angle += 180 }
    return .ellipse(
      center: center, semiMajor: max(a, b), semiMinor: min(a, b), positionAngle: .degrees(angle),
      containment: containment)
  }

  /// `ra_dec_error`, or the names of the schema before 2024.
  private static func errors(_ fields: JSONFields, _ notes: inout Notes) -> [Double] {
    if fields.raw("ra_dec_error") != nil { return fields.numbers("ra_dec_error", &notes) }
    for name in ["ra_uncertainty", "dec_uncertainty"] where fields.raw(name) != nil {
      notes.add(.legacyField, fields.name(name), "read as ra_dec_error")
      return fields.numbers(name, &notes)
    }
    return []
  }

  /// Default 0.9 by the schema.
  private static func containment(_ fields: JSONFields, _ notes: inout Notes) -> Fraction {
    let standard = Fraction(clamping: 0.9)
    guard let value = fields.number("containment_probability", &notes) else { return standard }
    if value > 0, value < 1 { return Fraction(clamping: value) }
    if value > 1, value < 100 {
      notes.add(.percentContainment, fields.name("containment_probability"), "\(value) read as per cent")
      return Fraction(clamping: value / 100)
    }
    notes.add(
      .invalidContainment, fields.name("containment_probability"), "\(value) is no containment; 0.9 taken")
    return standard
  }

  /// MAXI's `rectangular_error_corners`: `[[ra, dec], ...]` in degrees.
  private static func polygon(_ fields: JSONFields, _ notes: inout Notes) -> [Direction<ICRS>]? {
    guard let list = fields.raw("rectangular_error_corners")?.array, (3...64).contains(list.count) else {
      return nil
    }
    var corners: [Direction<ICRS>] = []
    for item in list {
      guard let pair = item.array, pair.count == 2,
        let ra = fields.number(pair[0], "rectangular_error_corners", &notes),
        let dec = fields.number(pair[1], "rectangular_error_corners", &notes),
        case .direction(let corner) = SkyPosition.read(
          ra: ra, dec: dec, field: fields.name("rectangular_error_corners"), &notes)
      else { return nil }
      corners.append(corner)
    }
    // Opposite corners have no middle.
    let sum = corners.reduce(SIMD3<Double>(repeating: 0)) { $0 + $1.unit }
    guard (sum * sum).sum() > 1e-6 else { return nil }
    // Corners that coincide enclose nothing.
    let size = ErrorRegion.polygon(corners: corners, containment: .one).largestRadius
    return size > .arcseconds(0.001) ? corners : nil
  }
}
