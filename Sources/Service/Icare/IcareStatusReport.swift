import Deliveries
import Foundation
import Icare
import Store
import Units

/// How the deliveries to ICARE stand: from the store of a service, running or not, and from ICARE itself.
public enum IcareStatusReport {
  /// Status: 0 good, 1 somebody should look, 2 halted or the token is refused, 3 ICARE does not answer.
  public static func make(
    _ configuration: ServiceConfiguration, access: IcareAccess, clock: ServiceClock
  ) async throws -> CommandReport {
    var (lines, code) = await live(access)
    guard FileManager.default.fileExists(atPath: configuration.storePath) else {
      lines.append("[look] no service has worked in \(configuration.state)")
      return CommandReport(lines, max(code, .look))
    }
    let store = try configuration.openStore()
    defer { try? store.close() }  // Only read from.
    let outbox = try await outbox(store, clock.now())
    let back = try await readBack(store)
    lines += outbox.lines + back.lines
    code = max(code, outbox.code, back.code)
    lines += try await latest(store)
    return CommandReport(lines, code)
  }

  private static func live(_ access: IcareAccess) async -> ([String], CommandReport.Code) {
    do {
      let version = try await access.client.version()
      let profile = try await access.client.profile()
      return (
        ["[ok]   ICARE at \(access.address) answers, version \(version), as \(profile.username)"], .good
      )
    } catch IcareError.tokenRejected(let why) {
      return (["[FAIL] ICARE at \(access.address) does not accept the token: \(why)"], .failed)
    } catch {
      return (["[FAIL] \(access.address): \(error)"], .noAnswer)
    }
  }

  private static func outbox(_ store: Store, _ now: Instant) async throws -> CommandReport {
    let channel = IcareChannel.channelName
    let counts = try await store.deliveryCounts(channel: channel)
    func count(_ states: DeliveryState...) -> Int { states.reduce(0) { $0 + (counts[$1] ?? 0) } }
    let owed = count(.ready, .inFlight, .ambiguous)
    let stuck = count(.dead, .parked)
    var lines: [String] = []
    var code = CommandReport.Code.good
    if let hold = try await store.holds().first(where: { $0.channel == channel }) {
      lines.append("[HELD] nothing leaves since \(hold.since.iso8601()): \(hold.reason)")
      code = .failed
    }
    let late = count(.expired)
    let drained = owed == 0 ? "drained" : "\(owed) owed"
    lines.append(
      "\(stuck > 0 ? "[look]" : "[ok]  ") outbox: \(drained), \(count(.done)) delivered, \(stuck) need a person, "
        + "\(count(.superseded)) no longer wanted"
        + (late > 0 ? ", \(late) too late to be of use" : ""))
    if stuck > 0 { code = max(code, .look) }
    for entry in try await store.latestDeliveries(channel: channel, [.dead, .parked], limit: 20) {
      lines.append("       \(entry.key): \(entry.reason ?? entry.state.rawValue)")
    }
    return CommandReport(lines, code)
  }

  private static func readBack(_ store: Store) async throws -> CommandReport {
    let entries = try await store.latestLog(kind: ReadBackRecord.kind, limit: 1000)
    var latest: [String: ReadBackRecord] = [:]
    var order: [String] = []
    for record in entries.compactMap(ReadBackRecord.init) where latest[record.key] == nil {
      latest[record.key] = record
      order.append(record.key)
    }
    let counts = Dictionary(grouping: latest.values, by: \.result).mapValues(\.count)
    let open = order.compactMap { latest[$0] }.filter { $0.result != .equal }
    let slowest = latest.values.map(\.delay.seconds).max() ?? 0
    let summary =
      "read back: \(counts[.equal] ?? 0) equal, \(counts[.different] ?? 0) different, "
      + "\(counts[.absent] ?? 0) missing, \(counts[.unread] ?? 0) not read; the slowest after \(Int(slowest)) s"
    let lines = open.prefix(50).map { "       \($0.key): \($0.result.rawValue) \($0.text)" }
    return CommandReport(
      ["\(open.isEmpty ? "[ok]  " : "[look]") \(summary)"] + lines, open.isEmpty ? .good : .look)
  }

  private static func latest(_ store: Store) async throws -> [String] {
    let entries = try await store.latestDeliveries(
      channel: IcareChannel.channelName, Set(DeliveryState.allCases), limit: 10)
    return entries.isEmpty
      ? []
      : ["latest:"]
        + entries.map {
          "  \($0.since.iso8601()) \($0.state.rawValue) \($0.key)"
            + ($0.receipt.map { " -> \($0)" } ?? $0.reason.map { ": \($0)" } ?? "")
        }
  }
}
