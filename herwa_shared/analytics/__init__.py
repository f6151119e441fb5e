"""Questions about one guild's activity, answered exactly from ClickHouse."""
