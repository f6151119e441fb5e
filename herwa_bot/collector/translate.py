"""Discord's JSON into what Herwa keeps. Pure; a missing field raises and the tap skips that event."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from herwa_shared.pipeline.events import Event, EventKind, snowflake_ms
from herwa_shared.services.guilds import ChannelSeen, GuildSeen

Payload = Mapping[str, Any]

DEFAULT, REPLY = 0, 19  # the message types that people write; all others are Discord's own or answers of apps
WRITTEN = frozenset((DEFAULT, REPLY))
THREADS = frozenset((10, 11, 12))
NAME_LENGTH = 100
HUMAN, BOT, WEBHOOK = EventKind.MESSAGE.value, EventKind.MESSAGE_BOT.value, EventKind.MESSAGE_WEBHOOK.value


def message_created(data: Payload, *, parent_id: int, live_since_ms: int, content: bool) -> Event | None:
    """A message, or None when nobody wrote it. `parent_id` is the thread's channel, 0 outside threads.

    `content` says whether Discord lets us see lengths and attachments; without it they are unknown, not 0.
    """
    kind = data["type"]
    if kind not in WRITTEN:
        return None
    author = data["author"]
    message_id, place_id = int(data["id"]), int(data["channel_id"])
    if "webhook_id" in data:
        what = WEBHOOK
    elif author.get("bot"):
        what = BOT
    else:
        what = HUMAN
    return Event(
        int(data["guild_id"]),
        what,
        snowflake_ms(message_id),
        parent_id or place_id,
        place_id if parent_id else 0,
        int(author["id"]),
        kind == REPLY,
        len(data["content"]) if content else None,
        len(data["attachments"]) if content else None,
        message_id,
        live_since_ms,
    )


def message_edited(data: Payload, *, parent_id: int) -> Event | None:
    """An edit by its author, or None for Discord's own changes, such as a link's preview."""
    edited = data.get("edited_timestamp")
    if edited is None or "author" not in data:
        return None
    at_ms = int(datetime.fromisoformat(edited).timestamp() * 1000)
    return _mark(data, EventKind.MESSAGE_EDIT, at_ms, parent_id=parent_id, user_id=int(data["author"]["id"]))


def message_deleted(data: Payload, *, parent_id: int, at_ms: int) -> Event:
    """A deletion. Discord says neither who wrote the message nor who deleted it, nor when: `at_ms` is our own clock."""
    return _mark(data, EventKind.MESSAGE_DELETE, at_ms, parent_id=parent_id, user_id=0)


def _mark(data: Payload, kind: EventKind, at_ms: int, *, parent_id: int, user_id: int) -> Event:
    place_id = int(data["channel_id"])
    return Event(
        guild_id=int(data["guild_id"]),
        kind=kind,
        at_ms=at_ms,
        channel_id=parent_id or place_id,
        thread_id=place_id if parent_id else 0,
        user_id=user_id,
        reply=False,
        value=None,
        attachments=None,
        message_id=0,
        live_since_ms=0,
    )


def member_name(data: Payload) -> str:
    """What the guild calls the author of a message: nickname, else display name, else user name."""
    author = data["author"]
    nick = data["member"].get("nick") if "member" in data else None
    name: str = nick or author.get("global_name") or author["username"]
    return name[:NAME_LENGTH]


def guild_created(data: Payload) -> GuildSeen:
    """A guild that the bot is in."""
    return GuildSeen(
        id=int(data["id"]),
        name=data["name"][:NAME_LENGTH],
        owner_id=int(data["owner_id"]),
        icon=data.get("icon"),
        member_count=data.get("member_count", 0),
        joined_at=datetime.fromisoformat(data["joined_at"]),
    )


def guild_updated(data: Payload, known: GuildSeen) -> GuildSeen:
    """The same guild with what people changed; the update repeats neither its size nor when we joined."""
    return replace(known, name=data["name"][:NAME_LENGTH], owner_id=int(data["owner_id"]), icon=data.get("icon"))


def channel_seen(data: Payload, *, guild_id: int) -> ChannelSeen:
    """A channel, category or thread; GUILD_CREATE leaves its guild's id out."""
    parent = data.get("parent_id")
    return ChannelSeen(
        id=int(data["id"]),
        guild_id=guild_id,
        parent_id=int(parent) if parent else None,
        kind=data["type"],
        name=(data.get("name") or "")[:NAME_LENGTH],
        position=data.get("position") or 0,
    )


def is_thread(channel: ChannelSeen) -> bool:
    """Threads count for their parent."""
    return channel.kind in THREADS
