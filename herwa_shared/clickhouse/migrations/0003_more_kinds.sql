-- Reactions, threads, members that come and go, voice in seconds, and samples of how many there are.
ALTER TABLE activity_events MODIFY COLUMN kind Enum8(
    'message' = 1, 'message_bot' = 2, 'message_webhook' = 3, 'message_edit' = 4, 'message_delete' = 5,
    'reaction' = 6, 'thread' = 7, 'join' = 8, 'leave' = 9,
    'voice' = 10, 'voice_muted' = 11, 'voice_stream' = 12, 'voice_video' = 13,
    'member_count' = 14, 'online_count' = 15);

ALTER TABLE activity_hourly MODIFY COLUMN kind Enum8(
    'message' = 1, 'message_bot' = 2, 'message_webhook' = 3, 'message_edit' = 4, 'message_delete' = 5,
    'reaction' = 6, 'thread' = 7, 'join' = 8, 'leave' = 9,
    'voice' = 10, 'voice_muted' = 11, 'voice_stream' = 12, 'voice_video' = 13,
    'member_count' = 14, 'online_count' = 15);
