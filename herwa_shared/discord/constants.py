"""Constants of Discord's API that several packages use.

Source: Discord's developer documentation.
"""

ADMINISTRATOR = 1 << 3
MANAGE_GUILD = 1 << 5
VIEW_CHANNEL = 1 << 10
VIEW_GUILD_INSIGHTS = 1 << 19
"""Permission bits."""

CATEGORY_CHANNEL_TYPE = 4
FORUM_CHANNEL_TYPES = frozenset((15, 16))
THREAD_CHANNEL_TYPES = frozenset((10, 11, 12))
"""Channel types: a category; forums and media channels; announcement threads, public threads and private threads."""

DEFAULT_MESSAGE_TYPE, REPLY_MESSAGE_TYPE = 0, 19
USER_MESSAGE_TYPES = frozenset((DEFAULT_MESSAGE_TYPE, REPLY_MESSAGE_TYPE))
"""Types of messages that people write; all others are system messages or replies of apps."""
COMMAND_REPLY_MESSAGE_TYPES = frozenset((20, 23))
"""Types of the replies of apps to slash commands and to commands in context menus."""

MAX_SNOWFLAKE = (1 << 63) - 1
"""The largest id that PostgreSQL's BIGINT can store; Discord's ids stay far below it."""
