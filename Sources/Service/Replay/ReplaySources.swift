import Foundation
import Notices
import Store
import Units

/// Where recorded notices come from.
public enum ReplaySources {
  /// Everything a store has received, with the maps that were fetched for it; the store is not changed.
  public static func store(_ path: String) async throws -> [Replay.Arrival] {
    let feed = try RecordedFeed(readingFrom: path)
    var arrivals: [Replay.Arrival] = []
    var last: NoticeID?
    while true {
      let page = try await feed.notices(after: last, limit: 200)
      guard let end = page.last else { break }
      arrivals += page.map { hand in
        Replay.Arrival(
          at: hand.notice.receivedAt, source: "\(hand.notice.topic) #\(hand.notice.id.number)",
          .notice(hand.bytes))
      }
      last = end.notice.id
    }
    for (url, at) in try await feed.maps() {
      arrivals.append(.init(at: at, source: url, .map(url: url, try await feed.map(url))))
    }
    return ordered(arrivals)
  }

  /// Files, each a notice. The time of each is when its sender made it; what does not say follows its
  /// predecessor by a second.
  /// - Parameter start: for the first one, if it does not say; and if given, none is earlier.
  public static func files(
    _ files: [(name: String, bytes: [UInt8])], from start: Instant?
  ) -> [Replay.Arrival] {
    var last: Instant?
    let made = files.map { file -> Replay.Arrival in
      // What cannot be read is a step too: it goes into quarantine.
      let notice = try? NoticeParser.parse(bytes: file.bytes)
      let told = notice.flatMap { $0.created ?? $0.eventTime }
      let follower = last.map { $0 + .seconds(1) }
      var at = told ?? follower ?? start ?? Instant(tai: 0)
      if let start { at = max(at, start) }
      last = at
      return Replay.Arrival(at: at, source: file.name, .notice(file.bytes))
    }
    return ordered(made)
  }

  private static func ordered(_ arrivals: [Replay.Arrival]) -> [Replay.Arrival] {
    // Of equal times the order in which they were given counts.
    arrivals.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
  }
}
