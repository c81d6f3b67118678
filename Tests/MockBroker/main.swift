import CRdkafka
import Glibc

// A Kafka cluster in a process of its own, for tests: librdkafka's mock cluster, which speaks the real
// protocol on 127.0.0.1 and keeps messages and committed offsets in memory (at most 5 MiB a partition, after
// which the oldest go). It is commanded by lines on standard input, and each is answered by one line:
//
//     topic NAME PARTITIONS                  ok
//     produce TOPIC PARTITION KEY SIZE       ok OFFSET     SIZE bytes follow the line; KEY - is none,
//                                                          SIZE -1 is a message without a value
//     fill TOPIC PARTITION COUNT SIZE        ok OFFSET     messages of zeros; the offset of the last
//     leader TOPIC PARTITION BROKER          ok
//     down [BROKER], up [BROKER]             ok            all brokers without a number
//     errors API CODE...                     ok            the next answers to that Kafka API key
//     topic-error TOPIC CODE                 ok            in metadata; 0 takes it back
//     delay MILLISECONDS                     ok            of every answer
//     quit                                   ok            as does the end of standard input
//
// The first line it prints is `ready HOST:PORT,...`. Usage: mock-broker [BROKERS]

/// Without the buffer of standard output, which a pipe would make wait.
func reply(_ text: String) {
  let bytes = Array((text + "\n").utf8)
  if write(1, bytes, bytes.count) != bytes.count { exit(0) }
}

let brokerCount = CommandLine.arguments.count > 1 ? Int32(CommandLine.arguments[1]) ?? 1 : 1
do {
  let cluster = try Cluster(brokers: brokerCount)
  reply("ready \(cluster.bootstraps)")
  let input = Input()
  while let line = input.line() {
    do {
      let answer = try cluster.obey(line, input: input)
      reply(answer.isEmpty ? "ok" : "ok \(answer)")
    } catch {
      reply("error \(error)")
    }
    if line == "quit" { break }
  }
} catch {
  reply("error \(error)")
  exit(1)
}
