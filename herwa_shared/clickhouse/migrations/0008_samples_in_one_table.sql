-- Samples are summarized in sample_hourly alone: nothing reads the sums of samples.
ALTER TABLE activity_hourly_from_events MODIFY QUERY
SELECT
    guild_id,
    kind,
    toStartOfHour(at) AS hour,
    channel_id,
    user_id,
    count() AS events,
    sum(ifNull(value, 0)) AS total
FROM activity_events
WHERE kind NOT IN ('member_count', 'online_count')
GROUP BY guild_id, kind, hour, channel_id, user_id;

ALTER TABLE activity_hourly DELETE WHERE kind IN ('member_count', 'online_count');
