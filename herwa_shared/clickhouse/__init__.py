"""The ClickHouse client and the migrations of its schema."""
