import ArgumentParser
import Foundation
import Service

struct BackupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup", abstract: "Copy the service's store into one file, also while it runs.",
    discussion: "The copy is checked before it gets its name. It holds notices and messages, but no secrets.")

  @OptionGroup var options: ConfigurationOptions
  @Argument(help: "A file, or a folder in which one with the time in its name is made.")
  var to: String

  func run() async throws {
    try await reporting {
      do { print(try await BackupDesk(options.load()).backup(to: to)) } catch let error as Failure {
        throw error
      } catch {
        throw Failure(.cannotWrite, "\(error)")
      }
    }
  }
}

struct RestoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore", abstract: "Check a backup, or put it in the place of the store.",
    discussion: """
      With --check nothing is changed: the file is opened, its integrity, references and log are checked, and \
      its contents are counted; exit status 65 if anything is wrong. Without it the service must be stopped.
      """)

  @OptionGroup var options: ConfigurationOptions
  @Argument(help: "The backup.")
  var file: String
  @Flag(help: "Only check it.")
  var check = false
  @Flag(help: "Replace a store that is there; it is kept beside as .before-restore.")
  var replace = false

  func run() throws {
    try reporting {
      do {
        print(
          check
            ? try BackupDesk.check(file)
            : try BackupDesk(options.load()).restore(file, replacing: replace)
        )
      } catch let error as Failure {
        throw error
      } catch {
        throw Failure(.badData, "\(error)")
      }
    }
  }
}
