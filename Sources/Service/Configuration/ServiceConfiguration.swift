import Campaigns
import Foundation
import Units
import Yams

/// Everything that can be set, as one YAML file says it. What is left out has the value written here.
public struct ServiceConfiguration: Codable, Hashable, Sendable {
  /// Where the service keeps what must survive: `vesper.sqlite`, `spool/`, `plans/`.
  public var state = "vesper-state"
  /// Folder of telescope files.
  public var telescopes = "telescopes"
  /// Name of the policy; a file of `policies` wins over one that is shipped.
  public var policy = "grandma"
  /// Folder of the user's own policies.
  public var policies: String?
  public var http = HTTP()
  public var spool = true
  public var maps = Maps()
  public var kafka: Kafka?
  public var files = Files()
  public var slack: Slack?
  public var mail: Mail?
  public var webhooks: [Webhook] = []
  public var icare: Icare?
  public var links: Links?
  public var treasureMap: TreasureMap?
  /// Folders of telescopes by slug.
  public var drops: [String: Drop] = [:]
  /// Mail addresses of teams by slug, several with commas between.
  public var teams: [String: String] = [:]
  public var oidc: OpenIDConnect?
  /// Roles that may decide in place of the policy.
  public var roles = Decision.overridingRoles
  /// Roster file: messages name who is on duty.
  public var roster: String?
  /// Galaxy catalogue: narrow fields go to galaxies where the map is small enough.
  public var galaxies: String?

  public struct HTTP: Codable, Hashable, Sendable {
    public var host = "127.0.0.1"
    public var port = 8080
    /// Whether reading needs no token.
    public var openReading = true
    enum CodingKeys: String, CodingKey { case host, port, openReading = "open_reading" }
  }

  /// The client id and secret come from `VESPER_GCN_CLIENT_ID` and `VESPER_GCN_CLIENT_SECRET`, or from the
  /// files that `VESPER_GCN_CLIENT_ID_FILE` and `VESPER_GCN_CLIENT_SECRET_FILE` name.
  public struct Kafka: Codable, Hashable, Sendable {
    public var brokers: [String] = []
    /// Names and patterns; empty is the standard list of GCN.
    public var topics: [String] = []
    public var group = "vesper"
    public var tokenEndpoint: String?
    /// `plaintext` is for a broker on this machine only.
    public var security = "oauth"
    public var heartbeat: String? = "gcn.heartbeat"
    enum CodingKeys: String, CodingKey {
      case brokers, topics, group, tokenEndpoint = "token_endpoint", security, heartbeat
    }
  }

  /// Maps that notices name by address instead of carrying them.
  public struct Maps: Codable, Hashable, Sendable {
    /// Without it plans stay on the regions that notices state.
    public var fetch = true
    /// The largest map taken, in MiB.
    public var largestMB = 64
    /// Also plain http and private addresses: for a mirror on this network.
    public var isLax = false
    enum CodingKeys: String, CodingKey { case fetch, largestMB = "largest_mb", isLax = "private_addresses" }

    var fetching: MapFetching? {
      guard fetch else { return nil }
      var made = MapFetching()
      made.largest = largestMB << 20
      made.isLax = isLax
      return made
    }
  }

  public struct Files: Codable, Hashable, Sendable {
    public var enabled = true
    /// Root of the shared folder; default `plans` in the state folder.
    public var root: String?
    public var mocks = true
  }

  public struct Slack: Codable, Hashable, Sendable {
    public var conversation: String
    /// `env:NAME` or `file:PATH`.
    public var token: String
    public var base: String?
    public var callsEverybody = false
    public var mocks = false
    /// `env:NAME` or `file:PATH` of the app's signing secret; without it no button works.
    public var signingSecret: String?
    enum CodingKeys: String, CodingKey {
      case conversation, token, base, callsEverybody = "calls_everybody", mocks
      case signingSecret = "signing_secret"
    }
  }

  public struct Mail: Codable, Hashable, Sendable {
    public var host: String
    public var port: Int
    /// `tls`, `starttls` or `none` (this machine only).
    public var security = "starttls"
    public var user: String?
    /// `env:NAME` or `file:PATH`.
    public var password: String?
    public var sender: String
    public var to: [String]
    public var mocks = false
  }

