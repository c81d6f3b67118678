import Foundation

/// What went wrong on the disk.
struct DropError: Error, Hashable {
  let operation: String
  let path: String
  let code: Int32

  init(_ operation: String, _ path: String, _ code: Int32 = errno) {
    self.operation = operation
    self.path = path
    self.code = code
  }

  var text: String { "\(path): cannot \(operation): \(String(cString: strerror(code)))" }
}

/// Writes one plan into the shared folder so that a reader sees the old one or the new one, whole, at any
/// moment and after any crash:
///
/// 1. all files into a hidden folder, each synced; 2. that folder renamed to its final name, and its parent
/// synced; 3. `current` switched by renaming a link over it, then `current.txt` likewise; 4. older plans
/// marked. Every step may be repeated.
struct DropFolder: Sendable {
  let root: String
  let layout: DropLayout
  /// Called before each step that changes something; tests end the work there.
  var beforeStep: @Sendable (String) throws -> Void = { _ in }

  private var event: String { ([root] + layout.eventPath).joined(separator: "/") }
  var plans: String { "\(event)/\(DropLayout.plans)" }
  var target: String { "\(plans)/\(layout.folder)" }

  /// - Returns: the name of what is current afterwards: ours, or a newer one.
  func write() throws -> String {
    guard Self.isFolder(root) else { throw DropError("find", root, ENOENT) }
    try makeFolders()
    try clearLeftOvers()
    if !isWhole() { try writeFolder() }
    try switchCurrent()
    try markOlder()
    return try currentName() ?? layout.folder
  }

  private func makeFolders() throws {
    var path = root
    for name in layout.eventPath + [DropLayout.plans] {
      path += "/" + name
      try makeFolder(path)
    }
    for name in DropLayout.siblings { try makeFolder("\(event)/\(name)") }
  }

