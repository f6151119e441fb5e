-- A query of one guild decompresses a whole block, of each part, for the few rows that it reads: measured by
-- benchmarks/overview.py. Larger blocks save space: benchmarks/storage.py.
ALTER TABLE activity_hourly
    MODIFY COLUMN channel_id MODIFY SETTING min_compress_block_size = 262144, max_compress_block_size = 262144;

ALTER TABLE activity_hourly
    MODIFY COLUMN user_id MODIFY SETTING min_compress_block_size = 393216, max_compress_block_size = 393216;

-- Past months are merged to one part each: a query costs by the number of parts.
ALTER TABLE activity_hourly
    MODIFY SETTING min_age_to_force_merge_seconds = 3600, min_age_to_force_merge_on_partition_only = 1;
