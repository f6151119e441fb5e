"""Activity of the demo guild: rows that ClickHouse computes from the time, instead of rows of a table.

The same hour always has the same rows, and new ones appear as time passes. The statements of this package read them
through `to_demo_sql`, so that every number of the demo guild comes from the code that counts real guilds.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from herwa_shared.demo_guild import DEMO_GUILD_ID, DEMO_MEMBER_COUNT, FIRST_CHANNEL_ID, FIRST_MEMBER_ID

HISTORY = timedelta(days=800)
TICKET_INTERVAL_SECONDS = 3 * 3600

# Each hour has 110 possible events, of which a part happens: most in the evening (UTC) and at weekends. The hash of the
# hour and of the event's number decides whether it happens, when, where and by whom; few members are very active.
DEMO_EVENTS_SQL = """(
    SELECT {demo_guild:UInt64} AS guild_id, hour,
        multiIf(number < 72, 'message', number < 88, 'reaction', number < 100, 'voice', number < 102, 'thread',
            number < 103, 'join', number < 104, 'leave', number < 108, 'command', number < 109, 'command_denied',
            'member_count') AS kind,
        toDateTime64(hour, 3, 'UTC') + toIntervalSecond(if(number = 109, 0, intDiv(hash, 1000) % 3600)) AS at,
        multiIf(kind = 'voice', {demo_channel:UInt64} + 6 + hash % 2, kind = 'thread', {demo_channel:UInt64} + 3,
            kind IN ('join', 'leave', 'member_count'), 0,
            {demo_channel:UInt64} + toUInt64(6 * pow(intDiv(hash, 4000000) % 1000 / 1000, 2))) AS channel_id,
        if(kind = 'member_count', 0, {demo_member:UInt64}
            + toUInt64({demo_members:UInt32} * pow(intDiv(hash, 5000000000) % 10000 / 10000, 2.2))) AS user_id,
        toUInt32(multiIf(kind = 'voice', 60 + intDiv(hash, 7000) % 2400,
            kind = 'member_count', 400 + intDiv(toUnixTimestamp(hour) - 1700000000, 200000), 0)) AS value
    FROM (
        SELECT hour, number, sipHash64(toUnixTimestamp(hour), number) AS hash,
            (150 + 850 * pow((1 + cos(2 * pi() * (toHour(hour) - 20) / 24)) / 2, 2))
                * if(toDayOfWeek(hour) >= 6, 1, 0.75) AS happening_per_mille
        FROM (
            SELECT toDateTime((intDiv(toUnixTimestamp(now()), 3600) - number) * 3600, 'UTC') AS hour
            FROM numbers({demo_raw_hours:UInt32})
        )
        ARRAY JOIN range(110) AS number
    )
    WHERE guild_id = {guild:UInt64} AND (number = 109 OR hash % 1000 < happening_per_mille) AND at <= now64(3)
)"""
_DEMO_GROUPS_SQL = """(
    SELECT guild_id, kind, hour, channel_id, user_id, count() AS events, sum(value) AS total
    FROM activity_events
    GROUP BY guild_id, kind, hour, channel_id, user_id
)"""
_DEMO_SAMPLES_SQL = """(
    SELECT guild_id, kind, hour, max((at, value)) AS newest
    FROM activity_events
    GROUP BY guild_id, kind, hour
)"""
_ALL_EVENTS_SQL = DEMO_EVENTS_SQL.replace("demo_raw_hours", "demo_hours")
DEMO_TABLES: Mapping[str, str] = {
    "FROM activity_hourly": f"FROM {_DEMO_GROUPS_SQL.replace('activity_events', _ALL_EVENTS_SQL)}",
    "FROM sample_hourly": f"FROM {_DEMO_SAMPLES_SQL.replace('activity_events', _ALL_EVENTS_SQL)}",
    "FROM activity_events": f"FROM {DEMO_EVENTS_SQL}",
}
"""What a statement about the demo guild reads in place of each table. No replacement contains the name of a table."""
DEMO_PARAMETERS: Mapping[str, int] = {
    "demo_guild": DEMO_GUILD_ID,
    "demo_channel": FIRST_CHANNEL_ID,
    "demo_member": FIRST_MEMBER_ID,
    "demo_members": DEMO_MEMBER_COUNT,
    "demo_hours": HISTORY // timedelta(hours=1),
    "demo_raw_hours": 94 * 24,  # those for which `table_selection` reads raw events
}


def to_demo_sql(sql: str) -> str:
    """Return a statement that reads computed rows instead of tables. It needs `DEMO_PARAMETERS` too."""
    for table, rows in DEMO_TABLES.items():
        sql = sql.replace(table, rows)
    return sql


def list_demo_tickets(start: datetime, end: datetime, now: datetime) -> list[tuple[float, int]]:
    """List the tickets that were opened in `[start, end)` and answered until `now`, in order.

    Each is the Unix second of its opening, and the seconds to its first response.
    """
    first = int(max(start, now - HISTORY).timestamp()) // TICKET_INTERVAL_SECONDS
    last = int(min(end, now).timestamp()) // TICKET_INTERVAL_SECONDS
    tickets = []
    for number in range(first, last + 1):
        opened, wait = number * TICKET_INTERVAL_SECONDS + number * 7919 % 3600, 60 + number * 104_729 % 2400
        if start.timestamp() <= opened < end.timestamp() and opened + wait <= now.timestamp():
            tickets.append((float(opened), wait))
    return tickets
