// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
]

func system(_ name: String, _ pkgConfig: String, apt package: String) -> Target {
  .systemLibrary(
    name: name, path: "Sources/System/\(name)", pkgConfig: pkgConfig, providers: [.apt([package])])
}

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.init(stringLiteral: name), "TestSupport"] + dependencies,
    swiftSettings: settings)
}

let package = Package(
  name: "vesper",
  products: [
    .library(name: "Vesper", targets: ["Planning", "Formats", "Notices", "SkymapFiles", "TelescopeFiles"]),
    .executable(name: "vesper", targets: ["vesper"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // system: module maps over C libraries
    system("CCFITSIO", "cfitsio", apt: "libcfitsio-dev"),
    system("CHealpix", "chealpix", apt: "libchealpix-dev"),
    system("CERFA", "erfa", apt: "liberfa-dev"),
    system("CCurl", "libcurl", apt: "libcurl4-openssl-dev"),
    system("CRdkafka", "rdkafka", apt: "librdkafka-dev"),
    system("CZlib", "zlib", apt: "zlib1g-dev"),
    system("CCrypto", "libcrypto", apt: "libssl-dev"),
    .systemLibrary(name: "CMalloc", path: "Sources/System/CMalloc"),

    // base
    library("Units", []),
    library("JSON", []),

    // core: no I/O, no clock, no environment, no globals
    library("Healpix", ["Units", "CHealpix"]),
    library("Skymaps", ["Units", "Healpix"]),
    library("Observatories", ["Units", "JSON", "Healpix", .product(name: "Yams", package: "Yams")]),
    library("Ephemerides", ["Units", "CERFA"]),
    library("Visibility", ["Units", "Ephemerides", "Observatories"]),
    library("Targeting", ["Units", "Healpix", "Skymaps", "Observatories"]),
    library(
      "Scheduling",
      ["Units", "Healpix", "Skymaps", .product(name: "HeapModule", package: "swift-collections")]),
    .target(
      name: "Photometry", dependencies: ["Units", "Ephemerides", "Observatories", "Skymaps"],
      resources: [.copy("Models")], swiftSettings: settings),
    library("Followups", ["Units", "JSON", "Observatories", "Ephemerides", "Visibility", "Photometry"]),
    library("Galaxies", ["Units", "Healpix", "Skymaps", "Observatories", "Targeting"]),
    library("Notices", ["Units"]),
    library(
      "Planning",
      [
        "Units", "Healpix", "Skymaps", "Observatories", "Ephemerides", "Visibility", "Targeting",
        "Scheduling", "Galaxies", "Photometry", .product(name: "HeapModule", package: "swift-collections"),
      ]),
    library("Formats", ["Units", "JSON", "Healpix", "Skymaps", "Observatories", "Ephemerides", "Planning"]),
    library("Simulation", ["Units", "JSON", "Healpix", "Skymaps", "Formats"]),
    library("Checking", ["Units", "CERFA", "Healpix", "Skymaps", "Observatories"]),

    library("Deliveries", ["Units"]),
    library("Queues", ["Units"]),
    library("Rosters", ["Units", .product(name: "Yams", package: "Yams")]),
    library("Texts", ["Units"]),
    .target(
      name: "Campaigns",
      dependencies: ["Units", "Healpix", "Skymaps", "Notices", .product(name: "Yams", package: "Yams")],
      resources: [.copy("Policies")], swiftSettings: settings),

    // edges: files and the network
    library("SkymapFiles", ["CCFITSIO", "CZlib", "Units", "Skymaps", "Notices"]),
    library("TelescopeFiles", ["Units", "Observatories"]),
    library("GalaxyFiles", ["Units", "Healpix", "Galaxies"]),
    library("WebClient", ["CCurl", "Units"]),
    library("Store", ["Units", "Deliveries", "Queues", .product(name: "GRDB", package: "GRDB.swift")]),
    library(
      "Feeds", ["Units", "CRdkafka", "WebClient", .product(name: "Logging", package: "swift-log")]),
    library("Channels", ["Units", "Deliveries", "WebClient"]),
    library("OpenID", ["Units", "CCrypto", "WebClient"]),
    library("Icare", ["Units", "Deliveries", "WebClient"]),
    .target(
      name: "Dashboard",
      dependencies: [
        "Units", "JSON", "CZlib", .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "Mustache", package: "swift-mustache"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "Logging", package: "swift-log"),
      ],
      resources: [.copy("OpenAPI"), .copy("Pages")], swiftSettings: settings),

    // wiring
    library(
      "Service",
      [
        "Units", "JSON", "Healpix", "Skymaps", "Observatories", "Ephemerides", "Targeting", "Planning",
        "Formats",
        "Notices",
        "Campaigns", "Deliveries", "Queues", "SkymapFiles", "TelescopeFiles", "WebClient", "Store", "Feeds",
        "Channels", "Dashboard", "Icare", "OpenID", "Rosters", "Texts", "Followups", "Photometry",
        "Visibility", "Galaxies", "GalaxyFiles",
        .product(name: "Yams", package: "Yams"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "Logging", package: "swift-log"),
      ]),

    .executableTarget(
      name: "vesper",
      dependencies: [
        "Units", "JSON", "Healpix", "Skymaps", "Observatories", "Ephemerides", "Planning", "Formats",
        "Simulation", "Checking", "SkymapFiles", "TelescopeFiles", "Notices", "Campaigns", "Store", "Service",
        "WebClient", "Icare", "Rosters", "Targeting", "Visibility", "Photometry", "Followups", "Galaxies",
        "GalaxyFiles", "CMalloc",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),

    .executableTarget(
      name: "make-fixtures", dependencies: ["Simulation", "SkymapFiles", "CZlib"],
      path: "Tests/FixtureGenerator",
      swiftSettings: settings),
    .executableTarget(
      name: "vesper-bench",
      dependencies: [
        "CMalloc", "CZlib", "Units", "Healpix", "Skymaps", "SkymapFiles", "Observatories",
        "TelescopeFiles", "Ephemerides", "Visibility", "Targeting", "Planning", "Formats",
      ], path: "Tests/Benchmarks/Harness", swiftSettings: settings),
    .executableTarget(
      name: "vesper-chaos",
      dependencies: ["FarSides", "Units", "WebClient", .product(name: "GRDBSQLite", package: "GRDB.swift")],
      path: "Tests/Chaos", swiftSettings: settings),
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
    tests("Units", ["CERFA"]),
    tests("JSON"),
    tests("Healpix"),
    tests("Skymaps", ["SkymapFiles"]),
    tests("Observatories", ["TelescopeFiles"]),
    tests("Ephemerides"),
    tests("Visibility"),
    tests("Targeting"),
    tests("Scheduling"),
    tests("Photometry", ["SkymapFiles", "TelescopeFiles"]),
    tests("Followups", ["TelescopeFiles"]),
    tests("Galaxies", ["GalaxyFiles"]),
    tests("GalaxyFiles", ["SkymapFiles"]),
    tests("Notices"),
    tests(
      "Planning",
      ["Checking", "Formats", "Galaxies", "GalaxyFiles", "Photometry", "SkymapFiles", "TelescopeFiles"]),
    tests("Formats"),
    tests("Simulation"),
    tests("Checking"),
    tests("SkymapFiles"),
    tests("WebClient"),
    .executableTarget(
      name: "mock-broker", dependencies: ["CRdkafka"], path: "Tests/MockBroker", swiftSettings: settings),
    .target(name: "FarSides", dependencies: ["CCrypto"], path: "Tests/FarSides", swiftSettings: settings),
    tests("Deliveries"),
    tests("Queues"),
    tests("Rosters"),
    tests("Texts"),
    tests(
      "Service",
      [
        "Store", "Deliveries", "Campaigns", "TelescopeFiles", "Icare", "FakeIcare", "Rosters", "WebClient",
        "vesper", "FarSides", "mock-broker", "OpenID", "Queues", "Channels", "Dashboard", "Formats",
        "Loopback",
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(name: "CommandTests", dependencies: ["vesper", "TestSupport"], swiftSettings: settings),
    tests("Campaigns", ["SkymapFiles"]),
    tests("Store", ["Queues"]),
    tests("Feeds", ["WebClient", "mock-broker", .product(name: "Logging", package: "swift-log")]),
    tests("Channels", ["FarSides"]),
    tests("OpenID", ["CCrypto", "FarSides", "WebClient"]),
    .target(
      name: "Loopback",
      dependencies: [
        "Dashboard", "WebClient", .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "Logging", package: "swift-log"),
      ], path: "Tests/Loopback", swiftSettings: settings),
    .target(
      name: "FakeIcare", dependencies: ["Icare", "Units"], path: "Tests/FakeIcare", swiftSettings: settings),
    tests("Icare", ["FakeIcare", "Deliveries", "WebClient"]),
    tests("Dashboard", ["CZlib", "Loopback", "WebClient", .product(name: "Yams", package: "Yams")]),
  ]
)
