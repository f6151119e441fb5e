"""Discord's permissions by name, with their bits. A permission can be the subject of a rule."""

from collections.abc import Mapping
from types import MappingProxyType

_BIT_POSITIONS = {
    "create_instant_invite": 0,
    "kick_members": 1,
    "ban_members": 2,
    "administrator": 3,
    "manage_channels": 4,
    "manage_guild": 5,
    "add_reactions": 6,
    "view_audit_log": 7,
    "priority_speaker": 8,
    "stream": 9,
    "view_channel": 10,
    "send_messages": 11,
    "send_tts_messages": 12,
    "manage_messages": 13,
    "embed_links": 14,
    "attach_files": 15,
    "read_message_history": 16,
    "mention_everyone": 17,
    "use_external_emojis": 18,
    "view_guild_insights": 19,
    "connect": 20,
    "speak": 21,
    "mute_members": 22,
    "deafen_members": 23,
    "move_members": 24,
    "use_voice_activation": 25,
    "change_nickname": 26,
    "manage_nicknames": 27,
    "manage_roles": 28,
    "manage_webhooks": 29,
    "manage_expressions": 30,
    "use_application_commands": 31,
    "request_to_speak": 32,
    "manage_events": 33,
    "manage_threads": 34,
    "create_public_threads": 35,
    "create_private_threads": 36,
    "use_external_stickers": 37,
    "send_messages_in_threads": 38,
    "use_embedded_activities": 39,
    "moderate_members": 40,
    "view_creator_monetization_analytics": 41,
    "use_soundboard": 42,
    "create_expressions": 43,
    "create_events": 44,
    "use_external_sounds": 45,
    "send_voice_messages": 46,
    "set_voice_channel_status": 48,
    "send_polls": 49,
    "use_external_apps": 50,
    "pin_messages": 51,
    "bypass_slowmode": 52,
}

PERMISSIONS: Mapping[str, int] = MappingProxyType({name: 1 << position for name, position in _BIT_POSITIONS.items()})

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
