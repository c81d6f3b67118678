/// ICARE's names of bandpasses, which are sncosmo's.
public enum IcareBandpass {
  private static let names: [String: String] = [
    "u": "sdssu", "g": "sdssg", "r": "sdssr", "i": "sdssi", "z": "sdssz", "y": "ps1::y", "w": "ps1::w",
    "U": "bessellux", "B": "bessellb", "V": "bessellv", "R": "bessellr", "I": "besselli",
    "Rc": "bessellr", "Ic": "besselli", "J": "2massj", "H": "2massh", "K": "2massks", "Ks": "2massks",
    "clear": "ps1::open", "C": "ps1::open", "L": "ps1::open",
  ]

  /// The usual one for a filter as sites call it; nil when there is none. Names that are ICARE's stay.
  public static func name(of filter: String) -> String? {
    if let name = names[filter] { return name }
    let isTheirs =
      filter.contains("::")
      || ["sdss", "bessell", "ztf", "atlas", "2mass", "gotol", "uvot", "swiftxrt"].contains {
        filter.hasPrefix($0)
      }
    return isTheirs ? filter : nil
  }
}
