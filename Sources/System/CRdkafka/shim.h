#pragma once
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

// Macros with a cast are not visible to Swift: constants in their place.

static const int32_t vesper_kafka_no_partition = RD_KAFKA_PARTITION_UA;
static const int vesper_kafka_copy_payload = RD_KAFKA_MSG_F_COPY;
static const int64_t vesper_kafka_offset_end = RD_KAFKA_OFFSET_END;
static const int64_t vesper_kafka_offset_invalid = RD_KAFKA_OFFSET_INVALID;

// The element is reached through the pointer of an array whose length C alone knows.
static inline rd_kafka_topic_partition_t *vesper_kafka_element(
    const rd_kafka_topic_partition_list_t *list, int index) {
  return &list->elems[index];
}
