"""Constants and endpoint URLs of Discord."""