  public struct Webhook: Codable, Hashable, Sendable {
    public var name: String
    public var address: String
    /// `env:NAME` or `file:PATH`.
    public var secret: String
    public var readBack: String?
    public var mocks = false
    enum CodingKeys: String, CodingKey { case name, address, secret, readBack = "read_back", mocks }
  }

  public struct Icare: Codable, Hashable, Sendable {
    public var address: String
    /// `env:NAME` or `file:PATH`.
    public var token: String
    public var group: String
    /// Instrument names in ICARE by telescope slug.
    public var instruments: [String: String] = [:]
    /// ICARE's bandpasses by our filter names, where `IcareBandpass` does not fit.
    public var filters: [String: String] = [:]
    /// ICARE's interface to the telescope (`GENERICAPI`, `TAROTAPI`, `TRTAPI:SRO`, `SLACKAPI`, `COLIBRIAPI`)
    /// by slug: these get a follow-up request instead of a plan where one tile holds the source.
    public var requests: [String: String] = [:]
    /// What becomes of better positions and times: `propose` or `apply`.
    public var crossMatch = "propose"
    /// How long ICARE's own ingestion of an event is waited for, in seconds.
    public var createAfterSeconds = 900
    /// Telescopes, by slug, whose plans ICARE hands on to the telescope's queue.
    public var send: [String] = []
    /// Whether trigger decisions are set, by allocation; the token's user must be a user of each.
    public var triggers = false
    /// A staging server may take mock events.
    public var mocks = false
    /// For a staging server on this network; the token then goes in the open.
    public var plainHTTP = false
    enum CodingKeys: String, CodingKey {
      case address, token, group, instruments, filters, requests, mocks, send, triggers
      case crossMatch = "cross_match"
      case createAfterSeconds = "create_after_s"
      case plainHTTP = "plain_http"
    }
  }

  /// Links by which teams answer without a login.
  public struct Links: Codable, Hashable, Sendable {
    /// `env:NAME` or `file:PATH`, 32 characters or more.
    public var secret: String
    /// Where people reach the service, such as `https://vesper.example`.
    public var base: String?
  }

  public struct TreasureMap: Codable, Hashable, Sendable {
    /// `env:NAME` or `file:PATH`.
    public var token: String
    /// With the version of its interface.
    public var base: String?
    /// Instrument numbers there by telescope slug.
    public var instruments: [String: Int] = [:]
    /// A server of your own may take mock events.
    public var mocks = false
  }

  /// A folder that a telescope's own software watches, on a disk that this machine mounts.
  public struct Drop: Codable, Hashable, Sendable {
    public var folder: String
    /// `plain`, `acp`, `nina`, `rts2`, `json`, `csv`.
    public var format = "plain"
    public var mocks = false
  }

  /// Sign-in of people by a provider of OpenID Connect.
  public struct OpenIDConnect: Codable, Hashable, Sendable {
    public var issuer: String
    public var clientID: String
    /// `env:NAME` or `file:PATH`; none for a public client.
    public var clientSecret: String?
    /// Where browsers reach this service, such as `https://vesper.example`; `links.base` if left out.
    public var base: String?
    /// The claim that names groups.
    public var claim = "groups"
    /// Scopes, apart by blanks, by group; `*` is everybody.
    public var roles: [String: String] = [:]
    enum CodingKeys: String, CodingKey {
      case issuer, clientID = "client_id", clientSecret = "client_secret", base, claim, roles
    }
  }

  public init() {}

  enum CodingKeys: String, CodingKey {
    case oidc
    case state, telescopes, policy, policies, http, spool, maps, kafka, files, slack, mail, webhooks, icare,
      links
    case treasureMap = "treasure_map", roles, roster, teams, drops, galaxies
  }
}

/// What is wrong with a configuration, in words that say where and what to do.
public struct ConfigurationError: Error, Hashable, CustomStringConvertible {
  public let description: String
  init(_ text: String) { description = text }
}
