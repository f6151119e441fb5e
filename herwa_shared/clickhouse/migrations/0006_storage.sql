-- Smaller columns: measured by benchmarks/storage.py. Existing parts change when they are merged.
ALTER TABLE activity_events
    MODIFY COLUMN at DateTime64(3, 'UTC') CODEC(Delta, T64('bit'), ZSTD(1)),
    MODIFY COLUMN reply Bool CODEC(T64('bit'), ZSTD(1)),
    MODIFY COLUMN value Nullable(UInt32) CODEC(T64('bit'), ZSTD(1));

-- Ids repeat over a wider distance than a block of 64 KiB, the default.
ALTER TABLE activity_hourly
    MODIFY COLUMN hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    MODIFY COLUMN channel_id UInt64 CODEC(ZSTD(9)),
    MODIFY COLUMN user_id UInt64 CODEC(ZSTD(9)),
    MODIFY COLUMN events SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(3));

ALTER TABLE activity_hourly
    MODIFY COLUMN channel_id MODIFY SETTING min_compress_block_size = 524288, max_compress_block_size = 1048576;

ALTER TABLE activity_hourly
    MODIFY COLUMN user_id MODIFY SETTING min_compress_block_size = 2097152, max_compress_block_size = 2097152;
