"""Constants and addresses of Discord."""
