import CRdkafka
import Foundation
import Units

/// One consumer of librdkafka, used by one thread. Everything it does returns within the time it is given.
///
/// Partitions are assigned by us at offsets of ours; the group protocol is not used. So a start takes
/// milliseconds instead of the seconds of a join or the minute after which a crashed member is missed, there
/// is no rebalance that could take partitions away, and that only one instance consumes is seen to by the
/// lease that this service needs anyway.
final class KafkaSession {
  /// What one poll brought.
  enum Arrival {
    case nothing
    case message(FeedPartition, offset: Int64, body: Body)
    case failure(FeedPartition?, code: rd_kafka_resp_err_t, reason: String)
  }

  enum Body {
    case whole(key: [UInt8]?, timestamp: Instant?, bytes: [UInt8])
    /// Over the limit; not copied.
    case oversized(bytes: Int)
  }

  private let client: OpaquePointer
  private let context: KafkaContext
  private let port: TokenPort
  private var isOpen = true

  /// - Throws: `.configuration` or `.client` in the library's words.
  init(_ configuration: KafkaConfiguration, context: KafkaContext, port: TokenPort) throws(FeedError) {
    guard let conf = rd_kafka_conf_new() else { throw .client("no memory") }
    var text = [CChar](repeating: 0, count: 512)
    func said() -> String {
      context.redact(text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
    }
    for (name, value) in configuration.settings {
      guard rd_kafka_conf_set(conf, name, value, &text, text.count) == RD_KAFKA_CONF_OK else {
        rd_kafka_conf_destroy(conf)
        throw .configuration("\(name): \(said())")
      }
    }
    context.install(in: conf)
    let usesTokens = configuration.credentials != nil
    if usesTokens { rd_kafka_conf_enable_sasl_queue(conf, 1) }
    guard let client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, &text, text.count) else {
      rd_kafka_conf_destroy(conf)
      throw .client(said())
    }
    self.client = client
    self.context = context
    self.port = port
    rd_kafka_poll_set_consumer(client)
    port.attach(client)
    if usesTokens, let error = rd_kafka_sasl_background_callbacks_enable(client) {
      let reason = String(cString: rd_kafka_error_string(error))
      rd_kafka_error_destroy(error)
      close()
      throw .client(context.redact(reason))
    }
  }

  deinit { close() }

  /// Nothing is committed and no group is left: there is none.
  ///
  /// librdkafka before 2.1 waits for ever for a partition whose topic was gone for a while (a reference that it
  /// does not give back, its issue 4187), so the client is destroyed on a thread of its own, which is left behind
  /// if it takes too long. It fetches nothing any more.
  func close() {
    guard isOpen else { return }
    isOpen = false
    port.detach(client)
    struct Client: @unchecked Sendable { let pointer: OpaquePointer }
    let (doomed, context, done) = (Client(pointer: client), context, DispatchSemaphore(value: 0))
    let thread = Thread {
      rd_kafka_destroy_flags(doomed.pointer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
      // Callbacks borrow the context until here.
      withExtendedLifetime(context) { _ = done.signal() }
    }
    thread.name = "vesper-kafka-end"
    thread.start()
    if done.wait(timeout: .now() + Self.closePatience) == .timedOut { context.noteAbandoned() }
  }

  private static let closePatience = 0.8

  /// All topics of the cluster. Naming them one by one would create them on some brokers.
  func listTopics(within patience: Duration) -> Result<[ListedTopic], KafkaTrouble> {
    var list: UnsafePointer<rd_kafka_metadata>?
    let code = rd_kafka_metadata(client, 1, nil, &list, patience.milliseconds32)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return .failure(trouble(code)) }
    defer { rd_kafka_metadata_destroy(list) }
    let topics = UnsafeBufferPointer(start: list.pointee.topics, count: Int(list.pointee.topic_cnt))
    return .success(
      topics.map { topic in
        let partitions = UnsafeBufferPointer(start: topic.partitions, count: Int(topic.partition_cnt))
        let failed = topic.err != RD_KAFKA_RESP_ERR_NO_ERROR
        return ListedTopic(
          name: String(cString: topic.topic), partitions: partitions.map(\.id),
          error: failed ? String(cString: rd_kafka_err2str(topic.err)) : nil)
      })
  }

  /// The first and the next offset of the partition, asked from its leader.
  func watermarks(
    _ partition: FeedPartition, within patience: Duration
  ) -> Result<(low: Int64, high: Int64), KafkaTrouble> {
    var (low, high) = (Int64(-1), Int64(-1))
    let code = rd_kafka_query_watermark_offsets(
      client, partition.topic, partition.partition, &low, &high, patience.milliseconds32)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR, low >= 0, high >= low else { return .failure(trouble(code)) }
    return .success((low, high))
  }

