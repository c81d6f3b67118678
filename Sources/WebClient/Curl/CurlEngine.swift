import CCurl
import Foundation

/// The one thread that owns a curl multi handle, and the way to hand it work.
///
/// Callers leave commands in a locked mailbox and wake the thread; it alone touches transfers. Every
/// command that the mailbox accepts is answered exactly once, also by a shutdown.
final class CurlEngine: Sendable {
  typealias Outcome = Result<HTTPReply, WebError>

  enum Command: Sendable {
    case start(id: UInt64, HTTPWork, CheckedContinuation<Outcome, Never>)
    case cancel(id: UInt64)
  }

  struct Mailbox {
    enum Phase { case running, closing, ended }
    /// nil from the moment it may be freed: nobody wakes what is gone.
    var multi: UnsafeMutableRawPointer?
    var phase = Phase.running
    var commands: [Command] = []
    var lastID: UInt64 = 0
    var waitingForEnd: [CheckedContinuation<Void, Never>] = []

    /// - Returns: false once closing; the command is then the caller's to answer.
    mutating func post(_ command: Command) -> Bool {
      guard phase == .running, let multi else { return false }
      commands.append(command)
      curl_multi_wakeup(multi)
      return true
    }

    mutating func close() {
      guard phase == .running else { return }
      phase = .closing
      if let multi { curl_multi_wakeup(multi) }
    }
  }

  private let mailbox: Locked<Mailbox>

  /// - Returns: nil when libcurl has no memory or no descriptors.
  init?(maxConnectionsPerHost: Int) {
    guard vesper_global_init() == CURLE_OK, let multi = curl_multi_init() else { return nil }
    vesper_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, maxConnectionsPerHost)
    // Otherwise it keeps four for each running request, and closes the rest as soon as few are left.
    vesper_multi_set_long(multi, CURLMOPT_MAXCONNECTS, max(64, min(maxConnectionsPerHost, 1 << 20)))
    let mailbox = Locked(Mailbox(multi: multi))
    self.mailbox = mailbox
    let thread = Thread { EngineLoop(mailbox)?.run() }
    thread.name = "vesper-web"
    thread.start()
  }

  deinit { mailbox.withLock { $0.close() } }

  private enum TicketState { case created, cancelled, submitted }

  /// Runs one exchange to its end. Cancelling the task ends it, whether it is queued, on its way, or
  /// not yet handed over.
  func perform(_ work: HTTPWork) async -> Outcome {
    let id = mailbox.withLock { box -> UInt64 in
      box.lastID += 1
      return box.lastID
    }
    // Cancellation can come before the work is queued; the ticket decides which was first. Its lock is
    // held while posting, so a cancel command never overtakes its start.
    let ticket = Locked(TicketState.created)
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let refusal = ticket.withLock { state -> WebError? in
          guard state == .created else { return .cancelled(sent: false) }
          state = .submitted
          let accepted = mailbox.withLock { $0.post(.start(id: id, work, continuation)) }
          return accepted ? nil : Self.isShutDown(work.request.url)
        }
        if let refusal { continuation.resume(returning: .failure(refusal)) }
      }
    } onCancel: {
      ticket.withLock { state in
        switch state {
        case .created: state = .cancelled
        case .submitted: _ = mailbox.withLock { $0.post(.cancel(id: id)) }
        case .cancelled: break
        }
      }
    }
  }

  static func isShutDown(_ url: WebURL) -> WebError {
    .notSent(
      WebFailure(cause: .shutdown, target: url.description, detail: "the client was shut down"))
  }

  /// Fails what is pending and returns when the thread and its connections are gone.
  func shutdown() async {
    await withCheckedContinuation { continuation in
      let ended = mailbox.withLock { box in
        box.close()
        if box.phase != .ended { box.waitingForEnd.append(continuation) }
        return box.phase == .ended
      }
      if ended { continuation.resume() }
    }
  }
}

/// The engine's thread: everything in it stays on that thread.
private final class EngineLoop {
  private struct Active {
    let id: UInt64
    let transfer: Transfer
    let continuation: CheckedContinuation<CurlEngine.Outcome, Never>
  }

  private let mailbox: Locked<CurlEngine.Mailbox>
  private let multi: UnsafeMutableRawPointer
  private var active: [UnsafeMutableRawPointer: Active] = [:]
  private var handles: [UInt64: UnsafeMutableRawPointer] = [:]

