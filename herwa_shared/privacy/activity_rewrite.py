"""Replace members in ClickHouse by user 0 or by pseudonyms, and delete guilds, while every count stays exact.

In `activity_events` the member is a plain column: a mutation replaces it. In `activity_hourly` it is part of the
sorting key, which no mutation can change. There, one insert adds for each of the member's rows a row that cancels it
and a row with the same numbers for the replacement; ClickHouse makes an insert into one month visible at once, so sums
are right at every moment. Then the month is merged, which adds up a row and the one that cancels it, and afterwards a
mutation deletes the rows that are zero. It must not delete rows before they are merged: a mutation changes one part
after the other, so that a reader would see one row of a pair without the other. An insert that is repeated after a
crash finds nothing left to cancel. Nothing else may be inserted meanwhile: `hold_transfers` keeps the mover waiting.

A pseudonym is computed within the insert (`clickhouse/pseudonyms`). The text of a mutation is stored until it is
finished, so that one about `activity_events` contains the pseudonyms of its members and not the key.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.changes.data_versions import RAISE_SQL
from herwa_shared.clickhouse.pseudonyms import FIRST_PSEUDONYM, build_pseudonym_sql, insert_key
from herwa_shared.pipeline.mover import finish_planned_batch

MAX_INSERT_ROWS = 200_000
MAX_INSERT_GUILDS = 2_000
"""Ids are a parameter of the statement, whose length is limited."""


def _build_condition(column: str) -> str:
    """Build the condition for the rows of a scope; `column` contains their time."""
    return f"""
    (empty({{guilds:Array(UInt64)}}) OR guild_id IN {{guilds:Array(UInt64)}})
    AND {column} >= toDateTime({{start:UInt32}}, 'UTC') AND {column} < toDateTime({{end:UInt32}}, 'UTC')
    AND (empty({{members:Array(Tuple(UInt64, UInt64))}}) AND user_id BETWEEN 1 AND {FIRST_PSEUDONYM - 1}
        OR (guild_id, user_id) IN {{members:Array(Tuple(UInt64, UInt64))}})
    """


EVENTS_CONDITION, HOURS_CONDITION = _build_condition("at"), _build_condition("hour")
REPLACE_IN_EVENTS_SQL = f"""
ALTER TABLE activity_events
UPDATE user_id = {{replacements:Array(UInt64)}}[
    indexOf({{members:Array(Tuple(UInt64, UInt64))}}, (guild_id, user_id))
]
WHERE {EVENTS_CONDITION}
"""
PSEUDONYMS_SQL = f"""
SELECT {build_pseudonym_sql("member.1", "member.2")}
FROM (SELECT arrayJoin({{members:Array(Tuple(UInt64, UInt64))}}) AS member)
"""  # noqa: S608 - constants
LIST_MONTHS_SQL = (
    f"SELECT DISTINCT toStartOfMonth(hour) AS month FROM activity_hourly WHERE {HOURS_CONDITION} ORDER BY month"  # noqa: S608 - constants
)
NO_MEMBER_SQL = "toUInt64(0)"
# bitNot(n) + 1 is -n in 64 bits: both add up to zero.
REPLACE_IN_HOURS_SQL = f"""
INSERT INTO activity_hourly (guild_id, kind, hour, channel_id, user_id, events, total)
SELECT guild_id, kind, hour, channel_id, item.1, item.2, item.3
FROM (
    SELECT guild_id, kind, hour, channel_id, user_id, {NO_MEMBER_SQL} AS replacement,
        sum(events) AS event_sum, sum(total) AS total_sum
    FROM activity_hourly
    WHERE toStartOfMonth(hour) = {{month:Date}} AND {HOURS_CONDITION}
    GROUP BY guild_id, kind, hour, channel_id, user_id
    HAVING event_sum != 0 OR total_sum != 0
)
ARRAY JOIN [(user_id, bitNot(event_sum) + 1, bitNot(total_sum) + 1), (replacement, event_sum, total_sum)] AS item
"""  # noqa: S608 - constants
COUNT_BY_GUILD_SQL = f"""
SELECT guild_id, count() FROM activity_hourly WHERE toStartOfMonth(hour) = {{month:Date}} AND {HOURS_CONDITION}
GROUP BY guild_id ORDER BY guild_id
"""  # noqa: S608 - constants
REPLACE_BY_PSEUDONYMS_SQL = REPLACE_IN_HOURS_SQL.replace(NO_MEMBER_SQL, build_pseudonym_sql())
MERGE_MONTH_SQL = "OPTIMIZE TABLE activity_hourly PARTITION {partition} FINAL"
DELETE_HOURS_SQL = f"ALTER TABLE activity_hourly DELETE WHERE events = 0 AND total = 0 AND {HOURS_CONDITION}"
COUNT_HOURS_SQL = f"SELECT count() FROM activity_hourly WHERE {HOURS_CONDITION}"  # noqa: S608 - constants
COUNT_EVENTS_SQL = f"SELECT count() FROM activity_events WHERE {EVENTS_CONDITION}"  # noqa: S608 - constants
IDS_OF_USER_SQL = f"""
SELECT DISTINCT guild_id, user_id FROM activity_hourly
WHERE ({{guild:UInt64}} = 0 OR guild_id = {{guild:UInt64}})
    AND (user_id = {{user:UInt64}} OR (guild_id, user_id) IN (
        SELECT guild_id, {build_pseudonym_sql(user="{user:UInt64}")}
        FROM (SELECT DISTINCT guild_id FROM activity_hourly WHERE {{guild:UInt64}} = 0 OR guild_id = {{guild:UInt64}})
    ))
