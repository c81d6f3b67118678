import Deliveries
import Units

/// A set of plan files for the shared folder; made when it is decided.
///
/// Kinds: `plan` (the plan to observe by), `stop` (the same files saying STOP). The folder tree is the old
/// one, so that people find their way:
///
/// ```
/// Candidates/<category>/<event>/GWEMOPT/r003p01-UPDATE-2-3f9a1c02/TILING/TAROT_TCA~….txt
///                                                               /GALAXYTARGETING/…, ALL.txt, SHA256SUMS
///                                      /current -> r003p01-UPDATE-2-3f9a1c02
///                                      /current.txt   (the same for those who see no links)
///                              /IMAGES /KNC_IMAGES /LOGBOOK /VOEVENTS
/// ```
public struct FileDropPayload: Hashable, Sendable, Codable {
  public static let plan = "plan"
  public static let stop = "stop"

  public struct File: Hashable, Sendable, Codable {
    /// `TILING`, `GALAXYTARGETING`, or empty for the folder of the plan itself.
    public let folder: String
    /// A telescope's name, any text; it becomes a safe file name.
    public let name: String
    /// `txt`, `csv`, `json`, ...
    public let type: String
    public let text: String

    public init(folder: String, name: String, type: String = "txt", text: String) {
      self.folder = folder
      self.name = name
      self.type = type
      self.text = text
    }

    /// Relative to the plan's folder.
    var path: String {
      (folder.isEmpty ? "" : SafeName.encode(folder) + "/") + SafeName.encode(name) + "." + type
    }
  }

  /// `GW`, `GRB`, ...
  public let category: String
  public let event: String
  /// Of the event.
  public let revision: Int
  /// Counts the plans of a revision.
  public let plan: Int
  /// Of the notice, such as `UPDATE-2`.
  public let label: String
  /// Why it ends, for `stop`; otherwise nil.
  public let reason: String?
  public let files: [File]

  private static let maxFiles = 1000
  private static let maxBytes = 64 << 20

  /// - Throws: `.payload` for two files of one name or sizes beyond reason.
  public init(
    category: String, event: String, revision: Int, plan: Int, label: String, reason: String? = nil,
    files: [File]
  ) throws(ChannelError) {
    self.category = category
    self.event = event
    self.revision = revision
    self.plan = plan
    self.label = label
    self.reason = reason
    self.files = files
    if let fault { throw .payload(fault) }
  }

  public func encoded() throws(ChannelError) -> [UInt8] { try PayloadJSON.encode(self) }

  private var fault: String? {
    guard !event.isEmpty, !category.isEmpty else { return "no event or category" }
    guard (0...999_999).contains(revision), (0...9999).contains(plan) else {
      return "revision or plan number"
    }
    guard (1...Self.maxFiles).contains(files.count) else {
      return "\(files.count) files, 1 to \(Self.maxFiles) are allowed"
    }
    let size = files.reduce(0) { $0 + $1.text.utf8.count }
    guard size <= Self.maxBytes else { return "\(size) bytes of files, \(Self.maxBytes) are allowed" }
    let types = files.map(\.type)
    guard
      types.allSatisfy({ (1...8).contains($0.utf8.count) && $0.utf8.allSatisfy { (97...122).contains($0) } })
    else { return "a file type that is not a few small letters" }
    let paths = Set(files.map { $0.path.lowercased() })
    return paths.count == files.count ? nil : "two files of one name"
  }

  init(of delivery: Delivery) throws(ChannelError) {
    guard [Self.plan, Self.stop].contains(delivery.kind) else {
      throw .payload("the folder knows no kind \"\(PlainText.oneLine(delivery.kind).prefix(40))\"")
    }
    self = try PayloadJSON.decode(FileDropPayload.self, from: delivery.payload)
    if let fault { throw .payload(fault) }
  }
}

/// Where a plan lies and what is in its folder: pure, so that it can be tested without a disk.
struct DropLayout: Sendable {
  let payload: FileDropPayload
  let digest: String
  let isStop: Bool

  init(_ payload: FileDropPayload, of delivery: Delivery) {
    self.payload = payload
    digest = delivery.digest
    isStop = delivery.kind == FileDropPayload.stop
  }

  /// Beneath the root.
  var eventPath: [String] {
    ["Candidates", SafeName.encode(payload.category), SafeName.encode(payload.event)]
  }
  static let plans = "GWEMOPT"
  static let siblings = ["IMAGES", "KNC_IMAGES", "LOGBOOK", "VOEVENTS"]
  static let current = "current"
  static let pointer = "current.txt"
  static let stopMark = "STOP.txt"
  static let supersededMark = "SUPERSEDED.txt"
  static let sums = "SHA256SUMS"

  /// Sorts by revision and plan when names are sorted.
  var folder: String {
    let label = SafeName.encode(payload.label.uppercased())
    return "\(order.name)-\(isStop ? "STOP" : label)-\(digest.prefix(8))"
  }

  var order: Order { Order(revision: payload.revision, plan: payload.plan, isStop: isStop) }

  /// Which of two plans is the newer; a STOP comes after the plan it ends.
  struct Order: Comparable {
    let revision: Int
    let plan: Int
    let isStop: Bool

    init(revision: Int, plan: Int, isStop: Bool) {
      self.revision = revision
      self.plan = plan
      self.isStop = isStop
    }

    /// Out of a folder's name; nil for folders that are not ours.
    init?(folder: String) {
      let parts = folder.split(separator: "-", omittingEmptySubsequences: false)
      guard parts.count >= 3, parts[0].first == "r" else { return nil }
      let numbers = parts[0].dropFirst().split(separator: "p", omittingEmptySubsequences: false)
      guard numbers.count == 2, numbers.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }),
        let revision = Int(numbers[0]), let plan = Int(numbers[1]), parts.last?.utf8.count == 8
      else { return nil }
      self.init(revision: revision, plan: plan, isStop: parts[1] == "STOP" && parts.count == 3)
    }

    var name: String {
      func pad(_ n: Int, _ width: Int) -> String {
        let text = String(n)
        return String(repeating: "0", count: max(0, width - text.count)) + text
      }
      return "r\(pad(revision, 3))p\(pad(plan, 2))"
    }

    static func < (a: Self, b: Self) -> Bool {
      (a.revision, a.plan, a.isStop ? 1 : 0) < (b.revision, b.plan, b.isStop ? 1 : 0)
    }
  }

  /// Every file of the folder by its path in it, the list of digests last.
  var files: [(path: String, text: String)] {
    var all = payload.files.map { (path: $0.path, text: $0.text) }
    let plans = payload.files.filter { $0.type == "txt" }
    // One after the other, never one over the other.
    all.append(("ALL.txt", plans.map { Self.ended($0.text) }.joined(separator: "\n")))
    if isStop { all.append((Self.stopMark, stopText)) }
    let sums = all.map { "\(SHA256.hexDigest(of: $0.text))  \($0.path)\n" }.sorted().joined()
    return all + [(Self.sums, sums)]
  }

  var stopText: String {
    let reason = payload.reason.map { ": \(PlainText.oneLine($0))" } ?? ""
    return "STOP \(PlainText.oneLine(payload.event))\(reason)\nDo not observe by the plans in this folder.\n"
  }

  var supersededText: String { "Not current any more: see ../\(folder)\n" }

  private static func ended(_ text: String) -> String { text.hasSuffix("\n") ? text : text + "\n" }
}
