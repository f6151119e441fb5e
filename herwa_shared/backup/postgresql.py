"""PostgreSQL in a backup: the rows of all tables as COPY writes them, and the values of all sequences.

The schema is not dumped: the migrations create it, up to the revision of the backup. So a backup can be restored with
any version of PostgreSQL, and no program of PostgreSQL is needed. Data versions and changes of accounts are not dumped:
the restored rows get new ones, so that no answer that was stored before is used.
"""

import zipfile
from collections.abc import AsyncIterator, Iterable
from graphlib import TopologicalSorter

import asyncpg

from herwa_shared.backup import texts
from herwa_shared.backup.archive import BadBackup, Manifest, SequenceValue, TableDump, open_member

BUFFER_TABLE = "event_buffer"
_CHUNK_BYTES = 1 << 20
_TABLES_SQL = """
SELECT relname FROM pg_class
WHERE relkind IN ('r', 'p') AND NOT relispartition
    AND relname NOT IN ('alembic_version', 'data_version', 'account_change')
    AND relnamespace = current_schema()::regnamespace AND relowner = current_user::regrole
ORDER BY relname
"""
_COLUMNS_SQL = """
SELECT attname FROM pg_attribute
WHERE attrelid = to_regclass(quote_ident($1)) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
ORDER BY attnum
"""
_SEQUENCES_SQL = """
SELECT relname FROM pg_class
WHERE relkind = 'S' AND relnamespace = current_schema()::regnamespace AND relowner = current_user::regrole
"""
_FOREIGN_KEYS_SQL = """
SELECT conrelid::regclass::text AS child, confrelid::regclass::text AS parent FROM pg_constraint
WHERE contype = 'f' AND conrelid <> confrelid AND connamespace = current_schema()::regnamespace
"""
# Moved events are in ClickHouse; their slots have not been truncated yet.
_UNMOVED_FILTER = " WHERE (txid, seq) > (SELECT wm_txid, wm_seq FROM ingest_state WHERE id = 0)"
# Transaction ids of another cluster have no meaning.
_RESTAMP_SQL = """
UPDATE ingest_state SET wm_txid = 0, wm_seq = 0 WHERE id = 0;
UPDATE event_buffer SET txid = txid_current();
"""


async def dump_postgresql(
    connection: asyncpg.Connection, archive: zipfile.ZipFile
) -> tuple[dict[str, TableDump], dict[str, SequenceValue]]:
    """Dump tables and sequences. The connection is in a transaction that sees one state of the database."""
    tables = [row["relname"] for row in await connection.fetch(_TABLES_SQL)]
    dumps = {table: await _dump_table(connection, archive, table) for table in tables}
    sequences = {}
    for row in await connection.fetch(_SEQUENCES_SQL):
        value = await connection.fetchrow(f'SELECT last_value, is_called FROM "{row["relname"]}"')  # noqa: S608 - a name from the catalog
        assert value is not None
        sequences[row["relname"]] = SequenceValue(value["last_value"], value["is_called"])
    return dumps, sequences


async def load_postgresql(connection: asyncpg.Connection, archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """Replace all rows by those of the backup, in one transaction.

    The schema has the backup's revision. The connection is one of the tables' owner.
    """
    async with connection.transaction():
        tables = await _sort_by_dependency(connection, manifest.postgresql_tables)
        for table in reversed(tables):
            if table != "audit_entry":  # append-only, and empty after the migrations
                await connection.execute(f'DELETE FROM "{table}"')  # noqa: S608 - a name from the backup, which is trusted like a program
        for table in tables:
            await _load_table(connection, archive, table, manifest.postgresql_tables[table])
        for name, sequence in manifest.postgresql_sequences.items():
            await connection.execute(
                "SELECT setval(quote_ident($1)::regclass, $2, $3)", name, sequence.last_value, sequence.is_called
            )
        if BUFFER_TABLE in tables and not manifest.has_pending_batch:
            await connection.execute(_RESTAMP_SQL)


async def _dump_table(connection: asyncpg.Connection, archive: zipfile.ZipFile, table: str) -> TableDump:
    columns = tuple(row["attname"] for row in await connection.fetch(_COLUMNS_SQL, table))
    query = f'SELECT {_format_names(columns)} FROM "{table}"'  # noqa: S608 - names from the catalog
    if table == BUFFER_TABLE:
        query += _UNMOVED_FILTER
    with open_member(archive, _get_member_name(table)) as member:

        async def write(chunk: bytes) -> None:
            member.write(chunk)

        status = await connection.copy_from_query(query, output=write)
    return TableDump(columns, int(status.split()[-1]))


async def _load_table(connection: asyncpg.Connection, archive: zipfile.ZipFile, table: str, dump: TableDump) -> None:
    async def read() -> AsyncIterator[bytes]:
        with archive.open(_get_member_name(table)) as member:
            while chunk := member.read(_CHUNK_BYTES):
                yield chunk

    status = await connection.copy_to_table(table, source=read(), columns=list(dump.columns))
    loaded = int(status.split()[-1])
    if loaded != dump.rows:
        raise BadBackup(texts.format_wrong_row_count(table, dump.rows, loaded))


async def _sort_by_dependency(connection: asyncpg.Connection, tables: Iterable[str]) -> list[str]:
    """Sort tables so that each one is after those that its foreign keys refer to."""
    parents: dict[str, set[str]] = {table: set() for table in tables}
    for row in await connection.fetch(_FOREIGN_KEYS_SQL):
        if row["child"] in parents:
            parents[row["child"]].add(row["parent"])
    return [table for table in TopologicalSorter(parents).static_order() if table in parents]


def _format_names(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _get_member_name(table: str) -> str:
    return f"postgresql/{table}.tsv"
