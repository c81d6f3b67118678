import Notices
import Units

/// A sky map taken out of a notice.
public struct HeldMap: Hashable, Sendable {
  /// `sha256:` and the digest of `bytes` in hexadecimal.
  public let reference: String
  public let bytes: [UInt8]
}

extension Notice {
  /// The notice without the bytes of its maps, which take megabytes: each is replaced by a reference under
  /// which the caller keeps them. Notices that only differ in their maps still differ.
  public func withMapsHeld() -> (notice: Notice, maps: [HeldMap]) {
    var copy = self
    var maps: [HeldMap] = []
    func hold(_ localization: Localization) -> Localization {
      guard case .embeddedMap(let bytes, let region) = localization else { return localization }
      let map = HeldMap(reference: Self.heldScheme + SHA256.hexDigest(of: bytes), bytes: bytes)
      maps.append(map)
      return .remoteMap(url: map.reference, region: region)
    }
    copy.localization = hold(localization)
    if let combined = wave?.coincidence?.combinedMap {
      copy.wave?.coincidence?.combinedMap = hold(combined)
    }
    return (copy, maps)
  }

  static let heldScheme = "sha256:"
}

extension Localization {
  /// The reference of a map that the caller holds, as `withMapsHeld` left it.
  public var heldMap: String? {
    guard case .remoteMap(let url, _) = self, url.hasPrefix(Notice.heldScheme) else { return nil }
    return url
  }
}
