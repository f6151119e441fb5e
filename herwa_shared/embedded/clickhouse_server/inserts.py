"""Inserts: the rows go to a file first, and the engine reads that file in one query, which fails loudly or succeeds.

chDB's own streaming insert reports success where the engine failed behind the parser; it is not used.
"""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from herwa_shared.embedded.clickhouse_server.answer import Send, headers_for, send_whole, summary_of
from herwa_shared.embedded.clickhouse_server.pool import Pool
from herwa_shared.embedded.clickhouse_server.request import Request
from herwa_shared.embedded.clickhouse_server.statement import Insert


async def run_insert(
    pool: Pool, request: Request, insert: Insert, rows: AsyncIterator[bytes], *, spool: Path, send: Send
) -> None:
    """Take all the rows, then insert them. A body that breaks off, or cannot be read, inserts nothing."""
    # Without a name, and gone with the process: nothing to clean up after a crash.
    with tempfile.TemporaryFile(dir=spool) as file:
        size = 0
        async for piece in rows:
            size += file.write(piece)
        file.flush()
        file.seek(0)
        headers = headers_for(request, insert.format)
        if size == 0:
            await send_whole(send, b"", headers | {"x-clickhouse-summary": '{"written_rows": "0"}'})
            return
        sql = insert.from_file(f"/dev/fd/{file.fileno()}")
        async with pool.lend(request.session) as handle:
            result = await pool.run(handle.query, sql, "TabSeparated", request.parameters)
        await send_whole(send, b"", headers | summary_of(result))
