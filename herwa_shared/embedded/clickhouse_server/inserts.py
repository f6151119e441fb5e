"""Inserts: the rows go to a file first, and the engine reads that file in one query, which fails loudly or succeeds.

chDB's own streaming insert reports success where the engine failed behind the parser; it is not used.
"""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from herwa_shared.embedded.clickhouse_server.answer import Send, build_headers, build_summary, send_response
from herwa_shared.embedded.clickhouse_server.pool import ConnectionPool
from herwa_shared.embedded.clickhouse_server.request import QueryRequest
from herwa_shared.embedded.clickhouse_server.statement import InsertStatement


async def run_insert(
    pool: ConnectionPool,
    request: QueryRequest,
    insert: InsertStatement,
    rows: AsyncIterator[bytes],
    *,
    spool_dir: Path,
    send: Send,
) -> None:
    """Take all the rows, then insert them. A body that breaks off, or cannot be read, inserts nothing."""
    # Without a name, and gone with the process: nothing to clean up after a crash.
    with tempfile.TemporaryFile(dir=spool_dir) as file:
        size = 0
        async for piece in rows:
            size += file.write(piece)
        file.flush()
        file.seek(0)
        headers = build_headers(request, insert.format)
        if size == 0:
            await send_response(send, b"", headers | {"x-clickhouse-summary": '{"written_rows": "0"}'})
            return
        sql = insert.build_infile_sql(f"/dev/fd/{file.fileno()}")
        async with pool.acquire(request.connection_settings) as connection:
            result = await pool.run(connection.query, sql, "TabSeparated", request.parameters)
        await send_response(send, b"", headers | build_summary(result))
