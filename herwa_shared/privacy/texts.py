"""Messages of the privacy services."""

GUILD_NOT_LEFT = (
    "The bot is still in this server, or left it less than 30 days ago. Remove the bot from the server first."
)

WRONG_SERVER_NAME = "That is not the name of this server."

# The file of /privacy download
MEMBER_FILE_README = """What Herwa stores about you. All times are UTC.
If it is about several servers, each has a folder.

about-you.json  your name, your choices, numbers by kind of event
hours.csv       numbers by hour, kind and channel; of voice, total is in seconds
events.csv      single events of the last three months; what you write is never stored

/privacy delete removes all of it, /privacy opt-out stops it.
"""
MEMBER_FILE_WITHOUT_EVENTS = """What Herwa stores about you. All times are UTC.
If it is about several servers, each has a folder.

about-you.json  your name, your choices, numbers by kind of event
hours.csv       numbers by hour, kind and channel; of voice, total is in seconds

Your single events of the last three months are stored as well. They don't fit into a file that Discord accepts: ask
the operator of this bot for them.

/privacy delete removes all of it, /privacy opt-out stops it.
"""
