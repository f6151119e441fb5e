"""Privileges in PostgreSQL: Herwa's account for daily work adds to the audit log and cannot change it."""

import asyncpg
import pytest
from sqlalchemy import make_url, text

from herwa_shared.database_privileges import grant_privileges, is_restricted
from herwa_shared.db import Database
from herwa_shared.services.audit import SYSTEM, erase_member, record
from herwa_shared.services.audit_verification import verify_chain
from tests.support.row_factories import add_guild


@pytest.fixture
async def guild_with_entry(stores):
    guild_id = await add_guild(stores)
    async with stores.database.transaction() as session:
        await record(session, SYSTEM, "feature.set", guild_id=guild_id)
    return guild_id


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "ALTER TABLE audit_entry DISABLE TRIGGER USER",
        "SET session_replication_role = replica",
        "DROP TRIGGER audit_entry_no_change ON audit_entry",
        "CREATE TRIGGER own BEFORE INSERT ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_entry_append_only()",
        "CREATE OR REPLACE FUNCTION audit_entry_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
        "DROP FUNCTION audit_entry_append_only() CASCADE",
        "ALTER FUNCTION audit_entry_erase_member(text) SECURITY INVOKER",
        "ALTER TABLE audit_entry ADD COLUMN own int",
        "DROP TABLE audit_entry",
        "TRUNCATE audit_entry",
        "UPDATE audit_entry SET reason = 'x'",
        "DELETE FROM audit_entry",
        "DELETE FROM guild",
        "TRUNCATE guild CASCADE",
        "UPDATE alembic_version SET version_num = '0001'",
        "CREATE TABLE own (n int)",
        "SET ROLE herwa_owner",
        "SET SESSION AUTHORIZATION herwa_owner",
        "GRANT herwa_owner TO herwa",
        "ALTER ROLE herwa CREATEDB",
        "CREATE ROLE own",
        "COPY guild TO PROGRAM 'cat'",
        "COPY guild TO '/tmp/guild'",
        "SELECT pg_read_file('postgresql.conf')",
        "SELECT lo_import('/etc/passwd')",
    ],
)
async def test_daily_account_cannot_change_the_audit_log_or_the_schema(stores, guild_with_entry, statement):
    async with stores.database.acquire_connection() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with connection.transaction():
                await connection.execute(statement)
    async with stores.database.transaction() as session:
        assert await verify_chain(session, guild_id=guild_with_entry) is None
        assert await session.scalar(
            text("SELECT count(*) FROM audit_entry WHERE guild_id = :g"), {"g": guild_with_entry}
        )


async def test_temporary_table_does_not_take_the_place_of_the_audit_log(stores, guild_with_entry):
    async with stores.database.transaction() as session:
        await session.execute(text("CREATE TEMPORARY TABLE audit_entry (LIKE audit_entry)"))
        await session.execute(
            text("INSERT INTO audit_entry SELECT * FROM public.audit_entry WHERE guild_id = :g"),
            {"g": guild_with_entry},
        )
        await session.execute(
            text("""UPDATE pg_temp.audit_entry SET personal = '{"actor": {"of": "77", "value": "x", "key": "00"}}'""")
        )
        assert await erase_member(session, user_id=77) == 0
        await session.rollback()


async def test_daily_account_is_restricted_and_its_owner_is_not(owner):
    assert await is_restricted(owner, role="herwa")
    assert not await is_restricted(owner, role="herwa_owner")


async def test_account_that_migrates_for_the_first_time_gets_its_privileges(stores, owner, settings, folder):
    """As for a second server whose owner's account is configured later."""
    await owner.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM herwa")
    try:
        assert not await is_restricted(owner, role="herwa")
    finally:
        await grant_privileges(owner, role="herwa")
    assert await is_restricted(owner, role="herwa")


async def test_database_without_the_audit_key_records_nothing(stores, guild_with_entry):
    database = Database(stores.database_url, pool_size=1)
    try:
        with pytest.raises(AssertionError, match="audit key"):
            async with database.transaction() as session:
                await record(session, SYSTEM, "feature.set", guild_id=guild_with_entry)
    finally:
        await database.close()
    assert make_url(stores.database_url).username == "herwa"
