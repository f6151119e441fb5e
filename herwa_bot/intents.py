"""Gateway intents: what the bot requests, and what Discord grants.

Without a privileged intent the bot runs on and counts everything that does not need it.
"""

import discord

from herwa_shared.log import get_logger
from herwa_shared.privacy.collected_data import INTENTS, GatewayIntent

log = get_logger(__name__)

MISSING_INTENT_TEXTS = {
    GatewayIntent.MEMBERS: (
        "Discord does not grant the server members intent: leaves are not counted, joins only from join messages."
        " Switch the intent on at https://discord.com/developers and start the bot again"
    ),
    GatewayIntent.MESSAGE_CONTENT: (
        "Discord does not grant the message content intent: messages are counted, lengths and attachments stay"
        " unknown. Switch the intent on at https://discord.com/developers, or HERWA_MESSAGE_CONTENT off"
    ),
}


def build_intents(*, message_content: bool) -> discord.Intents:
    """Build the intents that are declared for what Herwa counts.

    Message content is included only if the operator wants it.
    """
    names = {intent.value: True for intent, spec in INTENTS.items() if not spec.is_optional or message_content}
    return discord.Intents(**names)


def list_missing_intents(intents: discord.Intents, flags: discord.ApplicationFlags) -> tuple[str, ...]:
    """List the privileged intents in `intents` that the application's flags do not grant."""
    granted = {
        GatewayIntent.MEMBERS: flags.gateway_guild_members or flags.gateway_guild_members_limited,
        GatewayIntent.MESSAGE_CONTENT: flags.gateway_message_content or flags.gateway_message_content_limited,
    }
    return tuple(name for name in list_privileged_intents(intents) if not granted[GatewayIntent(name)])


def list_privileged_intents(intents: discord.Intents) -> tuple[str, ...]:
    """List the privileged intents in `intents`.

    Discord must grant these to the application.
    """
    return tuple(
        intent.value for intent, spec in INTENTS.items() if spec.is_privileged and getattr(intents, intent.value)
    )


def warn_missing_intents(names: tuple[str, ...]) -> None:
    """Log a warning for each missing intent: what is not counted, and how to fix it."""
    for name in names:
        log.warning(MISSING_INTENT_TEXTS[GatewayIntent(name)])
