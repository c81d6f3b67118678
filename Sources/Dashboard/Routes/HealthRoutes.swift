import Hummingbird

/// Probes and figures for the machines that watch the service.
struct HealthRoutes {
  let desk: any Desk

  func add(to router: Router<DashboardContext>) {
    // Alive: the process answers. Whether it does its work is asked of /readyz.
    router.get("/healthz") { _, _ in Answer.text("ok\n", "text/plain; charset=utf-8") }
    router.get("/readyz") { _, _ in
      let health = await desk.health()
      return try Answer.json(health, status: health.state == .failed ? .serviceUnavailable : .ok)
    }
    router.get("/metrics") { _, _ in
      Answer.text(PrometheusText.render(await desk.metrics()), "text/plain; version=0.0.4; charset=utf-8")
    }
    router.get("/api/openapi.yaml") { _, _ in
      Answer.text(try OpenAPIFile.text(), "application/yaml")
    }
  }
}

/// The Prometheus text format, version 0.0.4.
enum PrometheusText {
  static func render(_ metrics: [Metric]) -> String {
    var text = ""
    var described: Set<String> = []
    for metric in metrics {
      if described.insert(metric.name).inserted {
        text +=
          "# HELP \(metric.name) \(escaped(metric.help))\n# TYPE \(metric.name) \(metric.kind.rawValue)\n"
      }
      let labels = metric.labels.map { "\($0.0)=\"\(escaped($0.1, quotes: true))\"" }.joined(separator: ",")
      text += metric.name + (labels.isEmpty ? "" : "{\(labels)}") + " \(number(metric.value))\n"
    }
    return text
  }

  private static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
    return value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
  }

  private static func escaped(_ text: String, quotes: Bool = false) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where quotes: result += "\\\""
      default: result.append(character)
      }
    }
    return result
  }
}
