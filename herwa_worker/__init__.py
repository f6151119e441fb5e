"""The worker process: scheduled jobs that move events, record expiry and clean up."""
