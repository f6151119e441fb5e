"""A loopback HTTP server around chDB that speaks enough of ClickHouse's protocol for its unmodified clients."""
