"""The audit log: append-only, tampering is detected by the hash chain, and personal data can be erased."""

import json
from datetime import UTC, datetime

import asyncpg
import pytest
from sqlalchemy import text

from herwa_shared.errors import NotFound
from herwa_shared.services.audit import (
    ERASED,
    SYSTEM,
    Actor,
    ChangeSource,
    PersonalValue,
    erase_member,
    get_entry,
    list_entries,
    record,
)
from herwa_shared.services.audit_chain import DefectKind
from herwa_shared.services.audit_verification import verify_chain
from herwa_shared.services.guilds import GuildData, save_guilds

ADA = Actor(ChangeSource.WEB, 4242_0001, "Ada Lovelace")
JOINED_AT = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
async def guild(stores, guild_id):
    async with stores.database.transaction() as session:
        await save_guilds(session, [GuildData(guild_id, "Tea", 1, None, 5, JOINED_AT)])
    return guild_id


async def write_entries(stores, guild_id, *, count=3):
    """Record entries of a guild and return their ids."""
    async with stores.database.transaction() as session:
        return [
            await record(
                session, ADA, "feature.set", guild_id=guild_id, target="voice.stats", after={"enabled": index % 2}
            )
            for index in range(count)
        ]


async def verify_guild_chain(stores, guild_id):
    async with stores.database.transaction() as session:
        return await verify_chain(session, guild_id=guild_id)


async def tamper(owner, statement, *values):
    """Run a statement with the append-only triggers disabled, as only the owner of the table can."""
    await owner.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
    try:
        await owner.execute(statement, *values)
    finally:
        await owner.execute("ALTER TABLE audit_entry ENABLE TRIGGER USER")


async def test_entry_contains_actor_action_target_values_and_reason(stores, guild):
    until = datetime(2026, 12, 24, 18, 0, 0, 5, tzinfo=UTC)
    after = {
        "who": PersonalValue("7"),
        "note": PersonalValue("Bob is new", user_id=7),
        "until": until,
        "places": {3, 1},
        "half": 0.5,
    }
    async with stores.database.transaction() as session:
        first_id = await record(session, SYSTEM, "rule.add", guild_id=guild, target="rule 1", before=None, after=after)
        await record(
            session, ADA, "rule.remove", guild_id=guild, target=PersonalValue("7"), reason="by mistake", undoes=first_id
        )
    async with stores.database.transaction() as session:
        newest, oldest = await list_entries(session, guild_id=guild)
    assert (newest.number, newest.actor, newest.action, newest.target) == (2, ADA, "rule.remove", "7")
    assert (newest.reason, newest.undoes, newest.before) == ("by mistake", first_id, None)
    assert (oldest.id, oldest.actor, oldest.before) == (first_id, SYSTEM, None)
    assert oldest.after == {
        "who": "7",
        "note": "Bob is new",
        "until": "2026-12-24T18:00:00.000005+00:00",
        "places": [1, 3],
        "half": 0.5,
    }
    assert await verify_guild_chain(stores, guild) is None


async def test_entries_are_listed_in_pages_newest_first(stores, guild):
    await write_entries(stores, guild, count=5)
    async with stores.database.transaction() as session:
        page = await list_entries(session, guild_id=guild, limit=2)
        remaining = await list_entries(session, guild_id=guild, before=page[-1].number)
    assert [log_entry.number for log_entry in (*page, *remaining)] == [5, 4, 3, 2, 1]


async def test_entry_is_found_only_in_its_own_chain(stores, guild):
    (entry_id,) = await write_entries(stores, guild, count=1)
    async with stores.database.transaction() as session:
        assert (await get_entry(session, guild_id=guild, entry_id=entry_id)).number == 1
        for other_guild_id in (guild + 1, None):
            with pytest.raises(NotFound):
                await get_entry(session, guild_id=other_guild_id, entry_id=entry_id)


async def test_value_that_json_cannot_represent_is_refused(stores, guild):
    with pytest.raises(TypeError, match=r"object at after\.thing"):
        async with stores.database.transaction() as session:
            await record(session, ADA, "feature.set", guild_id=guild, after={"thing": object()})
    assert await verify_guild_chain(stores, guild) is None


@pytest.mark.parametrize(
    "value", [1e16, 3.0, 1e-7, 0.1, -0.0, 1 << 62, "é 🌱 \x01\\", True, None, [], {}, [{"personal": 1}], ["", [0]]]
)
async def test_chain_is_valid_after_postgresql_normalizes_values(stores, guild, value):
    async with stores.database.transaction() as session:
        await record(session, ADA, "feature.set", guild_id=guild, before={"b": 1, "a": value}, after={"z": [value]})
    assert await verify_guild_chain(stores, guild) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET action = 'x' WHERE guild_id = {guild}",
        "UPDATE audit_entry SET personal = '{{\"actor\": 1}}' WHERE guild_id = {guild}",
        "UPDATE audit_entry SET personal = personal || '{{\"more\": 1}}' WHERE guild_id = {guild}",
        "UPDATE audit_entry SET personal = NULL, reason = 'x' WHERE guild_id = {guild}",
        "UPDATE audit_entry SET guild_id = NULL WHERE guild_id = {guild}",
        "DELETE FROM audit_entry WHERE guild_id = {guild}",
        "DELETE FROM audit_entry WHERE guild_id IS NULL",
        "TRUNCATE audit_entry",
        "TRUNCATE guild CASCADE",
    ],
)
async def test_neither_account_changes_or_deletes_entries(stores, owner, guild, statement):
    await write_entries(stores, guild)
    await write_entries(stores, None, count=1)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await owner.execute(statement.format(guild=guild))
    async with stores.database.acquire_connection() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
            await connection.execute(statement.format(guild=guild))
    assert await verify_guild_chain(stores, guild) is None
    async with stores.database.transaction() as session:
        assert len(await list_entries(session, guild_id=guild)) == 3


