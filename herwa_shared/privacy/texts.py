"""Messages of the privacy services."""

GUILD_NOT_LEFT = (
    "The bot is still in this server, or left it less than 30 days ago. Remove the bot from the server first."
)
