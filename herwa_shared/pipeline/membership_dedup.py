"""Joinings and leavings, each counted once: a stay that is recorded began, and one that has ended is over.

Discord repeats both when it replays, and two collectors of one guild hear both. A joining carries its own time, so it
is known by it for ever. A leaving has no time but ours; it counts when it ends a stay. When nobody heard the stay
begin, it counts unless the member left a moment ago.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import asyncpg

from herwa_shared.pipeline.events import Event, EventKind

KINDS = frozenset((EventKind.JOIN.value, EventKind.LEAVE.value))
UNHEARD_MS = 0  # nobody knows when this stay began
SAME_LEAVING_MS = 600_000
LONGEST_SECONDS = (1 << 31) - 1

KNOWN = """
SELECT person.guild_id, person.user_id, s.joined_at, s.left_at
FROM unnest($1::bigint[], $2::bigint[]) AS person (guild_id, user_id)
JOIN member_stay AS s ON s.guild_id = person.guild_id AND s.user_id = person.user_id
"""
TOLD = """
SELECT person.guild_id, person.user_id, m.joined_at
FROM unnest($1::bigint[], $2::bigint[]) AS person (guild_id, user_id)
JOIN member AS m ON m.guild_id = person.guild_id AND m.user_id = person.user_id
WHERE m.joined_at IS NOT NULL
"""
# A guild that the directory could not take has no stays; what happens in it counts all the same.
SAVE = """
INSERT INTO member_stay (guild_id, user_id, joined_at, left_at)
SELECT stay.*
FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::timestamptz[])
    AS stay (guild_id, user_id, joined_at, left_at)
JOIN guild ON guild.id = stay.guild_id
ON CONFLICT (guild_id, user_id, joined_at) DO UPDATE SET left_at = excluded.left_at
"""

Person = tuple[int, int]


@dataclass(slots=True)
class Stays:
    """One member's stays in one guild, joined → left or None, in milliseconds; `told` is when Discord says they joined.

    At most one of them, the newest, is still open.
    """

    told: int | None = None
    known: dict[int, int | None] = field(default_factory=dict)
    changed: set[int] = field(default_factory=set)

    def joined(self, at_ms: int) -> bool:
        """Begin a stay there; False when it is known. A stay that was open is over by then, unheard."""
        if at_ms in self.known:
            return False
        for earlier in [begun for begun, left in self.known.items() if left is None and begun < at_ms]:
            self._note(earlier, at_ms)
        self._note(at_ms, min((begun for begun in self.known if begun > at_ms), default=None))
        return True

    def left(self, at_ms: int) -> tuple[bool, int | None]:
        """End the stay; whether this is news, and since when it lasted, if known."""
        began = next((begun for begun, left in self.known.items() if left is None), None)
        last = max((left for left in self.known.values() if left is not None), default=None)
        if began is None and self.told is not None and (last is None or self.told > last):
            began = self.told
        if began is None and last is not None and at_ms - last < SAME_LEAVING_MS:
            return False, None
        self._note(UNHEARD_MS if began is None else began, at_ms)
        return True, began or None

    def _note(self, joined_ms: int, left_ms: int | None) -> None:
        self.known[joined_ms] = left_ms
        self.changed.add(joined_ms)


async def admit_stays(connection: asyncpg.Connection, events: Sequence[Event]) -> list[Event]:
    """Those joinings and leavings that are news, with how long stays had lasted. The caller holds the append lock."""
    stays = await _stays(connection, {(event.guild_id, event.user_id) for event in events})
    fresh: list[Event] = []
    for event in events:
        theirs = stays[event.guild_id, event.user_id]
        if event.kind == EventKind.JOIN:
            if theirs.joined(event.at_ms):
                fresh.append(event)
            continue
        news, since_ms = theirs.left(event.at_ms)
        if news:
            fresh.append(event._replace(value=_seconds(since_ms, event.at_ms)))
    await _save(connection, stays)
    return fresh


async def _stays(connection: asyncpg.Connection, people: Iterable[Person]) -> dict[Person, Stays]:
    stays = {person: Stays() for person in people}
    guilds, users = zip(*stays, strict=True)
    for row in await connection.fetch(KNOWN, guilds, users):
        left = row["left_at"]
        stays[row["guild_id"], row["user_id"]].known[_ms(row["joined_at"])] = None if left is None else _ms(left)
    for row in await connection.fetch(TOLD, guilds, users):
        stays[row["guild_id"], row["user_id"]].told = _ms(row["joined_at"])
    return stays


async def _save(connection: asyncpg.Connection, stays: dict[Person, Stays]) -> None:
    rows = [
        (guild_id, user_id, _moment(joined), None if (left := theirs.known[joined]) is None else _moment(left))
        for (guild_id, user_id), theirs in stays.items()
        for joined in theirs.changed
    ]
    if rows:
        await connection.execute(SAVE, *zip(*rows, strict=True))


def _seconds(since_ms: int | None, until_ms: int) -> int | None:
    return None if since_ms is None else min(max(0, (until_ms - since_ms) // 1000), LONGEST_SECONDS)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
