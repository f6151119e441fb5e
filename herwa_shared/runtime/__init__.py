"""What every process needs to run: data folder, log file, heartbeat, HTTP server and shutdown."""
