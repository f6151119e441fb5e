"""Exactly-once delivery of events from the collector to ClickHouse.

Events are deduplicated into a buffer in PostgreSQL, from which the mover sends them to ClickHouse.
"""
