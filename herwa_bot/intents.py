"""Gateway intents: what the bot requests, and what Discord grants.

Without a privileged intent the bot runs on and counts everything that does not need it.
"""

import discord

from herwa_shared.log import get_logger

log = get_logger(__name__)

MISSING_INTENT_TEXTS = {
    "members": (
        "Discord does not grant the server members intent: joins and leaves are not counted. Switch the intent on at"
        " https://discord.com/developers and start the bot again"
    ),
    "message_content": (
        "Discord does not grant the message content intent: messages are counted, lengths and attachments stay"
        " unknown. Switch the intent on at https://discord.com/developers, or HERWA_MESSAGE_CONTENT off"
    ),
}


def build_intents(*, message_content: bool) -> discord.Intents:
    """Build the intents for everything that Herwa counts.

    Message content is included only if the operator wants it.
    """
    return discord.Intents(
        guilds=True,
        guild_messages=True,
        guild_reactions=True,
        voice_states=True,
        guild_scheduled_events=True,
        members=True,
        message_content=message_content,
    )


def list_missing_intents(intents: discord.Intents, flags: discord.ApplicationFlags) -> tuple[str, ...]:
    """List the privileged intents in `intents` that the application's flags do not grant."""
    granted = {
        "members": flags.gateway_guild_members or flags.gateway_guild_members_limited,
        "message_content": flags.gateway_message_content or flags.gateway_message_content_limited,
    }
    return tuple(name for name in list_privileged_intents(intents) if not granted[name])


def list_privileged_intents(intents: discord.Intents) -> tuple[str, ...]:
    """List the privileged intents in `intents`.

    Discord must grant these to the application.
    """
    return tuple(name for name in MISSING_INTENT_TEXTS if getattr(intents, name))


def warn_missing_intents(names: tuple[str, ...]) -> None:
    """Log a warning for each missing intent: what is not counted, and how to fix it."""
    for name in names:
        log.warning(MISSING_INTENT_TEXTS[name])
