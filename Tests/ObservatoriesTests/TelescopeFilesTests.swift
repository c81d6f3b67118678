import Foundation
import Observatories
import TelescopeFiles
import TestSupport
import Testing

@Suite struct TelescopeFilesTests {
  /// A folder in which one of each is broken: the sound one still loads, each broken one is named.
  @Test func brokenFilesDoNotStopTheOthers() throws {
    let folder = try TelescopeFiles.load(fixture("telescopes/broken"))
    #expect(folder.registry.telescopes.map(\.id) == ["Sound-T50"])
    #expect(folder.registry.notUsable.isEmpty)
    let names = folder.problems.map { URL(filePath: $0.file).lastPathComponent }
    #expect(names == ["latin1.yaml", "not-usable.yaml", "not-yaml.yaml", "twin-of-sound.yaml", "typo.yaml"])
    let text = Dictionary(zip(names, folder.problems.map(\.description)), uniquingKeysWith: { a, _ in a })
    #expect(text["latin1.yaml", default: ""].hasSuffix("latin1.yaml: is not UTF-8 text; save it as UTF-8"))
    #expect(text["not-yaml.yaml", default: ""].contains("not-yaml.yaml:2: not valid YAML"))
    #expect(
      text["typo.yaml", default: ""].contains(
        "typo.yaml:14: timing.readout_sec: is not a known key; did you mean `readout_s`?"))
    #expect(text["not-usable.yaml", default: ""].contains("not_usable[0].reason: is missing"))
    #expect(text["twin-of-sound.yaml", default: ""].contains("`Sound-T50` is the id of"))
  }

  @Test func findingsOfAFolder() throws {
    let folder = try TelescopeFiles.load(fixture("telescopes/broken"))
    let findings = folder.findings
    #expect(
      Set(findings.filter { $0.check == .unreadable }.map(\.subject)) == Set(folder.problems.map(\.file)))
    #expect(findings.contains { $0.subject == "Sound-T50" && $0.check == .unverifiedPosition })
    let typo = findings.first { $0.subject.hasSuffix("typo.yaml") }
    #expect(typo?.key == "timing.readout_sec" && typo?.severity == .error)
    #expect(LintReport.errors(try Shipped.loaded.get().findings) == 0)
  }

  @Test func foldersThatCannotBeUsed() throws {
    let missing = packageRoot.appending(path: "no-such-folder")
    #expect(throws: TelescopeFilesError.noSuchFolder(missing.path)) { try TelescopeFiles.load(missing) }
    let file = packageRoot.appending(path: "Package.swift")
    #expect(throws: TelescopeFilesError.notAFolder(file.path)) { try TelescopeFiles.load(file) }
    let empty = packageRoot.appending(path: "Sources/Observatories")
    #expect(throws: TelescopeFilesError.noTelescopes(empty.path)) { try TelescopeFiles.load(empty) }
    #expect(
      TelescopeFilesError.noTelescopes("x").description
        == "x: holds no .yaml file; name a folder of telescope files")
  }

  /// Folders, pipes and giants that end in .yaml: refused by name, nothing waits, nothing is read whole.
  @Test func whatIsNoFile() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "telescopes-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: folder.appending(path: "folder.yaml"), withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }  // a temporary folder left behind harms nobody
    #expect(mkfifo(folder.appending(path: "pipe.yml").path, 0o600) == 0)
    try Data(repeating: 0x61, count: 5_000_000).write(to: folder.appending(path: "giant.yaml"))
    try FileManager.default.createSymbolicLink(
      at: folder.appending(path: "link.yaml"), withDestinationURL: Shipped.folder.appending(path: "kao.yaml"))
    try FileManager.default.createSymbolicLink(
      at: folder.appending(path: "dangling.yaml"), withDestinationURL: folder.appending(path: "gone"))
    try Data("x".utf8).write(to: folder.appending(path: ".hidden.yaml"))
    try Data("x".utf8).write(to: folder.appending(path: "README.md"))
    let loaded = try TelescopeFiles.load(folder)
    #expect(loaded.registry.telescopes.map(\.id) == ["KAO"])
    let reasons = loaded.problems.map {
      URL(filePath: $0.file).lastPathComponent + $0.description.components(separatedBy: ".y")[1]
    }
    #expect(loaded.problems.count == 4, "\(reasons)")
    let text = loaded.problems.map(\.description).joined(separator: "\n")
    #expect(text.contains("dangling.yaml: is not a file") && text.contains("folder.yaml: is not a file"))
    #expect(
      text.contains("pipe.yml: is not a file") && text.contains("giant.yaml: 65537 bytes are more than"))
  }
}
