import Foundation
import Observatories

/// The policies that come with the program, as files. This is the only place of the module that reads
/// anything.
public enum ShippedPolicies {
  public static let standardName = "grandma"
  public static let names = [
    "grandma", "grandma-ep", "grandma-grb", "grandma-neutrino", "grandma-r1", "grandma-r2", "grandma-r3",
    "grandma-r4", "grandma-r5", "grandma-r6", "grandma-r7", "grandma-r8", "grandma-svom",
  ]

  /// The text of a policy.
  ///
  /// The folder is looked for beside the executable. The generated `Bundle.module` is not used: it traps
  /// when the folder is missing and knows the path of the machine that built it.
  public static func text(of name: String) throws(PolicyError) -> String {
    guard names.contains(name) else {
      throw .unknownPolicy(name, suggestion: Wording.suggestion(for: name, among: names))
    }
    let folder = "vesper_Campaigns.resources"
    let places = [
      Bundle.main.bundleURL, Bundle.main.executableURL?.deletingLastPathComponent(), Bundle.main.resourceURL,
    ]
    let files = places.compactMap { $0?.appending(path: "\(folder)/Policies/\(name).yaml") }
    for file in files {
      // The next place is tried; when none has it, all are named.
      if let text = try? String(contentsOf: file, encoding: .utf8) { return text }
    }
    throw .missingResources(looked: files.map(\.path))
  }

  public static func policy(named name: String) throws(PolicyError) -> Policy {
    try Policy(yaml: text(of: name), file: name + ".yaml", include: text(of:))
  }
}

extension Policy {
  /// Telescopes that the policy names but the registry does not have, with the likeliest one meant.
  public func unknownTelescopes(in registry: Registry) -> [PolicyError.Problem] {
    telescopes.filter { registry[$0] == nil }.map { id in
      PolicyError.Problem(
        line: nil, key: "telescopes", what: "`\(id)` is not in the registry",
        remedy: Wording.suggestion(for: id, among: registry.telescopes.map(\.id)))
    }
  }
}
