/// Every file that one telescope's plan can be had as, and the one way to get it.
public enum PlanFormat: String, Sendable, CaseIterable {
  case text = "txt"
  case csv
  case ecsv
  case regions = "reg"
  case json
  case votable
  case acp
  case nina = "nina.csv"
  case rts2
  case mocJSON = "moc.json"
  case mocASCII = "moc.txt"
  case mocFITS = "moc.fits"

  /// Such as `plan.nina.csv`.
  public var fileName: String { "plan.\(rawValue)" }

  /// From the last part of a path.
  public init?(fileName: some StringProtocol) {
    guard fileName.hasPrefix("plan."), let format = Self(rawValue: String(fileName.dropFirst(5))) else {
      return nil
    }
    self = format
  }

  /// For people.
  public var name: String {
    switch self {
    case .text: "text"
    case .csv: "CSV"
    case .ecsv: "ECSV"
    case .regions: "DS9 regions"
    case .json: "JSON"
    case .votable: "VOTable"
    case .acp: "ACP plan"
    case .nina: "NINA target list"
    case .rts2: "RTS2 script"
    case .mocJSON: "MOC (JSON)"
    case .mocASCII: "MOC (ASCII)"
    case .mocFITS: "MOC (FITS)"
    }
  }

  public var mediaType: String {
    switch self {
    case .text, .ecsv, .regions, .acp, .rts2, .mocASCII: "text/plain; charset=utf-8"
    case .csv, .nina: "text/csv; charset=utf-8"
    case .json: "application/vnd.grandma.plan+json;v=1"
    case .votable: "application/x-votable+xml"
    case .mocJSON: "application/json"
    case .mocFITS: "application/fits"
    }
  }

  /// The bytes of a plan in this format, for one site.
  ///
  /// Every format names the status, its digest and row count, holds no row under STOP, and shows when it
  /// was cut short. Pure: the same document and preferences give the same bytes. O(rows).
  public func render(_ plan: PlanDocument, _ preferences: SitePreferences = .standard) -> [UInt8] {
    let plan = plan.adapted(to: preferences)
    return render(adapted: plan, preferences) { PlanMOC(plan) }
  }

  /// The bytes of a plan as the site prefers it; `moc` is asked for by the formats of its sky only.
  func render(adapted plan: PlanDocument, _ preferences: SitePreferences, moc: () -> PlanMOC) -> [UInt8] {
    let local = preferences.localTime
    switch self {
    case .text: return lines(PlanText.render(plan, local: local), preferences)
    case .csv: return Array(PlanCSV.render(plan, local: local).utf8)
    case .ecsv: return lines(PlanECSV.render(plan, local: local), preferences)
    case .regions: return lines(PlanRegions.render(plan), preferences)
    case .json: return lines(plan.json(), preferences)
    case .votable: return lines(PlanVOTable.render(plan, local: local), preferences)
    case .acp: return lines(PlanACP.render(plan, preferences), preferences)
    case .nina: return lines(PlanNINA.render(plan), preferences)
    case .rts2: return Array(PlanRTS2.render(plan, preferences).utf8)
    case .mocJSON: return lines(moc().json(), preferences)
    case .mocASCII: return lines(moc().ascii(), preferences)
    case .mocFITS: return moc().fits()
    }
  }

  /// Programs of Windows get its line ends unless the site says otherwise.
  private var ownLineEnd: PlanText.LineEnd { self == .acp || self == .nina ? .crlf : .lf }

  private func lines(_ text: String, _ preferences: SitePreferences) -> [UInt8] {
    guard (preferences.lineEnd ?? ownLineEnd) == .crlf else { return Array(text.utf8) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count + text.utf8.count / 64)
    for byte in text.utf8 {
      if byte == 10 { bytes.append(13) }
      bytes.append(byte)
    }
    return bytes
  }
}

extension PlanDocument {
  /// `sha256`, or the digest of a document that was not sealed.
  var seal: String { sha256 ?? digest() }
}
