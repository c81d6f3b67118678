import Foundation

/// Which addresses a client may connect to.
public enum AddressPolicy: Hashable, Sendable {
  case any
  /// No loopback, private, link-local, documentation or multicast address. The address is checked as
  /// the socket is opened, after every name look-up and redirect, so a name cannot change in between.
  case publicOnly
}

/// An IP address by its bytes.
enum PeerAddress: Hashable {
  case v4([UInt8])
  case v6([UInt8])

  /// - Returns: nil if the family is neither IPv4 nor IPv6 or the structure too short.
  init?(_ address: UnsafeRawPointer, family: Int32, length: Int) {
    switch family {
    case AF_INET where length >= MemoryLayout<sockaddr_in>.size:
      var field = address.loadUnaligned(as: sockaddr_in.self).sin_addr
      self = .v4(withUnsafeBytes(of: &field) { Array($0) })
    case AF_INET6 where length >= MemoryLayout<sockaddr_in6>.size:
      var field = address.loadUnaligned(as: sockaddr_in6.self).sin6_addr
      self = .v6(withUnsafeBytes(of: &field) { Array($0) })
    default: return nil
    }
  }

  /// Globally reachable by the IANA special-purpose address registries (RFC 6890 and its updates).
  var isPublic: Bool {
    switch self {
    case .v4(let b): Self.isPublic(v4: b)
    case .v6(let b):
      if b.starts(with: [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0]) {
        Self.isPublic(v4: Array(b[12...]))  // NAT64 of an IPv4 address, RFC 6052
      } else {
        Self.isGlobalUnicast(v6: b)
      }
    }
  }

  private static func isPublic(v4 b: [UInt8]) -> Bool {
    switch (b[0], b[1], b[2]) {
    case (0, _, _), (10, _, _), (127, _, _), (224..., _, _): false
    case (100, 64...127, _), (169, 254, _), (172, 16...31, _), (192, 168, _): false
    case (192, 0, 0), (192, 0, 2), (192, 88, 99), (198, 51, 100), (203, 0, 113): false
    case (198, 18...19, _): false
    default: true
    }
  }

  /// 2000::/3 without 2001::/23 (protocol assignments, Teredo), 2001:db8::/32 and 3fff::/20
  /// (documentation) and 2002::/16 (6to4, which can name a private IPv4 address).
  private static func isGlobalUnicast(v6 b: [UInt8]) -> Bool {
    guard b[0] & 0xe0 == 0x20 else { return false }
    switch (b[0], b[1], b[2], b[3]) {
    case (0x20, 0x01, 0...1, _), (0x20, 0x01, 0x0d, 0xb8), (0x20, 0x02, _, _): return false
    case (0x3f, 0xff, 0...0x0f, _): return false
    default: return true
    }
  }
}
