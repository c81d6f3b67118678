import ArgumentParser
import Foundation
import Service

/// Where the service is, and with which token it is asked.
struct ServiceOptions: ParsableArguments {
  @Option(name: [.customLong("url"), .customLong("address")], help: "Address of the service.")
  var address = "http://127.0.0.1:8080"

  func desk() throws -> RemoteQueue {
    do {
      return try RemoteQueue(address, token: ProcessInfo.processInfo.environment["VESPER_TOKEN"])
    } catch { throw Failure(.usage, "--url \(address): \(error)") }
  }
}

struct QueueCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "queue", abstract: "What a telescope has to do now, over all events.",
    discussion: "A token in $VESPER_TOKEN that may answer for the telescope marks the queue as seen.")
  @Argument(help: "The telescope: its slug or another of its names, such as TCA.")
  var telescope: String
  @Flag(help: "Show it again whenever it changes, until it is stopped.")
  var watch = false
  @OptionGroup var service: ServiceOptions

  func run() async throws {
    try await reporting {
      let desk = try service.desk()
      let slug: String
      do { slug = try await desk.slug(of: telescope) } catch { throw Failure(.noInput, "\(error)") }
      var last = ""
      repeat {
        let text: String
        do { text = try await desk.queue(slug) } catch {
          // A service that is started anew must not end a watch.
          guard watch else { throw Failure(.noInput, "\(error)") }
          text = "\(error); asking again"
        }
        // The clock alone is no change.
        if text != last { print(text) }
        last = text
        if watch { try await Task.sleep(for: .seconds(5)) }
      } while watch
    }
  }
}

struct AckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ack", abstract: "Answer for a telescope; the token is taken from $VESPER_TOKEN.")
  @Argument(help: "The telescope: its slug or another of its names, such as TCA.")
  var telescope: String
  @Argument(help: "Number of a pointing, or id of a plan.")
  var assignment: String
  @Argument(help: "accept, refuse, start, observed, data or photometry.")
  var answer: String
  @Option(help: "Why it is refused.")
  var reason: String?
  @Option(help: "When the telescope can observe again, ISO 8601 UTC.")
  var until: String?
  @Option(help: "Of what was observed: start, ISO 8601 UTC.")
  var start: String?
  @Option(help: "Of what was observed: seconds on target.")
  var exposure: Double?
  @Option(help: "Of what was observed: filter.")
  var filter: String?
  @Option(help: "Of what was observed: limiting magnitude.")
  var limit: Double?
  @Option(help: "Number of an exposure reported before, whose place this one takes.")
  var corrects: Int64?
  @OptionGroup var service: ServiceOptions

  func run() async throws {
    try await reporting {
      var observed: RemoteQueue.Exposure?
      if let start, let exposure {
        observed = .init(
          startUTC: start, seconds: exposure, filter: filter, limit: limit, corrects: corrects)
      } else if start != nil || exposure != nil || filter != nil || limit != nil || corrects != nil {
        throw Failure(.usage, "an exposure needs --start and --exposure")
      }
      do {
        let desk = try service.desk()
        print(
          try await desk.answer(
            try await desk.slug(of: telescope), assignment, answer, reason: reason, until: until,
            exposure: observed))
      } catch let failure as Failure {
        throw failure
      } catch {
        throw Failure(.badData, "\(error)")
      }
    }
  }
}

struct LinkCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "link", abstract: "Make a signed link by which a team answers without a login.",
    discussion: "Whoever has the link can answer for that telescope until it expires or is revoked.")
  @OptionGroup var options: ConfigurationOptions
  @Argument(help: "The telescope's slug, such as tca.")
  var telescope: String?
  @Option(help: "Days until it expires, up to 90.")
  var days: Int = 14
  @Option(help: "A link to be ended at once.")
  var revoke: String?

  func run() async throws {
    try await reporting {
      let desk = LinkDesk(try options.load(), environment: ProcessInfo.processInfo.environment)
      do {
        if let revoke {
          print("revoked \(try await desk.revoke(revoke))")
          return
        }
        guard let telescope, (1...90).contains(days) else {
          throw Failure(.usage, "name a telescope, and --days from 1 to 90")
        }
        print(try desk.link(for: telescope, days: days))
      } catch let failure as Failure {
        throw failure
      } catch {
        throw Failure(.badData, "\(error)")
      }
    }
  }
}
