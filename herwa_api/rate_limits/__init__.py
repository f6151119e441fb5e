"""Limits of requests: per API key, per server and per client address, shared by all API processes through Redis."""
