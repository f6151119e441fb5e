"""Channels of all guilds with their permission overwrites, packed into one byte string per guild.

discord.py would keep one object per channel, so the channels of GUILD_CREATE are removed before it reads them
(docs/decisions/0010). Commands need some of them: this directory keeps what is needed to say where a channel belongs
and who can see it. A guild is unpacked only when a command asks for it.
"""

import struct
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from herwa_bot.collector.parsing.messages import parse_channel
from herwa_bot.collector.payload_fields import InvalidPayload, Payload, parse_permissions, parse_snowflake
from herwa_shared.discord.constants import THREAD_CHANNEL_TYPES, OverwriteType
from herwa_shared.log import get_logger

log = get_logger(__name__)

_CHANNEL_STRUCT = struct.Struct("<QQiBHH")  # id, parent id, position, type, number of overwrites, bytes of the name
_OVERWRITE_STRUCT = struct.Struct("<QBQQ")  # id, type, allowed bits, denied bits
OVERWRITE_TYPES = tuple(OverwriteType)
MAX_OVERWRITES = 1_000  # Discord allows 1,000 per channel


@dataclass(frozen=True, slots=True)
class Overwrite:
    """A permission overwrite of a role (type 0) or a member (type 1)."""

    id: int
    type: int
    allow: int
    deny: int


@dataclass(frozen=True, slots=True)
class ChannelRecord:
    """A channel or category; `parent_id` is its category, 0 for none."""

    id: int
    parent_id: int
    position: int
    type: int
    name: str
    overwrites: tuple[Overwrite, ...]

    def to_payload(self) -> dict[str, Any]:
        """Build the payload from which discord.py builds a channel object."""
        return {
            "id": str(self.id),
            "type": self.type,
            "name": self.name,
            "position": self.position,
            "parent_id": str(self.parent_id) if self.parent_id else None,
            "permission_overwrites": [
                {"id": str(entry.id), "type": entry.type, "allow": str(entry.allow), "deny": str(entry.deny)}
                for entry in self.overwrites
            ],
            "bitrate": 0,
            "user_limit": 0,
        }


class ChannelDirectory:
    """Channels and categories by guild; threads are not included."""

    def __init__(self) -> None:
        self._packed: dict[int, bytes] = {}

    def has_guild(self, guild_id: int) -> bool:
        """Return whether the channels of a guild are known."""
        return guild_id in self._packed

    def find(self, guild_id: int, channel_id: int) -> ChannelRecord | None:
        """Find a channel or category."""
        return next((record for record in self._unpack(guild_id) if record.id == channel_id), None)

    def list_channels(self, guild_id: int) -> list[ChannelRecord]:
        """List the channels and categories of a guild, sorted by position."""
        return sorted(self._unpack(guild_id), key=lambda record: (record.position, record.id))

    def iterate_channels(self, guild_id: int) -> Iterator[ChannelRecord]:
        """Iterate over the channels and categories of a guild, in no particular order."""
        return self._unpack(guild_id)

    def set_guild(self, guild_id: int, payloads: Iterable[Payload]) -> None:
        """Replace all channels of a guild; an invalid channel is logged and skipped, the others are kept."""
        records, skipped_count = [], 0
        for payload in payloads:
            try:
                record = _parse_record(payload, guild_id)
            except (LookupError, TypeError, ValueError):
                skipped_count += 1
            else:
                records += [record] if record else []
        self._packed[guild_id] = b"".join(map(_pack, records))
        if skipped_count:
            log.warning("channels skipped, invalid payload", guild=guild_id, count=skipped_count)

    def update(self, guild_id: int, payload: Payload) -> None:
        """Add or replace a channel. Raises LookupError or InvalidPayload, and then changes nothing."""
        if record := _parse_record(payload, guild_id):
            others = b"".join(_pack(other) for other in self._unpack(guild_id) if other.id != record.id)
            self._packed[guild_id] = others + _pack(record)

    def remove(self, guild_id: int, channel_id: int) -> None:
        """Remove a channel."""
        if guild_id in self._packed:
            self._packed[guild_id] = b"".join(
                _pack(record) for record in self._unpack(guild_id) if record.id != channel_id
            )

    def remove_guild(self, guild_id: int) -> None:
        """Remove all channels of a guild."""
        self._packed.pop(guild_id, None)

    def retain_guilds(self, guild_ids: Container[int]) -> None:
        """Remove the guilds that are not in `guild_ids`."""
        for guild_id in [guild_id for guild_id in self._packed if guild_id not in guild_ids]:
            del self._packed[guild_id]

    def _unpack(self, guild_id: int) -> Iterator[ChannelRecord]:
        packed, offset = self._packed.get(guild_id, b""), 0
        while offset < len(packed):
            channel_id, parent_id, position, type_, overwrite_count, name_size = _CHANNEL_STRUCT.unpack_from(
                packed, offset
            )
            offset += _CHANNEL_STRUCT.size
            name = packed[offset : offset + name_size].decode()
            offset += name_size
            end = offset + overwrite_count * _OVERWRITE_STRUCT.size
            overwrites = tuple(Overwrite(*fields) for fields in _OVERWRITE_STRUCT.iter_unpack(packed[offset:end]))
            offset = end
            yield ChannelRecord(channel_id, parent_id, position, type_, name, overwrites)


def _pack(record: ChannelRecord) -> bytes:
    name = record.name.encode()
    head = _CHANNEL_STRUCT.pack(
        record.id, record.parent_id, record.position, record.type, len(record.overwrites), len(name)
    )
    overwrites = [_OVERWRITE_STRUCT.pack(entry.id, entry.type, entry.allow, entry.deny) for entry in record.overwrites]
    return b"".join((head, name, *overwrites))


def _parse_record(payload: Payload, guild_id: int) -> ChannelRecord | None:
    """Parse a channel with its overwrites; None for a thread."""
    channel = parse_channel(payload, guild_id=guild_id)
    if channel.kind in THREAD_CHANNEL_TYPES:
        return None
    if not 0 <= channel.kind <= 255:
        raise InvalidPayload("type")
    overwrites = payload.get("permission_overwrites") or ()
    if len(overwrites) > MAX_OVERWRITES:
        raise InvalidPayload("permission_overwrites")
    return ChannelRecord(
        id=channel.id,
        parent_id=channel.parent_id or 0,
        position=channel.position,
        type=channel.kind,
        name=channel.name,
        overwrites=tuple(map(_parse_overwrite, overwrites)),
    )


def _parse_overwrite(payload: Payload) -> Overwrite:
    if payload["type"] not in OVERWRITE_TYPES:
        raise InvalidPayload("type")
    return Overwrite(
        parse_snowflake(payload, "id"),
        payload["type"],
        parse_permissions(payload, "allow"),
        parse_permissions(payload, "deny"),
    )
