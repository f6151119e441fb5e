"""What is stored about a member of one guild, as a file for the member: free in every tier, for everyone."""

import asyncio
import io
import json
import zipfile

from clickhouse_connect.driver.asyncclient import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.clickhouse.pseudonyms import build_pseudonym_sql, insert_key
from herwa_shared.privacy import texts
from herwa_shared.privacy.stored_data import StoredData, load_stored_data
from herwa_shared.services.audit_key import get_audit_key

MAX_FILE_BYTES = 8 << 20
"""Discord accepts attachments of 10 MiB in every server."""
MAX_ROWS = 500_000

EVENTS_SQL = """
SELECT toString(at) AS time_utc, toString(kind) AS kind, toString(channel_id) AS channel_id,
    toString(thread_id) AS thread_id, reply, value, attachments, toString(command) AS command,
    toString(command_outcome) AS outcome
FROM activity_events WHERE guild_id = {guild:UInt64} AND user_id = {user:UInt64}
ORDER BY activity_events.kind, at, activity_events.channel_id LIMIT {limit:UInt64}
"""
HOURS_SQL = f"""
SELECT toString(hour) AS hour_utc, toString(kind) AS kind, toString(channel_id) AS channel_id,
    sum(events) AS events, sum(total) AS total
FROM activity_hourly
WHERE guild_id = {{guild:UInt64}}
    AND user_id IN ({{user:UInt64}}, {build_pseudonym_sql("{guild:UInt64}", "{user:UInt64}")})
GROUP BY hour, activity_hourly.kind, activity_hourly.channel_id
ORDER BY hour, activity_hourly.kind, activity_hourly.channel_id LIMIT {{limit:UInt64}}
"""  # noqa: S608 - constants


async def build_member_file(session: AsyncSession, clickhouse: AsyncClient, *, guild_id: int, user_id: int) -> bytes:
    """Build a ZIP file with everything about a member: choices and name, hours, and single events.

    Single events are left out if the file would be larger than Discord accepts; the README says so.
    """
    data = await load_stored_data(session, clickhouse, guild_id=guild_id, user_id=user_id)
    parameters = {"guild": guild_id, "user": user_id, "limit": MAX_ROWS + 1}
    statement = insert_key(HOURS_SQL, get_audit_key(session))
    hours = await clickhouse.raw_query(statement, parameters, fmt="CSVWithNames")
    events = await clickhouse.raw_query(EVENTS_SQL, parameters, fmt="CSVWithNames")
    summary = _build_summary(data, guild_id=guild_id, user_id=user_id)
    content = await asyncio.to_thread(_write_zip, summary, {"hours.csv": hours, "events.csv": events})
    if len(content) > MAX_FILE_BYTES or events.count(b"\n") - 1 > MAX_ROWS:  # the first line is the header
        content = await asyncio.to_thread(_write_zip, summary, {"hours.csv": hours})
    return content


def _build_summary(data: StoredData, *, guild_id: int, user_id: int) -> str:
    """Build the content of `about-you.json`."""
    summary = {
        "server_id": str(guild_id),
        "user_id": str(user_id),
        "name": data.name,
        "opted_out_here": data.status.opted_out_here,
        "opted_out_everywhere": data.status.opted_out_everywhere,
        "events_by_kind": dict(data.counts),
        "first_hour": data.first_at and data.first_at.isoformat(),
        "last_hour": data.last_at and data.last_at.isoformat(),
        "access_requests": data.access_requests,
        "tickets": data.tickets,
    }
    return json.dumps(summary, indent=2, ensure_ascii=False) + "\n"


def _write_zip(summary: str, tables: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "README.txt", texts.MEMBER_FILE_README if len(tables) > 1 else texts.MEMBER_FILE_WITHOUT_EVENTS
        )
        archive.writestr("about-you.json", summary)
        for name, table in tables.items():
            archive.writestr(name, table)
    return stream.getvalue()
