"""Serve the pages: routing, WebSocket guard, proxy to the API, static files and security headers."""
