"""What the bot asks Discord to hear, and what Discord grants: without a privileged intent it counts all the rest."""

import discord

from herwa_shared.log import get_logger

log = get_logger(__name__)

MISSING = {
    "members": (
        "Discord does not grant the server members intent: joins and leaves are not counted. Switch the intent on at"
        " https://discord.com/developers and start the bot again"
    ),
    "message_content": (
        "Discord does not grant the message content intent: messages are counted, lengths and attachments stay"
        " unknown. Switch the intent on at https://discord.com/developers, or HERWA_MESSAGE_CONTENT off"
    ),
}


def wanted_intents(*, content: bool) -> discord.Intents:
    """Everything that Herwa counts; `content` only where the operator wants it."""
    return discord.Intents(
        guilds=True,
        guild_messages=True,
        guild_reactions=True,
        voice_states=True,
        members=True,
        message_content=content,
    )


def missing_intents(wanted: discord.Intents, flags: discord.ApplicationFlags) -> tuple[str, ...]:
    """Which of those that the application must be granted it is not."""
    granted = {
        "members": flags.gateway_guild_members or flags.gateway_guild_members_limited,
        "message_content": flags.gateway_message_content or flags.gateway_message_content_limited,
    }
    return tuple(name for name in privileged(wanted) if not granted[name])


def privileged(wanted: discord.Intents) -> tuple[str, ...]:
    """Which of them an application must be granted."""
    return tuple(name for name in MISSING if getattr(wanted, name))


def say_missing(names: tuple[str, ...]) -> None:
    """One sentence each: what is not counted, and the mend."""
    for name in names:
        log.warning(MISSING[name])
