"""What is stored about a member, as a file for the member: free in every tier, for everyone."""

import asyncio
import io
import json
import zipfile

from clickhouse_connect.driver.asyncclient import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.clickhouse.pseudonyms import build_pseudonym_sql, insert_key
from herwa_shared.db import get_audit_key
from herwa_shared.privacy import texts
from herwa_shared.privacy.stored_data import StoredData, load_stored_data, load_user_data

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


async def build_member_file(
    session: AsyncSession, clickhouse: AsyncClient, *, guild_id: int | None, user_id: int
) -> bytes:
    """Build a ZIP file with everything about a member in a guild: choices and name, hours, and single events.

    If `guild_id` is None, it has a folder for each guild. Single events are left out if there are more than `MAX_ROWS`
    or the file would be larger than Discord accepts; the README says so.
    """
    if guild_id is None:
        user_data = await load_user_data(session, clickhouse, user_id=user_id)
        guilds = [(f"{guild.guild_id}/", guild.guild_id, guild.data) for guild in user_data.guilds]
    else:
        guilds = [("", guild_id, await load_stored_data(session, clickhouse, guild_id=guild_id, user_id=user_id))]
    files: dict[str, bytes] = {}
    events: dict[str, bytes] = {}
    remaining_events = MAX_ROWS
    hours_statement = insert_key(HOURS_SQL, get_audit_key(session))
    for folder, id_, data in guilds:
        member = {"guild": id_, "user": user_id}
        files[f"{folder}about-you.json"] = _build_summary(data, guild_id=id_, user_id=user_id).encode()
        files[f"{folder}hours.csv"] = await clickhouse.raw_query(
            hours_statement, member | {"limit": MAX_ROWS}, fmt="CSVWithNames"
        )
        if remaining_events >= 0:
            rows = await clickhouse.raw_query(EVENTS_SQL, member | {"limit": remaining_events + 1}, fmt="CSVWithNames")
            remaining_events -= _count_rows(rows)
            events[f"{folder}events.csv"] = rows
    if remaining_events >= 0:
        content = await asyncio.to_thread(_write_zip, texts.MEMBER_FILE_README, files | events)
        if len(content) <= MAX_FILE_BYTES:
            return content
    return await asyncio.to_thread(_write_zip, texts.MEMBER_FILE_WITHOUT_EVENTS, files)


def _build_summary(data: StoredData, *, guild_id: int, user_id: int) -> str:
    """Build the content of `about-you.json`."""
    summary = {
        "server_id": str(guild_id),
        "user_id": str(user_id),
        "name": data.name,
        "opted_out_here": data.status.opted_out_here,
        "opted_out_everywhere": data.status.opted_out_everywhere,
        "direct_messages_off": data.status.is_muted,
        "events_by_kind": dict(data.counts),
        "first_hour": data.first_at and data.first_at.isoformat(),
        "last_hour": data.last_at and data.last_at.isoformat(),
        "access_requests": data.access_requests,
        "tickets": data.tickets,
    }
    return json.dumps(summary, indent=2, ensure_ascii=False) + "\n"


def _count_rows(csv: bytes) -> int:
    """Count the rows of a CSV file whose first line is the header and whose values have no line breaks."""
    return csv.count(b"\n") - 1


def _write_zip(readme: str, files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", readme)
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()
