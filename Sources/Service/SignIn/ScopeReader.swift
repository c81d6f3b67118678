import Dashboard
import Foundation
import Observatories
import TelescopeFiles

/// Scopes as people write them: telescopes go by any of their names.
struct ScopeReader {
  private let folder: String

  /// - Parameter configuration: names the folder of telescope files, which is read where a scope names one.
  init(_ configuration: ServiceConfiguration) { folder = configuration.telescopes }

  /// - Returns: scopes as they are kept: telescopes by slug.
  /// - Throws: `ConfigurationError` for what is no scope, and for telescopes that nobody knows, with the nearest
  ///   names.
  func scopes(_ words: [String]) throws(ConfigurationError) -> Set<String> {
    var found: Set<String> = []
    for word in words {
      switch Scope(word) {
      case nil:
        throw ConfigurationError(
          "the scope `\(word)` means nothing; there are view, notices, operator:<telescope>, lead, admin")
      case .telescope(let name): found.insert(try scope(ofTelescope: name))
      case let known?: found.insert(known.description)
      }
    }
    return found
  }

  /// What lets somebody answer for a telescope, which is given by any of its names.
  func scope(ofTelescope name: String) throws(ConfigurationError) -> String {
    let known: TelescopeFiles.Folder
    do { known = try TelescopeFiles.load(URL(filePath: folder)) } catch {
      throw ConfigurationError("the telescope `\(name)` cannot be looked up: \(error)")
    }
    // By its slug, else by any other of its names.
    if let telescope = known.registry.telescopes.first(where: { $0.slug == name }) {
      return Scope.telescope(telescope.slug).description
    }
    do { return Scope.telescope(try known.registry.resolve(name).slug).description } catch {
      throw ConfigurationError("\(error)")
    }
  }
}
