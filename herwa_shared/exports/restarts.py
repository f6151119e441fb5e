"""Write an export again from its beginning, because what it may hold has changed."""

from collections.abc import Collection
from datetime import datetime

import asyncpg

# A file that is ready ends with it: its state is no longer `ready`, and the worker deletes it before it plans again.
RESTART_SQL = """
UPDATE export_job SET state = 'queued', planned_at = NULL, finished_at = NULL, expires_at = NULL, file_bytes = NULL,
    file_digest = NULL, done_rows = 0, part_rows = 0, lease = NULL, leased_until = NULL,
    border_at = coalesce($2, border_at)
WHERE id = ANY($1::bigint[]) AND state IN ('queued', 'running', 'ready')
RETURNING id
"""
DELETE_PARTS_SQL = "DELETE FROM export_part WHERE job_id = ANY($1::bigint[])"
WITH_MEMBERS_SQL = """
SELECT id FROM export_job
WHERE guild_id = ANY($1::bigint[]) AND with_members AND state IN ('queued', 'running', 'ready')
"""


async def restart_exports(
    connection: asyncpg.Connection, job_ids: Collection[int], *, border_at: datetime | None = None
) -> None:
    """Restart exports, in a transaction of the caller. Their writers lose their leases."""
    restarted = [row["id"] for row in await connection.fetch(RESTART_SQL, list(job_ids), border_at)]
    await connection.execute(DELETE_PARTS_SQL, restarted)


async def restart_exports_of_guilds(connection: asyncpg.Connection, guild_ids: Collection[int]) -> None:
    """Restart the exports with members of guilds from which members were erased, in a transaction of the caller."""
    rows = await connection.fetch(WITH_MEMBERS_SQL, list(guild_ids))
    await restart_exports(connection, [row["id"] for row in rows])
