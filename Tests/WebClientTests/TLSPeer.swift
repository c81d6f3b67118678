import Foundation
import Glibc

@testable import WebClient

/// A self-signed certificate, made once for the run by the openssl tool; it is its own CA bundle.
struct TLSIdentity: Sendable {
  let certificate: String
  let key: String

  static let tool = ["/usr/bin/openssl", "/usr/local/bin/openssl"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }
  static var isAvailable: Bool { localhost != nil && elsewhere != nil }
  static let reason = "the openssl tool is not installed"

  /// For localhost and 127.0.0.1.
  static let localhost = make("localhost", names: "DNS:localhost,IP:127.0.0.1")
  /// For a name that is not this machine's.
  static let elsewhere = make("elsewhere", names: "DNS:elsewhere.invalid")

  private static let root = FileManager.default.temporaryDirectory.appending(path: "vesper-tls-\(getpid())")

  private static func make(_ name: String, names: String) -> TLSIdentity? {
    guard let tool else { return nil }
    let folder = root.appending(path: name)
    if name == "localhost" {
      // Nothing to report if the folder is gone already.
      atexit { try? FileManager.default.removeItem(at: TLSIdentity.root) }
    }
    let identity = TLSIdentity(
      certificate: folder.appending(path: "cert.pem").path, key: folder.appending(path: "key.pem").path)
    let arguments = [
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
      "-keyout", identity.key, "-out", identity.certificate, "-subj", "/CN=\(name)",
      "-addext", "subjectAltName=\(names)",
    ]
    do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
      return nil
    }
    guard let child = Child(tool, arguments), child.wait() == 0 else { return nil }
    return identity
  }
}

/// A program run without Foundation's `Process`, whose wait can hang when many threads use it.
struct Child: Sendable {
  private let pid: pid_t

  /// - Returns: nil if it does not start. Descriptors other than the standard three are not passed on.
  init?(_ path: String, _ arguments: [String], input: Int32 = -1, output: Int32 = -1) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (target, source) in [(Int32(0), input), (1, output), (2, -1)] {
      if source >= 0 {
        posix_spawn_file_actions_adddup2(&actions, source, target)
      } else {
        posix_spawn_file_actions_addopen(&actions, target, "/dev/null", O_RDWR, 0)
      }
    }
    // Another connection's socket kept open in a child would hide its end from the client.
    for descriptor in 3..<Int32(4096) { posix_spawn_file_actions_addclose(&actions, descriptor) }
    var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
    defer { words.forEach { free($0) } }
    var pid: pid_t = 0
    guard posix_spawn(&pid, path, &actions, nil, &words, environ) == 0 else { return nil }
    self.pid = pid
  }

  /// - Returns: what `waitpid` stores; 0 is success.
  func wait() -> Int32 {
    var status: Int32 = -1
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return status
  }

  /// The thread's signal mask, which the program inherited, may block a gentler signal.
  func kill() {
    Glibc.kill(pid, SIGKILL)
    _ = wait()
  }
}

extension Peer {
  /// The plain side of a TLS session over this connection: `openssl s_server` on a Unix socket does
  /// the TLS, two threads carry the bytes. nil if it does not start.
  func startTLS(_ identity: TLSIdentity) -> Peer? {
    guard let tool = TLSIdentity.tool else { return nil }
    // The tool cannot report its own address if it is longer than 31 bytes, and ends.
    let path = "/tmp/vt-" + String(UInt64.random(in: 0 ... .max), radix: 36)
    var toServer: [Int32] = [-1, -1]
    var fromServer: [Int32] = [-1, -1]
    guard pipe(&toServer) == 0, pipe(&fromServer) == 0 else { return nil }
    let arguments = [
      "s_server", "-quiet", "-naccept", "1", "-unix", path, "-cert", identity.certificate,
      "-key", identity.key,
    ]
    let child = Child(tool, arguments, input: toServer[0], output: fromServer[1])
    Glibc.close(toServer[0])
    Glibc.close(fromServer[1])
    guard let child, let inner = Self.connect(path) else {
      child?.kill()
      Glibc.close(toServer[1])
      Glibc.close(fromServer[0])
      return nil
    }
    let outer = fcntl(socket, F_DUPFD_CLOEXEC, 0)
    Self.carry(outer, inner)
    Self.carry(inner, outer)
    return Peer(input: fromServer[0], output: toServer[1]) {
      child.kill()
      shutdown(outer, Int32(SHUT_RDWR))
      unlink(path)
    }
  }

  private static func connect(_ path: String) -> Int32? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    // The tool needs a moment to listen: a few seconds on a busy machine.
    for _ in 0..<1000 {
      let inner = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
      let failed = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          Glibc.connect(inner, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) != 0
        }
      }
      if !failed { return inner }
      Glibc.close(inner)
      usleep(20_000)
    }
    return nil
  }

  private static func carry(_ from: Int32, _ to: Int32) {
    Thread {
      var chunk = [UInt8](repeating: 0, count: 16 << 10)
      while true {
        let count = Glibc.read(from, &chunk, chunk.count)
        guard count > 0 else { break }
        var rest = chunk[..<count]
        while !rest.isEmpty {
          let sent = rest.withUnsafeBytes {
            Glibc.send(to, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
          }
          guard sent > 0 else { break }
          rest = rest.dropFirst(sent)
        }
      }
      // The other direction ends with this one; both descriptors are left to the end of the run,
      // since each thread still uses the other's.
      shutdown(to, Int32(SHUT_RDWR))
      shutdown(from, Int32(SHUT_RDWR))
    }.start()
  }
}
