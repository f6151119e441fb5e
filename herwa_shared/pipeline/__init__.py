"""From the collector to ClickHouse: the buffer in PostgreSQL, the mover that empties it, each event exactly once."""
