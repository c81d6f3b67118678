import Foundation

/// Mock notices: their names say so (MS is the mark of a mock superevent, the tense that of a test).
enum Notices {
  /// In the form of `igwn.gwalert`.
  static func gravitationalWave(map: [UInt8]) -> [UInt8] {
    text([
      "alert_type": "INITIAL", "time_created": "2026-09-15T18:05:31Z", "superevent_id": "MS260915a",
      "urls": ["gracedb": "https://example.org/superevents/MS260915a/view/"],
      "event": [
        "significant": true, "time": "2026-09-15T17:42:10.318Z", "far": 9.1e-14,
        "instruments": ["H1", "L1", "V1"], "group": "CBC", "pipeline": "gstlal", "search": "MDC",
        "properties": ["HasNS": 1.0, "HasRemnant": 0.98, "HasMassGap": 0.01],
        "classification": ["BNS": 0.96, "NSBH": 0.03, "BBH": 0.0, "Terrestrial": 0.01],
        "duration": NSNull(), "central_frequency": NSNull(), "skymap": Data(map).base64EncodedString(),
      ] as [String: Any], "external_coinc": NSNull(),
    ])
  }

  /// In the GCN unified schema: a circle with its containment.
  static func circle() -> [UInt8] {
    text([
      "$schema": "https://gcn.nasa.gov/schema/main/gcn/notices/einstein_probe/wxt/alert.schema.json",
      "mission": "Einstein Probe", "instrument": "WXT", "alert_tense": "test", "alert_type": "initial",
      "id": ["mock-01709000001"], "trigger_time": "2026-09-15T19:03:27.410Z", "ra": 358.41, "dec": -6.27,
      "ra_dec_error": 0.045, "containment_probability": 0.9, "systematic_included": true, "image_snr": 8.1,
    ])
  }

  private static func text(_ notice: [String: Any]) -> [UInt8] {
    let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
    // Literals above are JSON.
    guard let data = try? JSONSerialization.data(withJSONObject: notice, options: options)
    else { fatalError("a notice that is not JSON") }
    return [UInt8](data) + [UInt8(ascii: "\n")]
  }
}
