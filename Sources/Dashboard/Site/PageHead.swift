import Units

/// What every page carries around its content.
struct PageHead: Sendable {
  struct ThemeLink: Sendable {
    let label: String
    let href: String
    let isChosen: Bool
  }

  let title: String
  let theme: String
  let colorScheme: String
  let themes: [ThemeLink]
  let styleHref: String
  let scriptHref: String
  let iconHref: String
  let onBoard: Bool
  let onTelescopes: Bool
  let version: String
  /// The service's clock to the minute; nil on pages that do not ask the service.
  let clock: String?

  let onShift: Bool
  let onRoster: Bool
  /// Who is signed in.
  let person: String?
  var signInHref: String
  /// For forms, as the hidden field `form_token` (`FormGuard`); nil while nobody is signed in.
  let formToken: String?

  let onFollowup: Bool

  enum Section: Sendable { case board, telescopes, shift, roster, followup, none }

  init(
    title: String, section: Section, theme: Theme, back: String, health: HealthView?, library: PageLibrary,
    session: Session? = nil
  ) {
    onShift = section == .shift
    onFollowup = section == .followup
    onRoster = section == .roster
    person = session?.identity.name
    formToken = session?.formToken
    signInHref = "/sign-in?back=\(LocalPath.encoded(back))"
    self.title = title
    self.theme = theme.rawValue
    colorScheme = theme.colorScheme
    themes = Theme.allCases.map {
      ThemeLink(
        label: $0.label, href: "/theme?name=\($0.rawValue)&back=\(LocalPath.encoded(back))",
        isChosen: $0 == theme)
    }
    styleHref = library.address(ofAsset: "style.css")
    scriptHref = library.address(ofAsset: "live.js")
    iconHref = library.address(ofAsset: "icon.svg")
    onBoard = section == .board
    onTelescopes = section == .telescopes
    version = health?.version ?? ""
    clock = health.map { Self.minute($0.nowUTC) }
  }

  private static func minute(_ text: String) -> String {
    guard let now = Instant(iso8601: text) else { return text }
    let whole = now.iso8601()
    return whole.prefix(10) + " " + whole.dropFirst(11).prefix(5) + " UTC"
  }
}
