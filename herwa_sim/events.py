"""Gateway events.

The JSON of an event is encoded at most once per variant and shared by all sessions.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from herwa_shared.discord.constants import Intents

ALL_INTENTS = sum(Intents)

_INTENT_BY_PREFIX = {
    "GUILD_MEMBER": Intents.GUILD_MEMBERS,
    "GUILD_BAN": Intents.GUILD_MODERATION,
    "GUILD_AUDIT_LOG": Intents.GUILD_MODERATION,
    "GUILD_EMOJIS": Intents.GUILD_EXPRESSIONS,
    "GUILD_STICKERS": Intents.GUILD_EXPRESSIONS,
    "GUILD_INTEGRATIONS": Intents.GUILD_INTEGRATIONS,
    "GUILD_SCHEDULED_EVENT": Intents.GUILD_SCHEDULED_EVENTS,
    "GUILD_": Intents.GUILDS,
    "CHANNEL_": Intents.GUILDS,
    "THREAD_MEMBERS": Intents.GUILD_MEMBERS,
    "THREAD_": Intents.GUILDS,
    "STAGE_INSTANCE": Intents.GUILDS,
    "WEBHOOKS_": Intents.GUILD_WEBHOOKS,
    "INVITE_": Intents.GUILD_INVITES,
    "VOICE_": Intents.GUILD_VOICE_STATES,
    "PRESENCE_": Intents.GUILD_PRESENCES,
    "MESSAGE_REACTION": Intents.GUILD_MESSAGE_REACTIONS,
    "MESSAGE_POLL": Intents.GUILD_MESSAGE_POLLS,
    "MESSAGE_": Intents.GUILD_MESSAGES,
    "TYPING_": Intents.GUILD_MESSAGE_TYPING,
}
_INTENT_BY_NAME: dict[str, int] = {"GUILD_MEMBERS_CHUNK": 0}


def get_intent(name: str) -> int:
    """Return the intent that a session needs for events of this name; 0 if it needs none."""
    cached = _INTENT_BY_NAME.get(name)
    if cached is None:
        cached = next((int(intent) for prefix, intent in _INTENT_BY_PREFIX.items() if name.startswith(prefix)), 0)
        _INTENT_BY_NAME[name] = cached
    return cached


class GatewayEvent:
    """A gateway event.

    `redacted` replaces `data` for sessions without the MESSAGE_CONTENT intent. Both may already be JSON bytes;
    otherwise they are encoded lazily, when the first session needs them. An event that is not `genuine` was injected
    for a test. A `direct` event belongs to a direct message and not to a guild. `channel_id` is that of an event which
    Discord sends only to bots that can view the channel.
    """

    __slots__ = ("_data", "_redacted", "channel_id", "genuine", "guild_id", "intent", "name")

    def __init__(
        self,
        name: str,
        data: Mapping[str, Any] | bytes,
        *,
        guild_id: int | None = None,
        channel_id: int | None = None,
        redacted: Mapping[str, Any] | bytes | None = None,
        genuine: bool = True,
        direct: bool = False,
    ) -> None:
        self.name = name
        self.intent = int(Intents.DIRECT_MESSAGES) if direct else get_intent(name)
        self.guild_id = guild_id
        self.channel_id = channel_id
        self.genuine = genuine
        self._data = data
        self._redacted = data if redacted is None else redacted

    def encode(self, *, with_content: bool) -> bytes:
        """Return the event's `d` as JSON bytes, cached and shared by all sessions."""
        if self._redacted is self._data:
            self._data = self._redacted = _encode_json(self._data)
            return self._data
        if with_content:
            self._data = _encode_json(self._data)
            return self._data
        self._redacted = _encode_json(self._redacted)
        return self._redacted


def _encode_json(data: Mapping[str, Any] | bytes) -> bytes:
    return data if isinstance(data, bytes) else orjson.dumps(data)
