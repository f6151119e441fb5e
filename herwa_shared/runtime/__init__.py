"""Process infrastructure: data folder, log files, heartbeat, HTTP server and shutdown."""
