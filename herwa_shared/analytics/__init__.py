"""Exact statistics about one guild's activity, queried from ClickHouse."""
