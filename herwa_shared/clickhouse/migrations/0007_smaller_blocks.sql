-- A query of one guild decompresses a whole block for the few rows that it reads: measured by benchmarks/overview.py.
ALTER TABLE activity_hourly
    MODIFY COLUMN channel_id MODIFY SETTING min_compress_block_size = 524288, max_compress_block_size = 524288;

ALTER TABLE activity_hourly
    MODIFY COLUMN user_id MODIFY SETTING min_compress_block_size = 524288, max_compress_block_size = 524288;