  init?(_ mailbox: Locked<CurlEngine.Mailbox>) {
    guard let multi = mailbox.withLock({ $0.multi }) else { return nil }
    self.mailbox = mailbox
    self.multi = multi
  }

  func run() {
    // A peer that closed must not end the process; the mask is this thread's, and its look-up
    // threads', alone.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &signals, nil)

    var healthy = true
    while healthy {
      let (commands, running) = mailbox.withLock { box in
        defer { box.commands.removeAll() }
        return (box.commands, box.phase == .running)
      }
      commands.forEach(handle)
      guard running else { break }
      healthy = step()
    }
    end()
  }

  /// One round of work, then sleep until a socket, a deadline or a command.
  /// - Returns: false if libcurl says it cannot go on.
  private func step() -> Bool {
    var running: Int32 = 0
    guard curl_multi_perform(multi, &running) == CURLM_OK else { return false }
    reap()
    let now = Monotonic.now
    for item in active.values where item.transfer.work.deadline <= now {
      finish(item.transfer.easy.raw, CURLE_OK, .deadline)
    }
    let next = active.values.map(\.transfer.work.deadline).min() ?? .max
    let wait = min(max(next - now, 0) / 1_000_000, 60_000)
    // A millisecond more, since rounding down would spin through the last one.
    return curl_multi_poll(multi, nil, 0, Int32(wait) + 1, nil) == CURLM_OK
  }

  private func handle(_ command: CurlEngine.Command) {
    switch command {
    case .start(let id, let work, let continuation): start(id, work, continuation)
    case .cancel(let id):
      if let handle = handles[id] { finish(handle, CURLE_OK, .cancelled) }
    }
  }

  private func start(
    _ id: UInt64, _ work: HTTPWork, _ continuation: CheckedContinuation<CurlEngine.Outcome, Never>
  ) {
    guard work.deadline > Monotonic.now else {
      return continuation.resume(
        returning: .failure(notStarted(work, .deadline, "the total deadline passed")))
    }
    guard let transfer = Transfer(work) else {
      return continuation.resume(returning: .failure(notStarted(work, .other, "no memory")))
    }
    let raw = transfer.easy.raw
    guard transfer.easy.failure == CURLE_OK, curl_multi_add_handle(multi, raw) == CURLM_OK else {
      let code = transfer.easy.failure == CURLE_OK ? CURLE_FAILED_INIT : transfer.easy.failure
      return continuation.resume(returning: transfer.outcome(code))
    }
    active[raw] = Active(id: id, transfer: transfer, continuation: continuation)
    handles[id] = raw
  }

  private func notStarted(_ work: HTTPWork, _ cause: WebFailure.Cause, _ detail: String) -> WebError {
    .notSent(WebFailure(cause: cause, target: work.request.url.description, detail: detail))
  }

  /// Takes the exchanges that libcurl has ended.
  private func reap() {
    var left: Int32 = 0
    while let message = curl_multi_info_read(multi, &left) {
      guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
      // The message is libcurl's memory and goes with the handle: read it first.
      let code = message.pointee.data.result
      finish(handle, code, nil)
    }
  }

  private func finish(
    _ handle: UnsafeMutableRawPointer, _ code: CURLcode, _ interruption: Transfer.Interruption?
  ) {
    guard let item = active.removeValue(forKey: handle) else { return }
    handles[item.id] = nil
    curl_multi_remove_handle(multi, handle)
    item.continuation.resume(returning: item.transfer.outcome(code, interruption))
  }

  /// Order matters: refuse new work, answer the old, free the handle, and only then say it is over.
  private func end() {
    let late = mailbox.withLock { box in
      if box.phase == .running { box.phase = .closing }
      box.multi = nil
      defer { box.commands.removeAll() }
      return box.commands
    }
    for command in late {
      if case .start(_, let work, let continuation) = command {
        continuation.resume(returning: .failure(CurlEngine.isShutDown(work.request.url)))
      }
    }
    for handle in Array(active.keys) { finish(handle, CURLE_OK, .shutdown) }
    curl_multi_cleanup(multi)
    let waiting = mailbox.withLock { box in
      box.phase = .ended
      defer { box.waitingForEnd.removeAll() }
      return box.waitingForEnd
    }
    for continuation in waiting { continuation.resume() }
  }
}
