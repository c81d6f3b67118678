import CRdkafka
import Glibc

struct Refusal: Error, CustomStringConvertible {
  let description: String
  init(_ text: String) { description = text }
}

/// The mock cluster, and a producer that fills it over the network like any other.
final class Cluster {
  private let host: OpaquePointer
  private let cluster: OpaquePointer
  private let brokers: Int32
  private var producer: OpaquePointer?
  private var topics: [String: OpaquePointer] = [:]

  init(brokers: Int32) throws {
    guard (1...9).contains(brokers) else { throw Refusal("1 to 9 brokers") }
    host = try Self.client([:])
    guard let cluster = rd_kafka_mock_cluster_new(host, brokers) else { throw Refusal("no cluster") }
    self.cluster = cluster
    self.brokers = brokers
  }

  var bootstraps: String { String(cString: rd_kafka_mock_cluster_bootstraps(cluster)) }

  /// Does what the line says. What it returns follows `ok`.
  func obey(_ line: String, input: Input) throws -> String {
    let words = line.split(separator: " ").map(String.init)
    switch (words.first ?? "", words.count) {
    case ("topic", 3):
      try check(rd_kafka_mock_topic_create(cluster, words[1], Int32(try number(words[2])), 1))
    case ("produce", 5):
      let size = try number(words[4])
      guard size <= 64 << 20 else { throw Refusal("too large") }
      guard let payload = size < 0 ? [] : input.bytes(size) else { throw Refusal("bytes are missing") }
      let key = words[3] == "-" ? nil : Array(words[3].utf8)
      let place = (words[1], Int32(try number(words[2])))
      return String(try produce([size < 0 ? nil : payload], key: key, topic: place.0, partition: place.1))
    case ("fill", 5):
      let count = try number(words[3])
      let payload = [UInt8](repeating: 0, count: try number(words[4]))
      let place = (words[1], Int32(try number(words[2])))
      let all = [[UInt8]?](repeating: payload, count: count)
      return String(try produce(all, key: nil, topic: place.0, partition: place.1))
    case ("leader", 4):
      try check(
        rd_kafka_mock_partition_set_leader(
          cluster, words[1], Int32(try number(words[2])), Int32(try number(words[3]))))
    case ("down", 1...2): try each(words) { rd_kafka_mock_broker_set_down(cluster, $0) }
    case ("up", 1...2): try each(words) { rd_kafka_mock_broker_set_up(cluster, $0) }
    case ("delay", 2):
      let milliseconds = Int32(try number(words[1]))
      try each(["delay"]) { rd_kafka_mock_broker_set_rtt(cluster, $0, milliseconds) }
    case ("errors", 3...):
      let codes = try words[2...].map { rd_kafka_resp_err_t(rawValue: Int32(try number($0))) }
      rd_kafka_mock_push_request_errors_array(cluster, Int16(try number(words[1])), codes.count, codes)
    case ("topic-error", 3):
      let code = rd_kafka_resp_err_t(rawValue: Int32(try number(words[2])))
      rd_kafka_mock_topic_set_error(cluster, words[1], code)
    case ("quit", 1): break
    default: throw Refusal("not a command: \(line.prefix(80))")
    }
    return ""
  }

  private func each(_ words: [String], _ act: (Int32) -> rd_kafka_resp_err_t) throws {
    let chosen = words.count > 1 ? [Int32(try number(words[1]))] : Array(1...brokers)
    for broker in chosen { try check(act(broker)) }
  }

  private func number(_ word: String) throws -> Int {
    guard let value = Int(word), (-1000...(1 << 30)).contains(value) else {
      throw Refusal("not a number: \(word)")
    }
    return value
  }

  private func check(_ error: rd_kafka_resp_err_t) throws {
    guard error == RD_KAFKA_RESP_ERR_NO_ERROR else {
      throw Refusal(String(cString: rd_kafka_err2str(error)))
    }
  }
}

extension Cluster {
  /// What the delivery reports of one command add up to.
  private struct Reports {
    var waiting: Int
    var last: Int64 = -1
    var error = RD_KAFKA_RESP_ERR_NO_ERROR
  }

  /// - Returns: the offset of the last message, when all of them are on the broker.
  private func produce(
    _ values: [[UInt8]?], key: [UInt8]?, topic name: String, partition: Int32
  ) throws -> Int64 {
    let (client, topic) = try place(name)
    var reports = Reports(waiting: values.count)
    return try withUnsafeMutablePointer(to: &reports) { reports in
      for value in values {
        var failed = send(value, key: key, topic, partition, reports)
        while failed, rd_kafka_last_error() == RD_KAFKA_RESP_ERR__QUEUE_FULL {
          rd_kafka_poll(client, 10)
          failed = send(value, key: key, topic, partition, reports)
        }
        if failed { reports.pointee.waiting -= 1 }
        if failed { reports.pointee.error = rd_kafka_last_error() }
      }
      // Every report comes, at the latest when the message times out.
      while reports.pointee.waiting > 0 { rd_kafka_poll(client, 100) }
      try check(reports.pointee.error)
      return reports.pointee.last
    }
  }

  private func send(
    _ value: [UInt8]?, key: [UInt8]?, _ topic: OpaquePointer, _ partition: Int32,
    _ reports: UnsafeMutablePointer<Reports>
  ) -> Bool {
    // One byte more, so that a value of no bytes has an address: null would mean no value.
    var payload = (value ?? []) + [0]
    let size = payload.count - 1
    let failed = payload.withUnsafeMutableBytes { payload in
      (key ?? []).withUnsafeBytes { key in
        rd_kafka_produce(
          topic, partition, vesper_kafka_copy_payload, value == nil ? nil : payload.baseAddress, size,
          key.baseAddress, key.count, reports)
      }
    }
    return failed != 0
  }

  private func place(_ name: String) throws -> (client: OpaquePointer, topic: OpaquePointer) {
    if producer == nil {
      producer = try Self.client([
        "bootstrap.servers": bootstraps, "message.max.bytes": "67108864", "linger.ms": "0",
        "message.timeout.ms": "30000", "topic.metadata.propagation.max.ms": "5000",
      ]) { conf in
        rd_kafka_conf_set_dr_msg_cb(conf) { _, message, _ in
          guard let message = message?.pointee, let opaque = message._private else { return }
          let reports = opaque.assumingMemoryBound(to: Reports.self)
          reports.pointee.waiting -= 1
          reports.pointee.last = max(reports.pointee.last, message.offset)
          if message.err != RD_KAFKA_RESP_ERR_NO_ERROR { reports.pointee.error = message.err }
        }
      }
    }
    guard let producer else { throw Refusal("no producer") }
    if topics[name] == nil { topics[name] = rd_kafka_topic_new(producer, name, nil) }
    guard let topic = topics[name] else { throw Refusal("no topic") }
    return (producer, topic)
  }

  private static func client(
    _ settings: [String: String], _ prepare: (OpaquePointer) -> Void = { _ in }
  ) throws -> OpaquePointer {
    guard let conf = rd_kafka_conf_new() else { throw Refusal("no configuration") }
    var text = [CChar](repeating: 0, count: 512)
    for (name, value) in settings {
      guard rd_kafka_conf_set(conf, name, value, &text, text.count) == RD_KAFKA_CONF_OK else {
        throw Refusal("\(name): \(value)")
      }
    }
    // Connections come and go in tests: nothing of that is worth a line.
    rd_kafka_conf_set_log_cb(conf) { _, _, _, _ in }
    prepare(conf)
    guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, &text, text.count) else {
      throw Refusal("no client")
    }
    return client
  }
}
