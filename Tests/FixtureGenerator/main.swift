// Writes the sky maps and notices under Fixtures/: mock events of 2026, each followed by a dark night.
// Usage: swift run make-fixtures [Fixtures folder]
import CZlib
import Foundation
import Simulation
import SkymapFiles
import Skymaps
import Units

/// gzip with an empty time stamp, so that equal maps give equal files.
func gzipped(_ bytes: [UInt8]) -> [UInt8] {
  var stream = z_stream()
  guard
    deflateInit2_(
      &stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)
    ) == Z_OK
  else { fatalError("zlib cannot start") }
  defer { deflateEnd(&stream) }
  var input = bytes
  var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))))
  let count = input.withUnsafeMutableBufferPointer { source in
    output.withUnsafeMutableBufferPointer { target in
      stream.next_in = source.baseAddress
      stream.avail_in = UInt32(source.count)
      stream.next_out = target.baseAddress
      stream.avail_out = UInt32(target.count)
      return deflate(&stream, Z_FINISH) == Z_STREAM_END ? Int(stream.total_out) : 0
    }
  }
  return Array(output[..<count])
}

func header(_ name: String, _ detectors: [Detector], _ time: String) -> SkymapHeader {
  var header = SkymapHeader()
  header.object = name
  header.instruments = detectors.map(\.name)
  header.eventTime = Instant(iso8601: time)
  header.creator = "make-fixtures"
  return header
}

let root = URL(filePath: CommandLine.arguments.count > 1 ? CommandLine.arguments[1] : "Fixtures")

func write(_ bytes: [UInt8], _ path: String) throws {
  let url = root.appending(path: path)
  try FileManager.default.createDirectory(
    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
  try Data(bytes).write(to: url)
  print("\(path): \(bytes.count) bytes")
}

func mock(
  _ name: String, _ detectors: [Detector], _ time: String, ra: Double, dec: Double, timing: Double,
  amplitude: Double, distance: Double, baseOrder: Int, rounds: Int
) throws -> [UInt8] {
  let localization = MockLocalization(
    detectors, source: Direction(ra: .degrees(ra), dec: .degrees(dec)), at: Instant(iso8601: time)!,
    timing: timing,
    amplitude: amplitude, distance: .megaparsecs(distance), relativeSpread: 0.24)
  let map = try localization.map(baseOrder: baseOrder, rounds: rounds, header: header(name, detectors, time))
  return try SkymapFile.write(map)
}

// Near the anti-Sun point and new Moon, so that both hemispheres can follow.
let threeDetectors = try mock(
  "MS260915a", [.hanford, .livingston, .virgo], "2026-09-15T17:42:10.318", ra: 352, dec: 4, timing: 0.14e-3,
  amplitude: 0.3, distance: 118, baseOrder: 3, rounds: 8)
try write(threeDetectors, "skymaps/MS260915a-three-detectors.multiorder.fits")
try write(
  try mock(
    "MS261009b", [.hanford, .livingston], "2026-10-09T20:11:36.204", ra: 31, dec: -9, timing: 0.09e-3,
    amplitude: 0.12, distance: 185, baseOrder: 3, rounds: 8),
  "skymaps/MS261009b-two-detectors.multiorder.fits")
try write(
  gzipped(
    try mock(
      "MS261109c", [.livingston], "2026-11-09T18:25:02.750", ra: 60, dec: 12, timing: 1e-3, amplitude: 0.25,
      distance: 310, baseOrder: 3, rounds: 7)),
  "skymaps/MS261109c-one-detector.multiorder.fits.gz")
let burst = GammaRayBurstMap(
  center: Direction(ra: .degrees(328), dec: .degrees(17)), sigma: .degrees(5),
  trigger: Instant(iso8601: "2026-08-13T20:58:44.6Z")!)
try write(gzipped(burst.fits()), "skymaps/mock-grb-cone.fit.gz")
try write(Notices.gravitationalWave(map: threeDetectors), "notices/MS260915a-initial.json")
try write(Notices.circle(), "notices/mock-x-ray-transient-circle.json")
