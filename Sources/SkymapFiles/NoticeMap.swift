import Notices
import Skymaps
import Units

/// The localisation of a notice as a probability map.
extension SkymapFile {
  /// - Throws: `.notice` for a retraction, a notice without a place, or one whose map lies elsewhere and
  ///   that gives no region meanwhile.
  public static func read(
    _ notice: Notice, prefer: NoticeMap = .combined, limits: Limits = .standard
  ) throws(SkymapFileError) -> Skymap {
    let name = notice.eventName ?? "this event"
    if notice.isRetraction {
      throw .notice("the notice is a retraction of \(name); there is nothing to observe")
    }
    let localization = prefer == .combined ? notice.bestLocalization : notice.ownLocalization
    let isCombined = prefer == .combined && notice.wave?.coincidence?.combinedMap != nil
    switch localization {
    case .none(let absence): throw .notice(absence.advice(about: name))
    case .region(let region): return try map(of: region, from: notice, findings: [])
    case .remoteMap(let url, let region):
      guard let region else {
        throw .notice(
          "the sky map of \(name) is at \(url) and not in the notice; download it and give the file")
      }
      let finding = SkymapReport.Finding(
        .note, "map_elsewhere", "a map may be had at \(url); this is the region the notice states")
      return try map(of: region, from: notice, findings: [finding])
    case .embeddedMap(let bytes, let region):
      do throws(SkymapFileError) {
        return try embedded(bytes, of: notice, isCombined: isCombined, limits: limits)
      } catch {
        // A map that cannot be read leaves the region it was refined from.
        guard let region else { throw error }
        let finding = SkymapReport.Finding(
          .warning, "notice_map_unreadable", "the map in the notice was not used: \(error.description)")
        return try map(of: region, from: notice, findings: [finding])
      }
    }
  }

  private static func embedded(
    _ bytes: [UInt8], of notice: Notice, isCombined: Bool, limits: Limits
  ) throws(SkymapFileError) -> Skymap {
    let opened = try OpenedInput(ByteReader(MemorySource(bytes)), limits: limits)
    guard opened.content == .fits else {
      throw .notice("the sky map in the notice is not FITS; get the notice again")
    }
    var raw = try raw(opened, limits: limits)
    raw.findings += notice.mapFindings
    if isCombined {
      raw.findings.append(
        .init(.note, "combined_skymap", "this is the map combined with the external coincidence"))
    }
    let header = notice.header
    raw.header.object = raw.header.object ?? header.object
    raw.header.eventTime = raw.header.eventTime ?? header.eventTime
    if raw.header.instruments.isEmpty { raw.header.instruments = header.instruments }
    return try map(raw)
  }

  private static func map(
    of region: ErrorRegion, from notice: Notice, findings: [SkymapReport.Finding]
  ) throws(SkymapFileError) -> Skymap {
    do throws(SkymapError) {
      switch region {
      case .circle(let center, let radius, let containment):
        return try Skymap(
          .circle(radius: radius), around: center, containing: containment, header: notice.header,
          findings: notice.mapFindings + findings)
      case .ellipse(let center, let major, let minor, let angle, let containment):
        return try Skymap(
          .ellipse(semiAxis: major, acrossSemiAxis: minor, positionAngle: angle), around: center,
          containing: containment, header: notice.header, findings: notice.mapFindings + findings)
      case .polygon(_, let containment):
        let finding = SkymapReport.Finding(
          .note, "polygon_as_circle", "the notice gives a polygon; a circle about it is used")
        return try Skymap(
          .circle(radius: region.largestRadius), around: region.center, containing: containment,
          header: notice.header,
          findings: notice.mapFindings + findings + [finding])
      }
    } catch {
      throw .map(error)
    }
  }
}

extension Notice {
  /// The name to call its event by: the superevent, or the first name it has.
  public var eventName: String? { wave?.supereventID ?? ids.first?.value }

  /// The notice's own map, not the one combined with an external coincidence.
  fileprivate var ownLocalization: Localization {
    if case .none = localization, let combined = wave?.coincidence?.combinedMap { return combined }
    return localization
  }

  /// What was odd about the notice, as findings of its map.
  fileprivate var mapFindings: [SkymapReport.Finding] {
    findings.map {
      .init(
        $0.severity == .note ? .note : .warning, "notice:" + $0.code.rawValue, "\($0.field): \($0.detail)")
    }
  }

  fileprivate var header: SkymapHeader {
    var header = SkymapHeader()
    header.object = eventName
    header.eventTime = eventTime
    header.instruments = wave?.instruments ?? [source.instrument ?? source.mission.rawValue]
    return header
  }
}

extension Localization.Absence {
  fileprivate func advice(about name: String) -> String {
    switch self {
    case .notGiven: "the notice of \(name) has neither a map nor a position; wait for one with a localisation"
    case .placeholder:
      "the position in the notice of \(name) is a placeholder; wait for one with a localisation"
    case .noError: "the position in the notice of \(name) comes without an error; wait for one with an error"
    case .invalid: "the position in the notice of \(name) is outside the legal range; ask its sender"
    case .pointingDirection: "the notice of \(name) says where an instrument looked, not where the source is"
    case .candidateList: "the notice of \(name) lists several candidates; plan them as single positions"
    case .unusableReference:
      "the notice of \(name) names a map at no usable address; download it and give the file"
    }
  }
}