  /// Half-written folders of a life that ended. One plan is written at a time, so nobody waits for them.
  private func clearLeftOvers() throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: plans).sorted() {
      guard name.hasPrefix("."), name.hasSuffix(".part"), name != ".\(layout.folder).part",
        DropLayout.Order(folder: String(name.dropFirst().dropLast(5))) != nil
      else { continue }
      try beforeStep("clear")
      try Self.remove("\(plans)/\(name)")
    }
  }

  private func makeFolder(_ path: String) throws {
    if Self.isFolder(path) { return }
    try beforeStep("mkdir")
    guard mkdir(path, 0o775) == 0 || errno == EEXIST else { throw DropError("create", path) }
    // A link planted here would lead the files elsewhere.
    guard Self.isFolder(path) else { throw DropError("use as a folder", path, ENOTDIR) }
  }

  /// A folder itself, not a link to one; the root may be a link, which the caller chose.
  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return lstat(path + (path.hasSuffix("/") ? "." : ""), &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether the final folder holds every file with its bytes.
  func isWhole() -> Bool {
    layout.files.allSatisfy { file in
      FileManager.default.contents(atPath: "\(target)/\(file.path)").map {
        Array($0) == Array(file.text.utf8)
      } ?? false
    }
  }

  /// Whether a repetition would change nothing.
  func isFinished() -> Bool {
    guard isWhole(), let current = try? currentName(), let order = DropLayout.Order(folder: current),
      order >= layout.order, pointerName() == current,
      !FileManager.default.fileExists(atPath: "\(plans)/\(Self.pointerPart)")
    else { return false }
    if current != layout.folder { return isMarked(layout.folder) }
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: plans) else { return false }
    return names.allSatisfy { name in
      guard let order = DropLayout.Order(folder: name), order < layout.order else { return true }
      return layout.isStop
        ? FileManager.default.fileExists(atPath: "\(plans)/\(name)/\(DropLayout.stopMark)") : isMarked(name)
    }
  }

  private func isMarked(_ folder: String) -> Bool {
    [DropLayout.supersededMark, DropLayout.stopMark].contains {
      FileManager.default.fileExists(atPath: "\(plans)/\(folder)/\($0)")
    }
  }

  private static let pointerPart = ".current.txt.part"

  private func writeFolder() throws {
    let part = "\(plans)/.\(layout.folder).part"
    try beforeStep("clear")
    try Self.remove(part)
    try makeFolder(part)
    for file in layout.files {
      let pieces = file.path.split(separator: "/").map(String.init)
      if pieces.count == 2 { try makeFolder("\(part)/\(pieces[0])") }
      try beforeStep("file")
      try Self.writeFile("\(part)/\(file.path)", file.text, exclusive: true)
    }
    for folder in Set(layout.files.map { $0.path.split(separator: "/").dropLast().joined() })
    where !folder.isEmpty {
      try Self.sync("\(part)/\(folder)")
    }
    try Self.sync(part)
    if Self.isFolder(target) {
      // Somebody changed a file of it: what we promised is put back.
      try beforeStep("set aside")
      let aside = "\(plans)/.\(layout.folder).changed"
      try Self.remove(aside)
      guard rename(target, aside) == 0 else { throw DropError("rename", target) }
    }
    try beforeStep("rename folder")
    guard rename(part, target) == 0 else { throw DropError("rename", part) }
    try Self.sync(plans)
    try Self.remove("\(plans)/.\(layout.folder).changed")
  }

  /// By the link where there are links, else by the pointer.
  func currentName() throws -> String? {
    let link = "\(plans)/\(DropLayout.current)"
    var buffer = [CChar](repeating: 0, count: 1024)
    let count = readlink(link, &buffer, buffer.count - 1)
    if count > 0 {
      let name = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
      return name.contains("/") ? nil : name
    }
    return pointerName()
  }

  private func pointerName() -> String? {
    let data = FileManager.default.contents(atPath: "\(plans)/\(DropLayout.pointer)")
    return data.flatMap { String(decoding: $0, as: UTF8.self).split(separator: "\n").first.map(String.init) }
  }

  /// A late older plan never takes the place of a newer one.
  private func isNewest() throws -> Bool {
    guard let name = try currentName(), let there = DropLayout.Order(folder: name) else { return true }
    return there <= layout.order || !Self.isFolder("\(plans)/\(name)")
  }

  private func switchCurrent() throws {
    guard try isNewest() else { return }
    let link = "\(plans)/\(DropLayout.current)"
    let part = "\(plans)/.current.part"
    if try linkName() != layout.folder {
      try Self.remove(part)
      try beforeStep("link")
      if symlink(layout.folder, part) == 0 {
        try beforeStep("switch link")
        guard rename(part, link) == 0 else { throw DropError("switch", link) }
        try Self.sync(plans)
      } else if ![EPERM, ENOTSUP, ENOSYS, EOPNOTSUPP].contains(errno) {
        throw DropError("link", part)
      }
    }
    if pointerName() != layout.folder {
      let pointerPart = "\(plans)/\(Self.pointerPart)"
      try beforeStep("pointer")
      try Self.writeFile(pointerPart, layout.folder + "\n", exclusive: false)
      try beforeStep("switch pointer")
      guard rename(pointerPart, "\(plans)/\(DropLayout.pointer)") == 0 else {
        throw DropError("switch", pointerPart)
      }
      try Self.sync(plans)
    }
  }

  private func linkName() throws -> String? {
    var status = stat()
    let link = "\(plans)/\(DropLayout.current)"
    guard lstat(link, &status) == 0 else { return nil }
    guard status.st_mode & S_IFMT == S_IFLNK else { throw DropError("replace what is no link", link, EEXIST) }
    return try currentName()
  }

  /// Plans before this one say so; after a STOP they say STOP.
  private func markOlder() throws {
    guard try isNewest() else {
      let current = try currentName() ?? ""
      try mark(layout.folder, DropLayout.supersededMark, "Not current any more: see ../\(current)\n")
      return
    }
    for name in try FileManager.default.contentsOfDirectory(atPath: plans).sorted() {
      guard let order = DropLayout.Order(folder: name), order < layout.order, name != layout.folder else {
        continue
      }
      let isStop = layout.isStop
      let text = isStop ? layout.stopText : layout.supersededText
      try mark(name, isStop ? DropLayout.stopMark : DropLayout.supersededMark, text)
    }
  }

  private func mark(_ folder: String, _ name: String, _ text: String) throws {
    let path = "\(plans)/\(folder)/\(name)"
    guard access(path, F_OK) != 0 else { return }
    try beforeStep("mark")
    try Self.writeFile("\(plans)/\(folder)/.\(name).part", text, exclusive: false)
    guard rename("\(plans)/\(folder)/.\(name).part", path) == 0 else { throw DropError("mark", path) }
  }
}

extension DropFolder {
  static func writeFile(_ path: String, _ text: String, exclusive: Bool) throws {
    let flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (exclusive ? O_EXCL : O_TRUNC)
    let descriptor = open(path, flags, 0o664)
    guard descriptor >= 0 else { throw DropError("create", path) }
    defer { close(descriptor) }
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw DropError("write", path) }
      rest = rest.dropFirst(count)
    }
    guard fsync(descriptor) == 0 else { throw DropError("sync", path) }
  }

  /// The names in a folder are on the disk only after this. Some network file systems cannot.
  static func sync(_ folder: String) throws {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw DropError("open", folder) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else {
      throw DropError("sync", folder)
    }
  }

  /// Removes a link, file or whole folder of ours that an earlier attempt left.
  static func remove(_ path: String) throws {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    do { try FileManager.default.removeItem(atPath: path) } catch { throw DropError("remove", path, EIO) }
  }
}
