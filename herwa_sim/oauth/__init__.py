"""OAuth2 login of the local Discord: authorization code grant with PKCE, as on Discord."""
