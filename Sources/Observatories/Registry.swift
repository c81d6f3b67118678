/// All telescopes that are known, and the ways to name them.
public struct Registry: Sendable {
  /// By id.
  public let telescopes: [Telescope]
  /// Known by name only, with the reason why nothing can be asked of them; by id.
  public let notUsable: [NotUsable]
  private let exact: [String: Set<Entry>]
  private let folded: [String: Set<Entry>]

  /// A telescope nobody can plan for, because its position or its field is not known to us.
  public struct NotUsable: Sendable, Hashable {
    public let id: String
    public let fullName: String
    public let aliases: [String]
    public let country: String?
    /// A sentence.
    public let reason: String
    public init(id: String, fullName: String, aliases: [String], country: String? = nil, reason: String) {
      self.id = id
      self.fullName = fullName
      self.aliases = aliases
      self.country = country
      self.reason = reason
    }
  }

  private enum Entry: Hashable {
    case telescope(Int)
    case notUsable(Int)
  }

  /// Keeps everything given: the linter, not this, says when two share an id or an alias.
  public init(_ telescopes: [Telescope], notUsable: [NotUsable] = []) {
    self.telescopes = telescopes.sorted { $0.id < $1.id }
    self.notUsable = notUsable.sorted { $0.id < $1.id }
    var exact: [String: Set<Entry>] = [:]
    var folded: [String: Set<Entry>] = [:]
    func add(_ names: [String], _ entry: Entry) {
      for name in names {
        exact[name.lowercased(), default: []].insert(entry)
        folded[Text.folded(name), default: []].insert(entry)
      }
    }
    for (i, t) in self.telescopes.enumerated() { add([t.id, t.slug, t.fullName] + t.aliases, .telescope(i)) }
    for (i, n) in self.notUsable.enumerated() { add([n.id, n.fullName] + n.aliases, .notUsable(i)) }
    self.exact = exact
    self.folded = folded
  }

  /// The telescope with exactly this id.
  public subscript(id: String) -> Telescope? { telescopes.first { $0.id == id } }

  /// The telescope that bears this name: id, slug, full name or alias. Case never matters; blanks and
  /// punctuation only where two names differ by nothing else.
  public func resolve(_ name: String) throws(RegistryError) -> Telescope {
    let found = exact[name.lowercased()] ?? folded[Text.folded(name)] ?? []
    guard found.count <= 1 else { throw .ambiguous(name: name, ids: found.map(id(of:)).sorted()) }
    switch found.first {
    case .telescope(let i): return telescopes[i]
    case .notUsable(let i): throw .notUsable(name: name, id: notUsable[i].id, reason: notUsable[i].reason)
    case nil: throw .unknown(name: name, suggestions: suggestions(for: name))
    }
  }

  /// The telescopes at a place: all at the site of this name, or at the site of the telescope that bears it.
  public func telescopes(at place: String) throws(RegistryError) -> [Telescope] {
    let wanted = Text.folded(place)
    let there = telescopes.filter { !wanted.isEmpty && Text.folded($0.site.name) == wanted }
    guard there.isEmpty else { return there }
    let site = try resolve(place).site.name
    return telescopes.filter { $0.site.name == site }
  }

  /// At most three ids whose names are close to this one, the closest first.
  public func suggestions(for name: String) -> [String] {
    let wanted = Text.folded(name)
    guard !wanted.isEmpty else { return [] }
    var best: [String: Double] = [:]
    for (candidate, entries) in folded {
      var cost = Double(Text.editDistance(wanted, candidate))
      // A part of a name is a better guess than an unrelated one of the same length.
      let contains = candidate.contains(wanted) || wanted.contains(candidate)
      if contains, min(candidate.count, wanted.count) >= 3 { cost = min(cost, 1.5) }
      guard cost <= max(1.5, Double(wanted.count) / 3) else { continue }
      for entry in entries { best[id(of: entry)] = min(best[id(of: entry)] ?? .infinity, cost) }
    }
    return best.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.prefix(3).map(\.key)
  }

  private func id(of entry: Entry) -> String {
    switch entry {
    case .telescope(let i): return telescopes[i].id
    case .notUsable(let i): return notUsable[i].id
    }
  }

  /// Telescope id -> digest, for the record of a plan's inputs.
  public var digests: [String: String] {
    Dictionary(telescopes.map { ($0.id, $0.digest) }, uniquingKeysWith: { first, _ in first })
  }
}

/// Why a name gives no telescope.
public enum RegistryError: Error, Equatable, Sendable {
  case unknown(name: String, suggestions: [String])
  case notUsable(name: String, id: String, reason: String)
  case ambiguous(name: String, ids: [String])
}

extension RegistryError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unknown(let name, let suggestions) where suggestions.isEmpty:
      return "no telescope is called `\(name)`; `vesper telescopes list` shows the names"
    case .unknown(let name, let suggestions):
      return "no telescope is called `\(name)`; did you mean \(suggestions.joined(separator: " or "))?"
    case .notUsable(_, let id, let reason): return "\(id) cannot be used: \(reason)"
    case .ambiguous(let name, let ids):
      return "`\(name)` names more than one telescope: write \(ids.joined(separator: " or "))"
    }
  }
}

extension Registry.NotUsable {
  /// Reads a list of telescopes that cannot be used, such as `telescopes/not-usable.yaml`:
  ///
  /// ```yaml
  /// not_usable:
  ///   - id: TAROT-TNC
  ///     name: TAROT Nouvelle-Caledonie
  ///     aliases: [TNC]
  ///     country: France (New Caledonia)
  ///     reason: its position and field are not published; ask the TAROT team
  /// ```
  public static func list(yaml: String, file: String) throws(TelescopeError) -> [Self] {
    let log = ProblemLog()
    let root = try YAMLSection.document(yaml, file: file, log: log)
    if !root.has("not_usable") { root.missing("not_usable", "write a list of telescopes") }
    let list = root.sections("not_usable").map { section in
      let entry = Self(
        id: section.requiredText("id"), fullName: section.requiredText("name"),
        aliases: section.texts("aliases") ?? [], country: section.text("country"),
        reason: section.requiredText("reason"))
      section.finish()
      return entry
    }
    root.finish()
    guard log.isEmpty else { throw .invalid(file: file, problems: log.problems) }
    return list
  }
}
