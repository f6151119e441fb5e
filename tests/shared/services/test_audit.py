"""The audit log: nothing in it changes or goes, whoever tampers is found, and people can be forgotten."""

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
    Personal,
    Via,
    entries,
    entry,
    erase_member,
    record,
    verify_chain,
)
from herwa_shared.services.guilds import GuildSeen, save_guilds

ADA = Actor(Via.WEB, 4242_0001, "Ada Lovelace")
JOINED = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
async def guild(stores, guild_id):
    async with stores.database.transaction() as session:
        await save_guilds(session, [GuildSeen(guild_id, "Tea", 1, None, 5, JOINED)])
    return guild_id


async def written(stores, guild_id, *, number=3):
    """So many entries of one guild; their ids."""
    async with stores.database.transaction() as session:
        return [
            await record(session, ADA, "feature.set", guild_id=guild_id, target="voice.stats", after={"enabled": n % 2})
            for n in range(number)
        ]


async def broken(stores, guild_id):
    async with stores.database.transaction() as session:
        return await verify_chain(session, guild_id=guild_id)


async def tampered(stores, statement, *values):
    """As only PostgreSQL's superuser can."""
    async with stores.database.raw() as connection:
        await connection.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        try:
            await connection.execute(statement, *values)
        finally:
            await connection.execute("ALTER TABLE audit_entry ENABLE TRIGGER USER")


async def test_an_entry_says_who_changed_what_through_what_and_why(stores, guild):
    until = datetime(2026, 12, 24, 18, 0, 0, 5, tzinfo=UTC)
    after = {"who": Personal("7"), "note": Personal("Bob is new", of=7), "until": until, "places": {3, 1}, "half": 0.5}
    async with stores.database.transaction() as session:
        first = await record(session, SYSTEM, "rule.add", guild_id=guild, target="rule 1", before=None, after=after)
        await record(
            session, ADA, "rule.remove", guild_id=guild, target=Personal("7"), reason="by mistake", undoes=first
        )
    async with stores.database.transaction() as session:
        newest, oldest = await entries(session, guild_id=guild)
    assert (newest.number, newest.actor, newest.action, newest.target) == (2, ADA, "rule.remove", "7")
    assert (newest.reason, newest.undoes, newest.before) == ("by mistake", first, None)
    assert (oldest.id, oldest.actor, oldest.before) == (first, SYSTEM, None)
    assert oldest.after == {
        "who": "7",
        "note": "Bob is new",
        "until": "2026-12-24T18:00:00.000005+00:00",
        "places": [1, 3],
        "half": 0.5,
    }
    assert await broken(stores, guild) is None


async def test_entries_are_read_page_by_page_the_newest_first(stores, guild):
    await written(stores, guild, number=5)
    async with stores.database.transaction() as session:
        page = await entries(session, guild_id=guild, limit=2)
        rest = await entries(session, guild_id=guild, before=page[-1].number)
    assert [one.number for one in (*page, *rest)] == [5, 4, 3, 2, 1]


async def test_an_entry_is_found_in_its_own_chain_only(stores, guild):
    (id_,) = await written(stores, guild, number=1)
    async with stores.database.transaction() as session:
        assert (await entry(session, guild_id=guild, entry_id=id_)).number == 1
        for other in (guild + 1, None):
            with pytest.raises(NotFound):
                await entry(session, guild_id=other, entry_id=id_)


async def test_what_json_cannot_say_is_not_recorded(stores, guild):
    with pytest.raises(TypeError, match=r"object at after\.thing"):
        async with stores.database.transaction() as session:
            await record(session, ADA, "feature.set", guild_id=guild, after={"thing": object()})
    assert await broken(stores, guild) is None


