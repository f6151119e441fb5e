-- Who did how much of what, where, in which hour: kept for ever, and a member can be erased from it.
CREATE TABLE IF NOT EXISTS activity_hourly
(
    guild_id   UInt64 CODEC(ZSTD(1)),
    kind       Enum8('message' = 1, 'message_bot' = 2, 'message_webhook' = 3, 'message_edit' = 4, 'message_delete' = 5),
    hour       DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    channel_id UInt64 CODEC(ZSTD(1)),
    user_id    UInt64 CODEC(ZSTD(1)),
    events     SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    total      SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (guild_id, kind, hour, channel_id, user_id)
SETTINGS non_replicated_deduplication_window = 10000,
         fsync_after_insert = 1,
         fsync_part_directory = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS activity_hourly_from_events TO activity_hourly AS
SELECT
    guild_id,
    kind,
    toStartOfHour(at) AS hour,
    channel_id,
    user_id,
    count() AS events,
    sum(ifNull(value, 0)) AS total
FROM activity_events
GROUP BY guild_id, kind, hour, channel_id, user_id;
