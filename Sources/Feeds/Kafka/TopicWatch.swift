/// One topic as the brokers list it.
struct ListedTopic: Hashable {
  let name: String
  let partitions: [Int32]
  /// What keeps it from being read, in the broker's words.
  let error: String?
}

/// Which of the wanted topics exist: a state machine over what the brokers list.
struct TopicWatch {
  enum Change: Hashable {
    /// `afterMissing`: its topic was announced as missing before, so everything in it is new.
    case begin(FeedPartition, afterMissing: Bool)
    case end(FeedPartition)
    case missing(String, reason: String)
    case found(String, partitions: Int)
  }

  private let wanted: [TopicPattern]
  private var missing: [String: String] = [:]
  private var partitions: Set<FeedPartition> = []
  /// Whether the brokers have answered once: what appears after that is new.
  private var hasListed = false

  init(wanted: [TopicPattern]) {
    var seen: Set<TopicPattern> = []
    self.wanted = wanted.filter { seen.insert($0).inserted }
  }

  var missingNames: [String] { missing.keys.sorted() }

  /// - Parameter listed: all topics the brokers know, or none of them twice.
  mutating func update(_ listed: [ListedTopic]) -> [Change] {
    let known = Dictionary(listed.map { ($0.name, $0) }, uniquingKeysWith: { a, _ in a })
    let names = known.keys.sorted()
    var changes: [Change] = []
    var present: Set<FeedPartition> = []
    for pattern in wanted {
      let matching = pattern.isExact ? names.filter { $0 == pattern.text } : names.filter(pattern.matches)
      let readable = matching.compactMap { known[$0] }.filter { $0.error == nil && !$0.partitions.isEmpty }
      let wasMissing = missing[pattern.text] != nil
      if readable.isEmpty {
        let reason = matching.compactMap { known[$0]?.error }.first ?? "the brokers do not list it"
        if missing.updateValue(reason, forKey: pattern.text) != reason {
          changes.append(.missing(pattern.text, reason: reason))
        }
        continue
      }
      if wasMissing {
        missing[pattern.text] = nil
        let count = readable.reduce(0) { $0 + $1.partitions.count }
        changes.append(.found(pattern.text, partitions: count))
      }
      for topic in readable {
        for number in topic.partitions.sorted() {
          let partition = FeedPartition(topic: topic.name, partition: number)
          present.insert(partition)
          guard partitions.insert(partition).inserted else { continue }
          // A topic that joins a pattern later, and a partition that joins a topic, are new as well.
          changes.append(.begin(partition, afterMissing: wasMissing || hasListed))
        }
      }
    }
    let gone = partitions.subtracting(present).sorted()
    partitions.subtract(gone)
    hasListed = true
    return gone.map { .end($0) } + changes
  }
}
