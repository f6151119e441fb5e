"""The results that one process keeps: bounded, by guild, so that a change drops all of a guild at once."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

MAX_BYTES = 32 << 20
MAX_ENTRIES_PER_GUILD = 64
OBJECT_BYTES = 128 << 10
"""The assumed size of a value that is not bytes: a page's numbers."""


@dataclass(frozen=True, slots=True)
class LocalEntry:
    """A result, the data version for which it was computed, and until when it holds (Unix seconds)."""

    value: Any
    version: str
    valid_until: float

    @property
    def size(self) -> int:
        """The size in bytes, for the limit of all entries."""
        return len(self.value) if isinstance(self.value, bytes) else OBJECT_BYTES


class LocalEntries:
    """Results by guild and question. The guilds that were read least recently are dropped first."""

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._guilds: OrderedDict[int, dict[Hashable, LocalEntry]] = OrderedDict()
        self.size = 0

    def find(self, guild_id: int, question: Hashable, *, version: str, now: float) -> LocalEntry | None:
        """Return the entry of a question for this version, unless its time has passed."""
        entry = self._guilds.get(guild_id, {}).get(question)
        if entry is None or entry.version != version or now >= entry.valid_until:
            return None
        self._guilds.move_to_end(guild_id)
        return entry

    def store(self, guild_id: int, question: Hashable, entry: LocalEntry) -> None:
        """Store an entry and drop what exceeds the limits."""
        entries = self._guilds.setdefault(guild_id, {})
        self._guilds.move_to_end(guild_id)
        self._remove(entries, question)
        if len(entries) >= MAX_ENTRIES_PER_GUILD:
            self._remove(entries, next(iter(entries)))
        entries[question] = entry
        self.size += entry.size
        while self.size > self._max_bytes:
            self.drop_guild(next(iter(self._guilds)))

    def drop_guild(self, guild_id: int) -> None:
        """Drop all entries of a guild."""
        self.size -= sum(entry.size for entry in self._guilds.pop(guild_id, {}).values())

    def purge(self, now: float) -> None:
        """Drop all entries whose time has passed."""
        for guild_id, entries in list(self._guilds.items()):
            for question in [question for question, entry in entries.items() if now >= entry.valid_until]:
                self._remove(entries, question)
            if not entries:
                del self._guilds[guild_id]

    def clear(self) -> None:
        """Drop all entries."""
        self._guilds.clear()
        self.size = 0

    def _remove(self, entries: dict[Hashable, LocalEntry], question: Hashable) -> None:
        if (entry := entries.pop(question, None)) is not None:
            self.size -= entry.size
