"""Log-in with Discord: sessions, OAuth tokens, users and the guilds that they may manage."""
