"""Titles of Discord's permissions. A permission can be the subject of a rule."""

from herwa_shared.discord.constants import PERMISSIONS

_DISCORD_TITLES = {
    "manage_guild": "Manage Server",
    "moderate_members": "Timeout Members",
    "view_guild_insights": "View Server Insights",
    "use_embedded_activities": "Use Activities",
    "send_tts_messages": "Send TTS Messages",
    "mention_everyone": "Mention Everyone",
    "stream": "Video",
}


def format_permissions(bits: int) -> str:
    """Format permission bits with Discord's titles: `Manage Messages and Kick Members`."""
    titles = [
        _DISCORD_TITLES.get(name, name.replace("_", " ").title()) for name, bit in PERMISSIONS.items() if bits & bit
    ]
    return " and ".join(titles) or "an unknown permission"
