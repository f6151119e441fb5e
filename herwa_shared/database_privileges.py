"""Privileges of PostgreSQL's account for daily work, granted by the owner of the tables.

It reads and writes all tables, with these exceptions: it can only add entries to the audit log, and cannot delete a
guild, which would delete the guild's audit log. It owns nothing, so it cannot disable a trigger or change a table.
Personal values of the audit log are erased, and guilds that the bot left are deleted, by functions of the owner.
"""

import asyncpg

_GRANTS_SQL = """
SELECT string_agg(statement, '; ' ORDER BY step) FROM (
    SELECT format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO %I', relname, $1::text) AS statement, 1 AS step
    FROM pg_class WHERE relkind IN ('r', 'p') AND relowner = current_user::regrole
        AND relnamespace = current_schema()::regnamespace
    UNION ALL
    SELECT format('GRANT USAGE, SELECT ON SEQUENCE %I TO %I', relname, $1::text), 1
    FROM pg_class WHERE relkind = 'S' AND relowner = current_user::regrole
        AND relnamespace = current_schema()::regnamespace
    UNION ALL
    SELECT format('GRANT TRUNCATE ON %I TO %I', relname, $1::text), 1
    FROM pg_class WHERE relkind = 'r' AND relname ~ '^event_buffer_[0-9]+$' AND relowner = current_user::regrole
        AND relnamespace = current_schema()::regnamespace
    UNION ALL SELECT format('REVOKE UPDATE, DELETE, TRUNCATE ON audit_entry FROM %I', $1::text), 2
    UNION ALL SELECT format('REVOKE DELETE, TRUNCATE ON guild FROM %I', $1::text), 2
    UNION ALL SELECT format('REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM %I', $1::text), 2
    UNION ALL
    SELECT format('GRANT EXECUTE ON FUNCTION %s TO %I', oid::regprocedure, $1::text), 2
    FROM pg_proc WHERE prosecdef AND proowner = current_user::regrole AND pronamespace = current_schema()::regnamespace
) AS statements
"""
_IS_RESTRICTED_SQL = """
SELECT has_table_privilege($1, 'audit_entry', 'INSERT')
    AND NOT has_table_privilege($1, 'audit_entry', 'UPDATE, DELETE, TRUNCATE, TRIGGER')
    AND NOT (SELECT pg_has_role($1, relowner, 'USAGE') FROM pg_class WHERE oid = 'audit_entry'::regclass)
"""


async def grant_privileges(owner_connection: asyncpg.Connection, *, role: str) -> None:
    """Grant the privileges to a role. Idempotent. The connection is one of the tables' owner."""
    async with owner_connection.transaction():
        await owner_connection.execute(await owner_connection.fetchval(_GRANTS_SQL, role))


async def is_restricted(connection: asyncpg.Connection, *, role: str) -> bool:
    """Check whether a role can add to the audit log and cannot change it."""
    return bool(await connection.fetchval(_IS_RESTRICTED_SQL, role))