ORDER BY guild_id, user_id
"""  # noqa: S608 - constants
DELETE_GUILD_SQLS = (
    "ALTER TABLE activity_events DELETE WHERE guild_id = {guild:UInt64} AND at < toDateTime({end:UInt32}, 'UTC')",
    *(
        f"ALTER TABLE {table} DELETE WHERE guild_id = {{guild:UInt64}} AND hour < toDateTime({{end:UInt32}}, 'UTC')"
        for table in ("activity_hourly", "command_hourly", "sample_hourly")
    ),
)
# The transaction is idle while ClickHouse rewrites rows, possibly for longer than PostgreSQL usually allows.
ALLOW_LONG_WAIT_SQL = "SET LOCAL idle_in_transaction_session_timeout = '30min'"
# ClickHouse keeps the text of the newest finished mutation, so a rewrite of members ends with one that is empty.
EMPTY_MUTATION_SQLS = (
    "ALTER TABLE activity_events DELETE WHERE false",
    "ALTER TABLE activity_hourly DELETE WHERE false",
)
# Statements with ids of members or with a key are not logged by a server that logs queries.
_QUERY_SETTINGS = {"log_queries": 0}
_MUTATION_SETTINGS = {"mutations_sync": 2, **_QUERY_SETTINGS}
# One block per insert, so that both rows of a pair become visible at the same moment.
# ClickHouse must not ignore an insert that is equal to an earlier one: the same numbers may have come back.
_INSERT_SETTINGS = {
    "async_insert": 0,
    "wait_end_of_query": 1,
    "max_insert_threads": 1,
    "insert_deduplicate": 0,
    **_QUERY_SETTINGS,
}


class ActivityRemains(RuntimeError):
    """Rows of a member are left in ClickHouse after they were replaced."""


@dataclass(frozen=True, slots=True)
class ActivityScope:
    """Rows of these members (guild and id, their own or a pseudonym) in the hours `[start, end)`.

    If members are None, the hours of all members with their own id in all guilds, and no events. Rows without a member
    are never part of it. `guild_ids` are those of the members. `end` is a full hour.
    """

    guild_ids: tuple[int, ...]
    end: datetime
    start: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    members: tuple[tuple[int, int], ...] | None = None

    def to_parameters(self) -> dict[str, Any]:
        """Convert to query parameters."""
        return {
            "guilds": list(self.guild_ids),
            "members": list(self.members or ()),
            "start": int(self.start.timestamp()),
            "end": int(self.end.timestamp()),
        }


@asynccontextmanager
async def hold_transfers(connection: asyncpg.Connection, clickhouse: AsyncClient) -> AsyncIterator[set[int]]:
    """Keep the mover from inserting while the block runs, in one transaction; events wait in the buffer.

    A batch on its way is finished first. So every event that was in it is in ClickHouse. Yields the ids of guilds whose
    data versions are raised at the end of the block; the caller adds those whose rows it changes.
    """
    async with connection.transaction():
        await connection.execute(ALLOW_LONG_WAIT_SQL)
        changed_guild_ids = await finish_planned_batch(connection, clickhouse)
        yield changed_guild_ids
        await connection.execute(RAISE_SQL, list(changed_guild_ids))


async def remove_members(clickhouse: AsyncClient, scope: ActivityScope) -> None:
    """Replace members by user 0. The caller holds the transfers. Raises ActivityRemains."""
    await _replace(clickhouse, scope, REPLACE_IN_HOURS_SQL, [0] * len(scope.members or ()))


async def replace_by_pseudonyms(clickhouse: AsyncClient, scope: ActivityScope, *, audit_key: bytes | None) -> None:
    """Replace each member by their pseudonym, the same for all rows of a member of a guild.

    The caller holds the transfers. Raises ActivityRemains.
    """
    statement, parameters = insert_key(PSEUDONYMS_SQL, audit_key), scope.to_parameters()
    pseudonyms = await clickhouse.query(statement, parameters=parameters, settings=_QUERY_SETTINGS)
    hours_statement = insert_key(REPLACE_BY_PSEUDONYMS_SQL, audit_key)
    await _replace(clickhouse, scope, hours_statement, [row[0] for row in pseudonyms.result_rows])


def get_next_hour(moment: datetime) -> datetime:
    """Return the first full hour after a moment: rows of `activity_hourly` cannot be divided further."""
    return moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


async def delete_guild_activity(clickhouse: AsyncClient, guild_id: int, *, end: datetime) -> None:
    """Delete all rows of a guild up to a time."""
    parameters = {"guild": guild_id, "end": int(end.timestamp())}
    for statement in DELETE_GUILD_SQLS:
        await clickhouse.command(statement, parameters=parameters, settings=_MUTATION_SETTINGS)


async def list_ids_of_user(
    clickhouse: AsyncClient, user_id: int, *, guild_id: int | None, audit_key: bytes | None
) -> list[tuple[int, int]]:
    """List under which ids a user has rows in a guild (None: in any), as guild and id: their own or a pseudonym."""
    parameters = {"user": user_id, "guild": guild_id or 0}
    statement = insert_key(IDS_OF_USER_SQL, audit_key)
    result = await clickhouse.query(statement, parameters=parameters, settings=_QUERY_SETTINGS)
    return [(row[0], row[1]) for row in result.result_rows]


async def count_rows(clickhouse: AsyncClient, scope: ActivityScope) -> int:
    """Count the rows of a scope, in both tables if it has members."""
    statements = (COUNT_HOURS_SQL,) if scope.members is None else (COUNT_HOURS_SQL, COUNT_EVENTS_SQL)
    counts = [
        await clickhouse.query(statement, parameters=scope.to_parameters(), settings=_QUERY_SETTINGS)
        for statement in statements
    ]
    return sum(int(count.result_rows[0][0]) for count in counts)


async def _replace(
    clickhouse: AsyncClient, scope: ActivityScope, hours_statement: str, replacements: list[int]
) -> None:
    """Replace the members of a scope: in its hours by a statement, in events by the replacement of each member."""
    parameters = scope.to_parameters()
    if scope.members is not None:
        events_parameters = parameters | {"replacements": replacements}
        await clickhouse.command(REPLACE_IN_EVENTS_SQL, parameters=events_parameters, settings=_MUTATION_SETTINGS)
    months = await clickhouse.query(LIST_MONTHS_SQL, parameters=parameters, settings=_QUERY_SETTINGS)
    for (month,) in months.result_rows:
        for guild_ids in await _split_guilds(clickhouse, parameters | {"month": month}):
            part = parameters | {"month": month, "guilds": guild_ids}
            await clickhouse.command(hours_statement, parameters=part, settings=_INSERT_SETTINGS)
        await clickhouse.command(MERGE_MONTH_SQL.format(partition=f"{month:%Y%m}"), settings=_QUERY_SETTINGS)
    if months.result_rows:
        await clickhouse.command(DELETE_HOURS_SQL, parameters=parameters, settings=_MUTATION_SETTINGS)
    for statement in EMPTY_MUTATION_SQLS if scope.members else ():
        await clickhouse.command(statement, settings=_MUTATION_SETTINGS)
    if remaining := await count_rows(clickhouse, scope):
        raise ActivityRemains(f"{remaining} rows are left")


async def _split_guilds(clickhouse: AsyncClient, parameters: dict[str, Any]) -> list[list[int]]:
    """Split the guilds of a scope and month into parts, each replaced by one insert.

    A part has about MAX_INSERT_ROWS rows and at most MAX_INSERT_GUILDS guilds.
    """
    parts: list[list[int]] = []
    part_rows = MAX_INSERT_ROWS
    counts = await clickhouse.query(COUNT_BY_GUILD_SQL, parameters=parameters, settings=_QUERY_SETTINGS)
    for guild_id, rows in counts.result_rows:
        if part_rows + rows > MAX_INSERT_ROWS or len(parts[-1]) == MAX_INSERT_GUILDS:
            parts.append([])
            part_rows = 0
        parts[-1].append(guild_id)
        part_rows += rows
    return parts
