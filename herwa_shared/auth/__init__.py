"""Log-in with Discord: browser sessions, OAuth2 tokens, users, cached guild permissions."""
