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
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
  ],
  targets: [
    // system: module maps over C libraries
    system("CCFITSIO", "cfitsio", apt: "libcfitsio-dev"),
    system("CHealpix", "chealpix", apt: "libchealpix-dev"),
    system("CERFA", "erfa", apt: "liberfa-dev"),
    system("CCurl", "libcurl", apt: "libcurl4-openssl-dev"),
    system("CZlib", "zlib", apt: "zlib1g-dev"),

    // base
    library("Units", []),

    // core: no I/O, no clock, no environment, no globals
    library("Healpix", ["Units", "CHealpix"]),
    library("Skymaps", ["Units", "Healpix"]),
    library("Observatories", ["Units", "Healpix", .product(name: "Yams", package: "Yams")]),
    library("Ephemerides", ["Units", "CERFA"]),
    library("Visibility", ["Units", "Ephemerides", "Observatories"]),
    library("Targeting", ["Units", "Healpix", "Skymaps", "Observatories"]),
    library(
      "Scheduling",
      ["Units", "Healpix", "Skymaps", .product(name: "HeapModule", package: "swift-collections")]),
    library("Notices", ["Units"]),
    library(
      "Planning",
      ["Units", "Skymaps", "Observatories", "Visibility", "Targeting", "Scheduling"]),
    library("Formats", ["Units", "Healpix", "Skymaps", "Observatories", "Planning"]),
    library("Checking", ["Units", "CERFA", "Skymaps", "Observatories"]),

    .target(
      name: "Campaigns",
      dependencies: ["Units", "Skymaps", "Notices", "Observatories", .product(name: "Yams", package: "Yams")],
      resources: [.copy("Policies")], swiftSettings: settings),

    // edges: files and the network
    library("SkymapFiles", ["CCFITSIO", "CZlib", "Units", "Skymaps", "Notices"]),
    library("TelescopeFiles", ["Units", "Observatories"]),
    library("WebClient", ["CCurl", "Units"]),

    .executableTarget(
      name: "vesper",
      dependencies: [
        "Units", "Healpix", "Skymaps", "Observatories", "Ephemerides", "Planning", "Formats", "Checking",
        "SkymapFiles", "TelescopeFiles", "Notices",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),

    // tests mirror targets
    .executableTarget(name: "make-fixtures", dependencies: ["SkymapFiles", "CZlib"], path: "Tests/FixtureGenerator", swiftSettings: settings),
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
    tests("Units", ["CERFA"]),
    tests("Healpix"),
    tests("Skymaps", ["SkymapFiles"]),
    tests("Observatories", ["TelescopeFiles"]),
    tests("Ephemerides"),
    tests("Visibility"),
    tests("Targeting"),
    tests("Scheduling"),
    tests("Notices"),
    tests("Campaigns"),
    tests("Planning"),
    tests("Formats"),
    tests("Checking"),
    tests("SkymapFiles"),
    tests("WebClient"),
  ]
)
