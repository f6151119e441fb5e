"""Writes history files: Herwa's own format, and JSON as DiscordChatExporter writes it."""

import gzip
import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.support.event_factories import build_snowflake

ALL_KINDS = ["message", "edit", "delete", "reaction", "thread", "voice", "join", "leave", "members", "online"]
WRITTEN_TEXT = "canary-7f3a what a member wrote"


def to_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def write_history(
    file: Path, lines: Iterable[dict[str, Any]], begin: datetime, end: datetime, *, kinds: list[str] = ALL_KINDS
) -> Path:
    """Write a file in Herwa's own format; gzipped if its name ends with .gz."""
    header = {"format": "herwa-history", "version": 1, "from": begin.isoformat(), "to": end.isoformat(), "kinds": kinds}
    text = "".join(f"{json.dumps(line)}\n" for line in (header, *lines))
    file.write_bytes(gzip.compress(text.encode()) if file.suffix == ".gz" else text.encode())
    return file


def build_message_line(moment: datetime, number: int = 0, *, channel: int = 11, user: int = 7) -> dict[str, Any]:
    id_ = build_snowflake(to_ms(moment), number)
    return {"kind": "message", "id": str(id_), "channel_id": str(channel), "user_id": str(user), "length": 5}


def build_export_message(id_: int, *, user: int = 7, type_: str = "Default", **author: Any) -> dict[str, Any]:
    """Build a message of a chat export."""
    return {
        "id": str(id_),
        "type": type_,
        "timestamp": "2024-03-01T12:00:00+00:00",
        "timestampEdited": None,
        "callEndedTimestamp": None,
        "isPinned": False,
        "content": WRITTEN_TEXT,
        "author": {
            "id": str(user),
            "name": "ada",
            "discriminator": "0000",
            "nickname": "Ada",
            "color": None,
            "isBot": False,
            "roles": [],
            "avatarUrl": "https://cdn.discordapp.com/embed/avatars/1.png",
        }
        | author,
        "attachments": [],
        "embeds": [],
        "stickers": [],
        "reactions": [],
        "mentions": [],
        "inlineEmojis": [],
    }


def write_export(
    file: Path, guild_id: int, messages: Iterable[dict[str, Any]], *, channel_id: int, end: datetime, **channel: Any
) -> Path:
    """Write a chat export of one channel."""
    content = {
        "guild": {"id": str(guild_id), "name": "Tea", "iconUrl": "https://cdn.discordapp.com/icon.png"},
        "channel": {
            "id": str(channel_id),
            "type": "GuildTextChat",
            "categoryId": "5",
            "category": "Text",
            "name": "general",
            "topic": None,
        }
        | channel,
        "dateRange": {"after": None, "before": None},
        "exportedAt": end.isoformat(),
        "messages": list(messages),
    }
    content["messageCount"] = len(content["messages"])
    file.write_text(json.dumps(content, indent=2))
    return file
