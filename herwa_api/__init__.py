"""HTTP API: statistics of guilds as JSON, and the Discord OAuth2 login of the dashboard."""
