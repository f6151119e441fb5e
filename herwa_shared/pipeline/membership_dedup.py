"""Joinings and leavings, each counted once: a stay that is recorded began, and one that has ended is over.

Discord repeats both when it replays, and two collectors of one guild hear both. A joining carries its own time, so it
is known by it for ever. A leaving has no time but ours; it counts when it ends a stay. When nobody heard the stay
begin, it counts unless the member left a moment ago.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import asyncpg

from herwa_shared.pipeline.events import ActivityEvent, EventKind

MEMBERSHIP_KINDS = frozenset((EventKind.JOIN.value, EventKind.LEAVE.value))
UNKNOWN_JOIN_MS = 0  # nobody knows when this stay began
LEAVE_DEDUP_WINDOW_MS = 600_000
MAX_DURATION_SECONDS = (1 << 31) - 1

KNOWN_PERIODS_SQL = """
SELECT person.guild_id, person.user_id, s.joined_at, s.left_at
FROM unnest($1::bigint[], $2::bigint[]) AS person (guild_id, user_id)
JOIN membership_period AS s ON s.guild_id = person.guild_id AND s.user_id = person.user_id
"""
REPORTED_JOINS_SQL = """
SELECT person.guild_id, person.user_id, m.joined_at
FROM unnest($1::bigint[], $2::bigint[]) AS person (guild_id, user_id)
JOIN member AS m ON m.guild_id = person.guild_id AND m.user_id = person.user_id
WHERE m.joined_at IS NOT NULL
"""
# A guild that the directory could not take has no stays; what happens in it counts all the same.
SAVE_PERIODS_SQL = """
INSERT INTO membership_period (guild_id, user_id, joined_at, left_at)
SELECT stay.*
FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::timestamptz[])
    AS stay (guild_id, user_id, joined_at, left_at)
JOIN guild ON guild.id = stay.guild_id
ON CONFLICT (guild_id, user_id, joined_at) DO UPDATE SET left_at = excluded.left_at
"""

MemberKey = tuple[int, int]


@dataclass(slots=True)
class MembershipHistory:
    """One member's stays in one guild, joined → left or None, in milliseconds; `told` is when Discord says they joined.

    At most one of them, the newest, is still open.
    """

    reported_join_ms: int | None = None
    periods: dict[int, int | None] = field(default_factory=dict)
    changed_joins: set[int] = field(default_factory=set)

    def record_join(self, at_ms: int) -> bool:
        """Begin a stay there; False when it is known. A stay that was open is over by then, unheard."""
        if at_ms in self.periods:
            return False
        for open_join_ms in [
            joined_ms for joined_ms, left_ms in self.periods.items() if left_ms is None and joined_ms < at_ms
        ]:
            self._set_period(open_join_ms, at_ms)
        self._set_period(at_ms, min((joined_ms for joined_ms in self.periods if joined_ms > at_ms), default=None))
        return True

    def record_leave(self, at_ms: int) -> tuple[bool, int | None]:
        """End the stay; whether this is news, and since when it lasted, if known."""
        open_join_ms = next((joined_ms for joined_ms, left_ms in self.periods.items() if left_ms is None), None)
        last_left_ms = max((left_ms for left_ms in self.periods.values() if left_ms is not None), default=None)
        if (
            open_join_ms is None
            and self.reported_join_ms is not None
            and (last_left_ms is None or self.reported_join_ms > last_left_ms)
        ):
            open_join_ms = self.reported_join_ms
        if open_join_ms is None and last_left_ms is not None and at_ms - last_left_ms < LEAVE_DEDUP_WINDOW_MS:
            return False, None
        self._set_period(UNKNOWN_JOIN_MS if open_join_ms is None else open_join_ms, at_ms)
        return True, open_join_ms or None

    def _set_period(self, joined_ms: int, left_ms: int | None) -> None:
        self.periods[joined_ms] = left_ms
        self.changed_joins.add(joined_ms)


async def filter_new_memberships(
    connection: asyncpg.Connection, events: Sequence[ActivityEvent]
) -> list[ActivityEvent]:
    """Those joinings and leavings that are news, with how long stays had lasted. The caller holds the append lock."""
    histories = await _load_histories(connection, {(event.guild_id, event.user_id) for event in events})
    new_events: list[ActivityEvent] = []
    for event in events:
        history = histories[event.guild_id, event.user_id]
        if event.kind == EventKind.JOIN:
            if history.record_join(event.at_ms):
                new_events.append(event)
            continue
        is_new, joined_ms = history.record_leave(event.at_ms)
        if is_new:
            new_events.append(event._replace(value=_compute_duration_seconds(joined_ms, event.at_ms)))
    await _save_histories(connection, histories)
    return new_events


async def _load_histories(
    connection: asyncpg.Connection, member_keys: Iterable[MemberKey]
) -> dict[MemberKey, MembershipHistory]:
    histories = {member_key: MembershipHistory() for member_key in member_keys}
    guild_ids, user_ids = zip(*histories, strict=True)
    for row in await connection.fetch(KNOWN_PERIODS_SQL, guild_ids, user_ids):
        left_at = row["left_at"]
        histories[row["guild_id"], row["user_id"]].periods[_to_ms(row["joined_at"])] = (
            None if left_at is None else _to_ms(left_at)
        )
    for row in await connection.fetch(REPORTED_JOINS_SQL, guild_ids, user_ids):
        histories[row["guild_id"], row["user_id"]].reported_join_ms = _to_ms(row["joined_at"])
    return histories


async def _save_histories(connection: asyncpg.Connection, histories: dict[MemberKey, MembershipHistory]) -> None:
    rows = [
        (
            guild_id,
            user_id,
            _from_ms(joined_ms),
            None if (left_ms := history.periods[joined_ms]) is None else _from_ms(left_ms),
        )
        for (guild_id, user_id), history in histories.items()
        for joined_ms in history.changed_joins
    ]
    if rows:
        await connection.execute(SAVE_PERIODS_SQL, *zip(*rows, strict=True))


def _compute_duration_seconds(joined_ms: int | None, left_ms: int) -> int | None:
    return None if joined_ms is None else min(max(0, (left_ms - joined_ms) // 1000), MAX_DURATION_SECONDS)


def _to_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _from_ms(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
