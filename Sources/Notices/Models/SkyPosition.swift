import Units

/// Turns a sender's numbers into a position, or says why they are none.
enum SkyPosition {
  case direction(Direction<ICRS>)
  case absent(Localization.Absence)

  /// Values that senders write where they have none.
  private static let fillers: Set<Double> = [-1, -99, -99.9, -999, -9999, 99, 999, 9999]

  /// - Parameters:
  ///   - ra: degrees; 360 counts as 0.
  ///   - dec: degrees.
  static func read(ra: Double?, dec: Double?, field: String, _ notes: inout Notes) -> SkyPosition {
    guard let ra, let dec else { return .absent(.notGiven) }
    if ra == 0, dec == 0 {
      notes.add(.placeholderPosition, field, "(0, 0) stands for no position")
      return .absent(.placeholder)
    }
    let legalRA = (0...360).contains(ra)
    let legalDec = (-90...90).contains(dec)
    guard legalRA, legalDec else {
      let filled = (legalRA || fillers.contains(ra)) && (legalDec || fillers.contains(dec))
      if filled {
        notes.add(.placeholderPosition, field, "(\(ra), \(dec)) stands for no position")
        return .absent(.placeholder)
      }
      notes.add(.invalidPosition, field, "(\(ra), \(dec)) degrees is not on the sky; ignored")
      return .absent(.invalid)
    }
    if ra == 360 { notes.add(.wrappedRightAscension, field, "360 read as 0") }
    return .direction(Direction(ra: .degrees(ra == 360 ? 0 : ra), dec: .degrees(dec)))
  }

  /// Nothing is located better than this (0.36 milliarcsec); smaller numbers are rounding dust.
  private static let smallestDegrees = 1e-7

  /// A radius or semi-axis in degrees, if it can be one: positive and under 180.
  static func radius(_ degrees: Double, field: String, _ notes: inout Notes) -> Angle? {
    guard degrees >= smallestDegrees, degrees < 180 else {
      notes.add(.placeholderError, field, "\(degrees) degrees is no error radius")
      return nil
    }
    return .degrees(degrees)
  }
}

extension Notice {
  /// Sets the localisation to a circle, or notes why there is none.
  mutating func placeCircle(
    at position: SkyPosition, radiusDegrees: Double?, containment: Fraction, field: String,
    _ notes: inout Notes
  ) {
    switch position {
    case .absent(let reason): localization = .none(reason)
    case .direction(let direction):
      guard let radiusDegrees else {
        statedPosition = direction
        localization = .none(.noError)
        notes.add(.missingError, field, "a position without an error is no localisation")
        return
      }
      guard let radius = SkyPosition.radius(radiusDegrees, field: field, &notes) else {
        statedPosition = direction
        localization = .none(.noError)
        return
      }
      localization = .region(.circle(center: direction, radius: radius, containment: containment))
    }
  }

  /// Puts a remote map in front of the region, if its address can be one.
  mutating func attachMap(url: String?, field: String, _ notes: inout Notes) {
    guard let url, !url.isEmpty else { return }
    switch MapReference(url) {
    case .file(let address):
      links.append(Link(name: field, url: address))
      localization = .remoteMap(url: address, region: localization.region)
    case .placeholder:
      notes.add(.placeholderSkymap, field, "\(url.clipped()) is no file; no map yet")
    case .refused:
      notes.add(.refusedSkymapReference, field, "\(url.clipped()): only http and https are fetched")
      if case .none = localization { localization = .none(.unusableReference) }
    }
  }

  /// Puts a decoded map in front of the region, if the text is one.
  mutating func attachMap(base64 text: String?, field: String, _ notes: inout Notes) {
    guard let text, let bytes = decodeMap(text, field: field, &notes) else { return }
    localization = .embeddedMap(bytes: bytes, region: localization.region)
  }
}

/// Decodes an embedded map; nil with a finding when it is not one.
func decodeMap(_ text: String, field: String, _ notes: inout Notes) -> [UInt8]? {
  let bytes: [UInt8]
  do throws(Base64.Failure) {
    bytes = try Base64.decode(text)
  } catch {
    notes.add(.undecodableSkymap, field, "not base64 (\(error)); ignored")
    return nil
  }
  guard bytes.starts(with: "SIMPLE  =".utf8) || bytes.starts(with: [0x1F, 0x8B]) else {
    notes.add(.notASkymap, field, "\(bytes.count) bytes that are neither FITS nor gzip; ignored")
    return nil
  }
  return bytes
}

/// What the address of a sky map is worth. Only http and https to a named file are ever followed: a
/// file path or another scheme in a notice would make us read what the sender wants.
enum MapReference: Equatable {
  case file(String)
  case placeholder
  case refused

  init(_ text: String) {
    let url = trim(text)
    let lower = url.lowercased()
    let scheme = ["http://", "https://"].first { lower.hasPrefix($0) }
    guard let scheme, url.utf8.count <= 2000,
      url.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != 34 && $0 != 60 && $0 != 62 })
    else {
      self = .refused
      return
    }
    let rest = url.dropFirst(scheme.count)
    let host = rest.prefix { $0 != "/" }.lowercased()
    let path = rest.dropFirst(host.count)
    let placeholder = host.isEmpty || host.contains("not.yet.available") || path.isEmpty || path == "/"
    self = placeholder ? .placeholder : .file(url)
  }
}
