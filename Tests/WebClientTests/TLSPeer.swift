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

  private static func make(_ name: String, names: String) -> TLSIdentity? {
    guard let tool else { return nil }
    let folder = FileManager.default.temporaryDirectory.appending(path: "vesper-tls-\(getpid())-\(name)")
    let identity = TLSIdentity(
      certificate: folder.appending(path: "cert.pem").path, key: folder.appending(path: "key.pem").path)
    let process = Process()
    process.executableURL = URL(filePath: tool)
    process.arguments = [
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
      "-keyout", identity.key, "-out", identity.certificate, "-subj", "/CN=\(name)",
      "-addext", "subjectAltName=\(names)",
    ]
    process.standardError = FileHandle.nullDevice
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try process.run()
    } catch { return nil }
    process.waitUntilExit()
    return process.terminationStatus == 0 ? identity : nil
  }
}

extension Peer {
  /// The plain side of a TLS session over this connection: `openssl s_server` on a Unix socket does
  /// the TLS, two threads carry the bytes. nil if it does not start.
  func startTLS(_ identity: TLSIdentity) -> Peer? {
    guard let tool = TLSIdentity.tool else { return nil }
    let path = "/tmp/vesper-tls-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    let (toServer, fromServer) = (Pipe(), Pipe())
    let process = Process()
    process.executableURL = URL(filePath: tool)
    process.arguments = [
      "s_server", "-quiet", "-naccept", "1", "-unix", path, "-cert", identity.certificate,
      "-key", identity.key,
    ]
    process.standardInput = toServer
    process.standardOutput = fromServer
    process.standardError = FileHandle.nullDevice
    do { try process.run() } catch { return nil }
    guard let inner = Self.connect(path) else {
      kill(process.processIdentifier, SIGKILL)
      return nil
    }
    let outer = fcntl(socket, F_DUPFD_CLOEXEC, 0)
    Self.carry(outer, inner)
    Self.carry(inner, outer)
    return Peer(
      input: fcntl(fromServer.fileHandleForReading.fileDescriptor, F_DUPFD_CLOEXEC, 0),
      output: fcntl(toServer.fileHandleForWriting.fileDescriptor, F_DUPFD_CLOEXEC, 0)
    ) {
      // The thread's signal mask, which the tool inherited, may block a gentler one.
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
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