  /// The next offset as the last answer of the broker said, without asking.
  func knownEnd(_ partition: FeedPartition) -> Int64? {
    var (low, high) = (Int64(-1), Int64(-1))
    let code = rd_kafka_get_watermark_offsets(client, partition.topic, partition.partition, &low, &high)
    return code == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0 ? high : nil
  }

  /// Starts to consume at the offset. The partition must not be assigned.
  func assign(_ partition: FeedPartition, at offset: Int64) -> KafkaTrouble? {
    withList([(partition, offset)]) { trouble(rd_kafka_incremental_assign(client, $0)) }
  }

  /// No message of the partition comes after this.
  func unassign(_ partition: FeedPartition) -> KafkaTrouble? {
    withList([(partition, vesper_kafka_offset_invalid)]) {
      trouble(rd_kafka_incremental_unassign(client, $0))
    }
  }

  func pause(_ partition: FeedPartition) -> KafkaTrouble? {
    withList([(partition, vesper_kafka_offset_invalid)]) { list in
      failure(rd_kafka_pause_partitions(client, list), list)
    }
  }

  func resume(_ partition: FeedPartition) -> KafkaTrouble? {
    withList([(partition, vesper_kafka_offset_invalid)]) { list in
      failure(rd_kafka_resume_partitions(client, list), list)
    }
  }

  /// Does not wait for the answer.
  func commit(_ offsets: [(FeedPartition, Int64)]) {
    guard !offsets.isEmpty else { return }
    _ = withList(offsets) { failure(rd_kafka_commit(client, $0, 1), $0) }
  }

  /// - Parameter patience: how long to wait for something to arrive.
  func poll(for patience: Duration, maxBytes: Int) -> Arrival {
    guard let message = rd_kafka_consumer_poll(client, patience.milliseconds32) else { return .nothing }
    defer { rd_kafka_message_destroy(message) }
    let m = message.pointee
    let partition = m.rkt.map {
      FeedPartition(topic: String(cString: rd_kafka_topic_name($0)), partition: m.partition)
    }
    guard m.err == RD_KAFKA_RESP_ERR_NO_ERROR, let partition else {
      let reason = rd_kafka_message_errstr(message).map { String(cString: $0) } ?? ""
      return .failure(partition, code: m.err, reason: context.redact(reason))
    }
    guard m.len <= maxBytes else {
      return .message(partition, offset: m.offset, body: .oversized(bytes: m.len))
    }
    var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
    let stamp = rd_kafka_message_timestamp(message, &kind)
    let body = Body.whole(
      key: m.key.map { Array(UnsafeRawBufferPointer(start: $0, count: m.key_len)) },
      timestamp: kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? nil : Instant(unixMilliseconds: stamp),
      bytes: Array(UnsafeRawBufferPointer(start: m.payload, count: m.payload == nil ? 0 : m.len)))
    return .message(partition, offset: m.offset, body: body)
  }

  /// Why the client can do nothing any more; nil as long as it can.
  var fatalError: String? {
    var text = [CChar](repeating: 0, count: 512)
    guard rd_kafka_fatal_error(client, &text, text.count) != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
    return context.redact(text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
  }

  private func withList<R>(
    _ entries: [(FeedPartition, Int64)], _ body: (UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) -> R
  ) -> R {
    // Without memory for a list of a few entries there is nothing left to do.
    let list = rd_kafka_topic_partition_list_new(Int32(entries.count))!
    defer { rd_kafka_topic_partition_list_destroy(list) }
    for (partition, offset) in entries {
      let element = rd_kafka_topic_partition_list_add(list, partition.topic, partition.partition)
      element?.pointee.offset = offset
    }
    return body(list)
  }

  private func trouble(_ code: rd_kafka_resp_err_t) -> KafkaTrouble {
    KafkaTrouble(code: code.rawValue, reason: String(cString: rd_kafka_err2str(code)))
  }

  private func trouble(_ error: OpaquePointer?) -> KafkaTrouble? {
    guard let error else { return nil }
    defer { rd_kafka_error_destroy(error) }
    return KafkaTrouble(
      code: rd_kafka_error_code(error).rawValue,
      reason: context.redact(String(cString: rd_kafka_error_string(error))))
  }

  /// The error of the call, or that of its only partition.
  private func failure(
    _ code: rd_kafka_resp_err_t, _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>
  ) -> KafkaTrouble? {
    if code != RD_KAFKA_RESP_ERR_NO_ERROR { return trouble(code) }
    let inner = vesper_kafka_element(list, 0).pointee.err
    return inner == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : trouble(inner)
  }
}

extension KafkaTrouble: Error {}

extension Duration {
  /// Within 0...one hour.
  fileprivate var milliseconds32: Int32 { Int32(min(max(seconds * 1000, 0), 3_600_000)) }
}
