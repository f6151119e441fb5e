-- One row an event, precise to the millisecond, for three months. Never what was said.
CREATE TABLE IF NOT EXISTS activity_events
(
    guild_id    UInt64 CODEC(ZSTD(1)),
    kind        Enum8('message' = 1, 'message_bot' = 2, 'message_webhook' = 3, 'message_edit' = 4, 'message_delete' = 5),
    at          DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    channel_id  UInt64 CODEC(ZSTD(1)),
    thread_id   UInt64 CODEC(ZSTD(1)),
    user_id     UInt64 CODEC(ZSTD(1)),
    reply       Bool,
    value       Nullable(UInt32) CODEC(ZSTD(1)),
    attachments Nullable(UInt8) CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toMonday(at)
ORDER BY (guild_id, kind, at)
TTL toDateTime(at) + INTERVAL 3 MONTH DELETE
SETTINGS ttl_only_drop_parts = 1,
         non_replicated_deduplication_window = 10000,
         fsync_after_insert = 1,
         fsync_part_directory = 1;
