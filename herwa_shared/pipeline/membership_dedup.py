"""Deduplication of joins and leaves against the recorded membership periods.

Discord repeats both events when it replays, and two collectors of one guild receive both. A join carries its own time,
which Discord may send shifted by a moment. While a membership is open and no leave can have been missed, another join
of that member is therefore the same one. A leave has no time of its own but the time of receipt: it counts if it ends
an open membership period. If the start of that period was never received, the leave counts unless the member already
left within LEAVE_DEDUP_WINDOW_MS.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import asyncpg

from herwa_shared.pipeline.events import ActivityEvent, EventKind

MEMBERSHIP_KINDS = frozenset((EventKind.JOIN.value, EventKind.LEAVE.value))
UNKNOWN_JOIN_MS = 0  # start of a membership period whose join time is unknown
LEAVE_DEDUP_WINDOW_MS = 600_000
JOIN_SHIFT_MS = 60_000  # the most by which the times of one join may differ
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
# A guild that could not be stored in the directory (table `guild`) gets no periods, but its events still count.
SAVE_PERIODS_SQL = """
INSERT INTO membership_period (guild_id, user_id, joined_at, left_at)
SELECT stay.*
FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::timestamptz[])
    AS stay (guild_id, user_id, joined_at, left_at)
JOIN guild ON guild.id = stay.guild_id
ON CONFLICT (guild_id, user_id, joined_at) DO UPDATE SET left_at = excluded.left_at
"""

# An import carries joins and leaves of the past. Known periods are kept; a leave ends the period that was open then.
SAVE_PAST_JOINS_SQL = """
INSERT INTO membership_period (guild_id, user_id, joined_at)
SELECT past.*
FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[]) AS past (guild_id, user_id, joined_at)
JOIN guild ON guild.id = past.guild_id
ON CONFLICT DO NOTHING
"""
SAVE_PAST_LEAVES_SQL = """
WITH past AS (
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[]) AS past (guild_id, user_id, left_at)
), ended AS (
    UPDATE membership_period AS p SET left_at = past.left_at
    FROM past
    WHERE p.guild_id = past.guild_id AND p.user_id = past.user_id AND p.left_at IS NULL AND p.joined_at = (
        SELECT max(earlier.joined_at) FROM membership_period AS earlier
        WHERE earlier.guild_id = past.guild_id AND earlier.user_id = past.user_id AND earlier.joined_at <= past.left_at
    )
    RETURNING past.guild_id, past.user_id
)
INSERT INTO membership_period (guild_id, user_id, joined_at, left_at)
SELECT DISTINCT ON (past.guild_id, past.user_id) past.guild_id, past.user_id, 'epoch'::timestamptz, past.left_at
FROM past JOIN guild ON guild.id = past.guild_id
WHERE NOT EXISTS (SELECT FROM ended WHERE ended.guild_id = past.guild_id AND ended.user_id = past.user_id)
ORDER BY past.guild_id, past.user_id, past.left_at DESC
ON CONFLICT (guild_id, user_id, joined_at) DO UPDATE
SET left_at = greatest(membership_period.left_at, excluded.left_at)
"""
# The newest period of a member is kept until the member is replaced by a pseudonym (`privacy.pseudonyms`).
PURGE_PERIODS_SQL = """
DELETE FROM membership_period AS p
WHERE p.left_at < $1 AND EXISTS (
    SELECT FROM membership_period AS newer
    WHERE newer.guild_id = p.guild_id AND newer.user_id = p.user_id AND newer.joined_at > p.joined_at
)
"""
PERIOD_RETENTION = timedelta(days=1)
"""Discord repeats joins and leaves within minutes; the catch-up fetches none."""

MemberKey = tuple[int, int]


@dataclass(slots=True)
class MembershipHistory:
    """The membership periods of one member in one guild, in milliseconds since 1970.

    `periods` maps the join time to the leave time, or to None while the period is open. At most one period, the latest,
    is open. `reported_join_ms` is the join time in Discord's member data. `changed_joins` are the keys to save.
    """

    reported_join_ms: int | None = None
    periods: dict[int, int | None] = field(default_factory=dict)
    changed_joins: set[int] = field(default_factory=set)

    def record_join(self, at_ms: int, *, live_since_ms: int) -> bool:
        """Start a period; returns False if it is already known.

        `live_since_ms` is the time since which no leave can have been missed. If a leave was missed, the open period
        is closed at `at_ms`.
        """
        if any(_is_same_join(at_ms, joined_ms, left_ms, live_since_ms) for joined_ms, left_ms in self.periods.items()):
            return False
        for open_join_ms in [
            joined_ms for joined_ms, left_ms in self.periods.items() if left_ms is None and joined_ms < at_ms
        ]:
            self._set_period(open_join_ms, at_ms)
        self._set_period(at_ms, min((joined_ms for joined_ms in self.periods if joined_ms > at_ms), default=None))
        return True

    def record_leave(self, at_ms: int) -> tuple[bool, int | None]:
        """End the open period; returns whether the leave is new, and the join time if known."""
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
    """Return the joins and leaves that are new.

    The `value` of a leave is set to the duration of the membership in seconds. The caller holds the append lock.
    Changed periods are saved on the same connection.
    """
    histories = await _load_histories(connection, {(event.guild_id, event.user_id) for event in events})
    new_events: list[ActivityEvent] = []
    for event in events:
        history = histories[event.guild_id, event.user_id]
        if event.kind == EventKind.JOIN:
            if history.record_join(event.at_ms, live_since_ms=event.live_since_ms):
                new_events.append(event)
            continue
        is_new, joined_ms = history.record_leave(event.at_ms)
        if is_new:
            new_events.append(event._replace(value=_compute_duration_seconds(joined_ms, event.at_ms)))
    await _save_histories(connection, histories)
    return new_events


async def save_past_memberships(connection: asyncpg.Connection, events: Sequence[ActivityEvent]) -> None:
    """Save the membership periods of imported joins and leaves, so that members who left are known as such.

    Members who are hidden (user 0) have none.
    """
    for kind, query in ((EventKind.JOIN, SAVE_PAST_JOINS_SQL), (EventKind.LEAVE, SAVE_PAST_LEAVES_SQL)):
        rows = [
            (event.guild_id, event.user_id, _from_ms(event.at_ms))
            for event in events
            if event.kind == kind and event.user_id
        ]
        if rows:
            await connection.execute(query, *zip(*rows, strict=True))


async def purge_membership_periods(connection: asyncpg.Connection, *, now: datetime) -> None:
    """Delete earlier periods of members, which ended so long ago that no event of them is repeated."""
    await connection.execute(PURGE_PERIODS_SQL, now - PERIOD_RETENTION)


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


def _is_same_join(at_ms: int, joined_ms: int, left_ms: int | None, live_since_ms: int) -> bool:
    """Return whether a join at `at_ms` is the one that started a known period."""
    is_near = abs(at_ms - joined_ms) <= JOIN_SHIFT_MS
    if left_ms is not None:
        return is_near and at_ms <= left_ms
    return is_near or (at_ms > joined_ms >= live_since_ms)


def _compute_duration_seconds(joined_ms: int | None, left_ms: int) -> int | None:
    return None if joined_ms is None else min(max(0, (left_ms - joined_ms) // 1000), MAX_DURATION_SECONDS)


def _to_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _from_ms(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
