"""HTTP and WebSocket serving: router, guard, API proxy, static files, security headers."""
