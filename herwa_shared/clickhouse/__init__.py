"""ClickHouse: how to reach it and what its tables are."""
