"""Log in with the local Discord: OAuth 2's authorization code with PKCE, as Discord does it."""
