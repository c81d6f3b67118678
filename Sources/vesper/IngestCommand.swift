import ArgumentParser
import Foundation
import Service

struct IngestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ingest", abstract: "Hand notices to the service's store, as a feed would.",
    discussion: """
      The bytes are stored before anything is made of them; the same bytes twice are one notice. A running \
      service takes them up within a second; without one they wait for the next start.
      """)

  @OptionGroup var options: ConfigurationOptions

  @Argument(help: "Notices: JSON or XML files.")
  var files: [String]

  func run() async throws {
    try await reporting {
      let intake: Intake
      do { intake = try Intake(options.load()) } catch let error as Failure { throw error } catch {
        throw Failure(.cannotWrite, "\(error)")
      }
      for file in files {
        let bytes = try PlanInput.bytes(of: file)
        do { print("\(file): \(try await intake.take(bytes, from: file))") } catch {
          throw Failure(.cannotWrite, "\(file): \(error)")
        }
      }
    }
  }
}
