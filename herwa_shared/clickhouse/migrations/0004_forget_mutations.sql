-- The text of a mutation contains the ids of the members whom it removes, and the key of their pseudonyms.
ALTER TABLE activity_events MODIFY SETTING finished_mutations_to_keep = 1;

ALTER TABLE activity_hourly MODIFY SETTING finished_mutations_to_keep = 1;