@pytest.mark.parametrize(
    "value", [1e16, 3.0, 1e-7, 0.1, -0.0, 1 << 62, "é 🌱 \x01\\", True, None, [], {}, [{"personal": 1}], ["", [0]]]
)
async def test_whatever_postgresql_makes_of_a_value_the_chain_holds(stores, guild, value):
    async with stores.database.transaction() as session:
        await record(session, ADA, "feature.set", guild_id=guild, before={"b": 1, "a": value}, after={"z": [value]})
    assert await broken(stores, guild) is None


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
async def test_postgresql_refuses_to_change_or_remove_an_entry(stores, guild, statement):
    await written(stores, guild)
    await written(stores, None, number=1)
    async with stores.database.raw() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await connection.execute(statement.format(guild=guild))
    assert await broken(stores, guild) is None
    async with stores.database.transaction() as session:
        assert len(await entries(session, guild_id=guild)) == 3


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE audit_entry SET after = '{{\"enabled\": 7}}' WHERE id = {0}", "Entry 2 was changed after"),
        ("UPDATE audit_entry SET at = at + interval '1 microsecond' WHERE id = {0}", "Entry 2 was changed after"),
        ("UPDATE audit_entry SET via = 'cli' WHERE id = {0}", "Entry 2 was changed after"),
        ("UPDATE audit_entry SET digest = 'x' WHERE id = {0}", "Entry 2 was changed after"),
        ("UPDATE audit_entry SET commitments = '{{}}' WHERE id = {0}", "Entry 2 was changed after"),
        ("DELETE FROM audit_entry WHERE id = {0}", "Entry 2 is missing"),
        (
            "UPDATE audit_entry SET personal = jsonb_set(personal, '{{actor,value}}', '\"Eve\"') WHERE id = {0}",
            "“actor” was changed",
        ),
        (
            "UPDATE audit_entry SET personal = jsonb_set(personal, '{{actor,of}}', '\"1\"') WHERE id = {0}",
            "“actor” was changed",
        ),
    ],
)
async def test_an_entry_that_a_superuser_tampered_with_is_named(stores, guild, change, named):
    ids = await written(stores, guild)
    await tampered(stores, change.format(ids[1]))
    found = await broken(stores, guild)
    assert found is not None
    assert (found.number, named in found.why) == (2, True), found


async def test_a_chain_written_anew_from_an_entry_on_does_not_follow_what_was_before(stores, guild):
    ids = await written(stores, guild, number=2)
    await tampered(stores, "DELETE FROM audit_entry WHERE id = $1", ids[0])
    await tampered(stores, "UPDATE audit_entry SET number = 1 WHERE id = $1", ids[1])
    assert (await broken(stores, guild)).number == 1


async def test_an_erased_member_is_nowhere_in_the_log_and_its_chains_hold(stores, guild):
    user, name = 900_719_925_474_0993, "Grace Hopper"
    grace = Actor(Via.DISCORD, user, name)
    rule = {"subject": {"kind": "member", "id": Personal(str(user))}, "note": Personal(f"{name} is back", of=user)}
    async with stores.database.transaction() as session:
        await record(session, grace, "feature.set", guild_id=guild, after={"enabled": True})
        await record(session, ADA, "rule.add", guild_id=guild, target=Personal(str(user)), after=rule)
        await record(session, ADA, "feature.set", guild_id=guild, after={"enabled": False})
        await record(session, grace, "kill_switch.set", guild_id=None)
    async with stores.database.transaction() as session:
        assert await erase_member(session, user_id=user) == 3
        assert await erase_member(session, user_id=user) == 0
    async with stores.database.transaction() as session:
        assert await verify_chain(session, guild_id=guild) is None
        assert await verify_chain(session, guild_id=None) is None
        rows = (await session.scalars(text("SELECT to_jsonb(audit_entry)::text FROM audit_entry"))).all()
        last, added, first = await entries(session, guild_id=guild)
    assert not [row for row in rows if str(user) in row or "Grace" in row or "Hopper" in row]
    assert first.actor == Actor(Via.DISCORD, None, ERASED)
    assert (added.actor, added.target) == (ADA, ERASED)
    assert added.after == {"subject": {"kind": "member", "id": ERASED}, "note": ERASED}
    assert last.actor == ADA


async def test_what_is_left_of_an_erased_value_cannot_be_guessed(stores, guild):
    async with stores.database.transaction() as session:
        for _ in range(2):
            await record(session, ADA, "rule.add", guild_id=guild, after={"who": Personal("7")})
        rows = (
            await session.scalars(text("SELECT commitments FROM audit_entry WHERE guild_id = :g"), {"g": guild})
        ).all()
    kept = [value for row in rows for value in (json.loads(row) if isinstance(row, str) else row).values()]
    assert len(set(kept)) == len(kept) == 4


async def test_a_deleted_guild_takes_its_chain_along(stores, guild):
    await written(stores, guild)
    async with stores.database.transaction() as session:
        await session.execute(text("DELETE FROM guild WHERE id = :id"), {"id": guild})
    async with stores.database.transaction() as session:
        assert await entries(session, guild_id=guild) == ()


async def test_a_change_that_is_taken_back_leaves_no_hole_in_the_numbers(stores, guild):
    async with stores.database.transaction() as session:
        await record(session, ADA, "feature.set", guild_id=guild)
        await session.rollback()
    await written(stores, guild, number=1)
    async with stores.database.transaction() as session:
        assert [one.number for one in await entries(session, guild_id=guild)] == [1]
    assert await broken(stores, guild) is None
