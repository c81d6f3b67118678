import Foundation
import Glibc

/// A process of ours: started, paused, killed, waited for.
final class ChildProcess: Sendable {
  let pid: pid_t
  let startedAt = steadySeconds()
  private let state = Locked<(end: Int32?, peakKilobytes: Int)>((nil, 0))

  /// - Parameters:
  ///   - environment: added to our own.
  ///   - output: appended to by its standard output and error.
  init(_ path: String, _ arguments: [String], environment: [String: String], output: String) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    // What this program ignores is not to be ignored by its children.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    let all = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    var argv = ([path] + arguments).map { strdup($0) } + [nil]
    var envp = all.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in argv + envp { free(text) } }
    var pid = pid_t()
    let code = posix_spawn(&pid, path, &actions, &attributes, &argv, &envp)
    guard code == 0 else { throw ChaosError("\(path) cannot be started: \(String(cString: strerror(code)))") }
    self.pid = pid
  }

  /// Nil while it runs; as `waitpid` tells it.
  var end: Int32? {
    state { state in
      if state.end == nil {
        var status: Int32 = 0
        if waitpid(pid, &status, WNOHANG) == pid { state.end = status }
      }
      return state.end
    }
  }

  func send(_ signal: Int32) { if end == nil { kill(pid, signal) } }

  /// Ends it as a power cut would, and returns when it is gone.
  func killNow() async {
    notePeak()
    send(SIGKILL)
    while end == nil { await pause(0.002) }
  }

  /// Peak resident memory so far, in kB.
  var peakKilobytes: Int { state { $0.peakKilobytes } }

  func notePeak() {
    guard let text = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else { return }
    state { $0.peakKilobytes = max($0.peakKilobytes, kilobytes) }
  }
}