@pytest.mark.parametrize(
    ("statement", "expected_kind"),
    [
        ("UPDATE audit_entry SET after = '{{\"enabled\": 7}}' WHERE id = {0}", DefectKind.CHANGED),
        ("UPDATE audit_entry SET at = at + interval '1 microsecond' WHERE id = {0}", DefectKind.CHANGED),
        ("UPDATE audit_entry SET via = 'cli' WHERE id = {0}", DefectKind.CHANGED),
        ("UPDATE audit_entry SET digest = 'x' WHERE id = {0}", DefectKind.CHANGED),
        ("UPDATE audit_entry SET mac = 'x' WHERE id = {0}", DefectKind.NOT_AUTHENTIC),
        ("UPDATE audit_entry SET commitments = '{{}}' WHERE id = {0}", DefectKind.CHANGED),
        ("DELETE FROM audit_entry WHERE id = {0}", DefectKind.MISSING),
        (
            "UPDATE audit_entry SET personal = jsonb_set(personal, '{{actor,value}}', '\"Eve\"') WHERE id = {0}",
            DefectKind.PERSONAL_VALUE_CHANGED,
        ),
        (
            "UPDATE audit_entry SET personal = jsonb_set(personal, '{{actor,of}}', '\"1\"') WHERE id = {0}",
            DefectKind.PERSONAL_VALUE_CHANGED,
        ),
    ],
)
async def test_verification_names_the_tampered_entry(stores, owner, guild, statement, expected_kind):
    entry_ids = await write_entries(stores, guild)
    await tamper(owner, statement.format(entry_ids[1]))
    defect = await verify_guild_chain(stores, guild)
    assert defect is not None
    assert (defect.guild_id, defect.number, defect.kind) == (guild, 2, expected_kind)


async def test_verification_detects_a_renumbered_chain(stores, owner, guild):
    entry_ids = await write_entries(stores, guild, count=2)
    await tamper(owner, "DELETE FROM audit_entry WHERE id = $1", entry_ids[0])
    await tamper(owner, "UPDATE audit_entry SET number = 1 WHERE id = $1", entry_ids[1])
    assert (await verify_guild_chain(stores, guild)).number == 1


async def test_erasure_removes_a_member_from_the_log_and_keeps_the_chain_valid(stores, guild):
    user_id, name = 900_719_925_474_1987, "Grace Hopper"
    actor = Actor(ChangeSource.DISCORD, user_id, name)
    rule_fields = {
        "subject": {"kind": "member", "id": PersonalValue(str(user_id))},
        "note": PersonalValue(f"{name} is back", user_id=user_id),
    }
    async with stores.database.transaction() as session:
        await record(session, actor, "feature.set", guild_id=guild, after={"enabled": True})
        await record(session, ADA, "rule.add", guild_id=guild, target=PersonalValue(str(user_id)), after=rule_fields)
        await record(session, ADA, "feature.set", guild_id=guild, after={"enabled": False})
        await record(session, actor, "kill_switch.set", guild_id=None)
    async with stores.database.transaction() as session:
        assert await erase_member(session, user_id=user_id) == 3
        assert await erase_member(session, user_id=user_id) == 0
    async with stores.database.transaction() as session:
        assert await verify_chain(session, guild_id=guild) is None
        assert await verify_chain(session, guild_id=None) is None
        rows = (await session.scalars(text("SELECT to_jsonb(audit_entry)::text FROM audit_entry"))).all()
        last, added, first = await list_entries(session, guild_id=guild)
    assert not [row for row in rows if str(user_id) in row or "Grace" in row or "Hopper" in row]
    assert first.actor == Actor(ChangeSource.DISCORD, None, ERASED)
    assert (added.actor, added.target) == (ADA, ERASED)
    assert added.after == {"subject": {"kind": "member", "id": ERASED}, "note": ERASED}
    assert last.actor == ADA


async def test_commitments_of_equal_values_differ(stores, guild):
    async with stores.database.transaction() as session:
        for _ in range(2):
            await record(session, ADA, "rule.add", guild_id=guild, after={"who": PersonalValue("7")})
        rows = (
            await session.scalars(text("SELECT commitments FROM audit_entry WHERE guild_id = :g"), {"g": guild})
        ).all()
    commitments = [value for row in rows for value in (json.loads(row) if isinstance(row, str) else row).values()]
    assert len(set(commitments)) == len(commitments) == 4


async def test_deleting_a_guild_deletes_its_chain(stores, owner, guild):
    await write_entries(stores, guild)
    await owner.execute("DELETE FROM guild WHERE id = $1", guild)
    async with stores.database.transaction() as session:
        assert await list_entries(session, guild_id=guild) == ()


async def test_rollback_leaves_no_gap_in_the_numbers(stores, guild):
    async with stores.database.transaction() as session:
        await record(session, ADA, "feature.set", guild_id=guild)
        await session.rollback()
    await write_entries(stores, guild, count=1)
    async with stores.database.transaction() as session:
        assert [log_entry.number for log_entry in await list_entries(session, guild_id=guild)] == [1]
    assert await verify_guild_chain(stores, guild) is None
