"""Give the room of moved events back, a whole slot at a time."""

import asyncpg

SLOTS = 24
SLOT_SECONDS = 300
NOW_SLOT = "SELECT ((extract(epoch FROM now())::bigint / $1) % $2)::int"


async def trim(connection: asyncpg.Connection) -> list[int]:
    """Empty the slots whose events have all been moved; their numbers. A slot that is being written is left alone."""
    current = await connection.fetchval(NOW_SLOT, SLOT_SECONDS, SLOTS)
    written = {(current + near) % SLOTS for near in (-1, 0, 1)}
    return [
        slot for slot in range(SLOTS) if slot not in written and await _empty(connection, f"event_buffer_{slot:02}")
    ]


async def _empty(connection: asyncpg.Connection, table: str) -> bool:
    if not await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table})"):  # noqa: S608 - a name made above
        return False
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '200ms'")
            await connection.execute(f"LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE")
            waiting = await connection.fetchval(
                f"SELECT EXISTS (SELECT FROM {table} AS b, ingest_state AS s"  # noqa: S608 - a name made above
                " WHERE s.id = 0 AND (b.txid, b.seq) > (s.wm_txid, s.wm_seq))"
            )
            if waiting:
                return False
            await connection.execute(f"TRUNCATE ONLY {table}")
    except asyncpg.LockNotAvailableError:
        return False
    return True
