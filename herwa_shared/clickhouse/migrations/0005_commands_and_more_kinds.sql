-- Commands that ran or were refused, time in AFK channels and as audience of a stage, boosts, scheduled events.
ALTER TABLE activity_events MODIFY COLUMN kind Enum8(
    'message' = 1, 'message_bot' = 2, 'message_webhook' = 3, 'message_edit' = 4, 'message_delete' = 5,
    'reaction' = 6, 'thread' = 7, 'join' = 8, 'leave' = 9,
    'voice' = 10, 'voice_muted' = 11, 'voice_stream' = 12, 'voice_video' = 13,
    'member_count' = 14, 'online_count' = 15,
    'command' = 16, 'command_denied' = 17, 'voice_afk' = 18, 'voice_audience' = 19, 'boost' = 20,
    'scheduled_event' = 21, 'scheduled_event_start' = 22, 'scheduled_event_end' = 23, 'scheduled_event_cancel' = 24);

ALTER TABLE activity_hourly MODIFY COLUMN kind Enum8(
    'message' = 1, 'message_bot' = 2, 'message_webhook' = 3, 'message_edit' = 4, 'message_delete' = 5,
    'reaction' = 6, 'thread' = 7, 'join' = 8, 'leave' = 9,
    'voice' = 10, 'voice_muted' = 11, 'voice_stream' = 12, 'voice_video' = 13,
    'member_count' = 14, 'online_count' = 15,
    'command' = 16, 'command_denied' = 17, 'voice_afk' = 18, 'voice_audience' = 19, 'boost' = 20,
    'scheduled_event' = 21, 'scheduled_event_start' = 22, 'scheduled_event_end' = 23, 'scheduled_event_cancel' = 24);

ALTER TABLE activity_events
    ADD COLUMN IF NOT EXISTS command LowCardinality(String) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS command_surface LowCardinality(String) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS command_outcome LowCardinality(String) CODEC(ZSTD(1));

-- Which commands ran or were refused, how often and how long, without the member; kept forever.
CREATE TABLE IF NOT EXISTS command_hourly
(
    guild_id        UInt64 CODEC(ZSTD(1)),
    kind            Enum8('command' = 16, 'command_denied' = 17),
    hour            DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    command         LowCardinality(String) CODEC(ZSTD(1)),
    command_surface LowCardinality(String) CODEC(ZSTD(1)),
    command_outcome LowCardinality(String) CODEC(ZSTD(1)),
    channel_id      UInt64 CODEC(ZSTD(1)),
    events          SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    total_ms        SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (guild_id, kind, hour, command, command_surface, command_outcome, channel_id)
SETTINGS non_replicated_deduplication_window = 10000,
         fsync_after_insert = 1,
         fsync_part_directory = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS command_hourly_from_events TO command_hourly AS
SELECT
    guild_id,
    kind,
    toStartOfHour(at) AS hour,
    command,
    command_surface,
    command_outcome,
    channel_id,
    count() AS events,
    sum(ifNull(value, 0)) AS total_ms
FROM activity_events
WHERE kind IN ('command', 'command_denied')
GROUP BY guild_id, kind, hour, command, command_surface, command_outcome, channel_id;

-- The newest sample of each hour with samples; kept forever.
CREATE TABLE IF NOT EXISTS sample_hourly
(
    guild_id UInt64 CODEC(ZSTD(1)),
    kind     Enum8('member_count' = 14, 'online_count' = 15),
    hour     DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    newest   SimpleAggregateFunction(max, Tuple(at DateTime64(3, 'UTC'), value UInt32)) CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (guild_id, kind, hour)
SETTINGS non_replicated_deduplication_window = 10000,
         fsync_after_insert = 1,
         fsync_part_directory = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS sample_hourly_from_events TO sample_hourly AS
SELECT guild_id, kind, toStartOfHour(at) AS hour, max((at, ifNull(value, 0))) AS newest
FROM activity_events
WHERE kind IN ('member_count', 'online_count')
GROUP BY guild_id, kind, hour;

-- Of hours before the precise events only the mean is known. It is dated to the start of the hour.
INSERT INTO sample_hourly (guild_id, kind, hour, newest)
SELECT guild_id, toString(kind), hour,
    (toDateTime64(hour, 3, 'UTC'), toUInt32(intDiv(2 * sum(total) + sum(events), 2 * sum(events))))
FROM activity_hourly
WHERE kind IN ('member_count', 'online_count')
GROUP BY guild_id, kind, hour
HAVING sum(events) > 0;

INSERT INTO sample_hourly (guild_id, kind, hour, newest)
SELECT guild_id, toString(kind), toStartOfHour(at) AS hour, max((at, ifNull(value, 0)))
FROM activity_events
WHERE kind IN ('member_count', 'online_count')
GROUP BY guild_id, kind, hour;
