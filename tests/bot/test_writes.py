"""Changes run to completion, however slow the commit is, and the reply tells what is stored."""

import asyncio

import asyncpg
import pytest

from herwa_bot.texts import buttons, errors
from herwa_bot.texts import permissions as texts
from herwa_bot.ui.writes import await_write, run_to_completion, wait_for_running_writes
from herwa_shared.clock import utc_now
from herwa_shared.embedded import lease_engines
from herwa_shared.services import texts as service_texts
from herwa_shared.services.access_rules import list_rules
from herwa_shared.services.audited_settings import lock_guild
from herwa_shared.services.texts import SETTINGS_BUSY
from tests.support.db_assertions import fetch_rows
from tests.support.embedded_engines import kill_postgres
from tests.support.member_client import get_button_ids
from tests.support.waiting import wait_until

SAVED = texts.format_saved(0, "", is_new=True).split("0")[0]
CREATE_DELAY = """
CREATE FUNCTION delay_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep({seconds});
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER delay_commit AFTER INSERT ON access_rule DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.guild_id = {guild_id}) EXECUTE FUNCTION delay_commit();
"""
DROP_DELAY = "DROP TRIGGER IF EXISTS delay_commit ON access_rule; DROP FUNCTION IF EXISTS delay_commit();"
COUNT_SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
DISCORD_TIMEOUT_SECONDS = 3


@pytest.fixture
async def delay_commits(owner, members, settings, folder):
    """Delays the commit of every new rule of the server."""

    async def delay(seconds: float) -> None:
        await owner.execute(CREATE_DELAY.format(seconds=seconds, guild_id=members.server.id))

    yield delay
    with lease_engines(settings, folder) as lease:  # the test may have killed the database
        connection = await asyncpg.connect(lease.urls.database_owner)
        await connection.execute(DROP_DELAY)
        await connection.close()


async def load_rule_ids(members):
    async with members.stores.database.transaction() as session:
        return [rule.id for rule in await list_rules(session, guild_id=members.server.id, now=utc_now())]


def run_deny(members, what, *, seconds=15.0, **options):
    """Run `/permissions deny` as the owner; wait up to `seconds` for the response."""
    server = members.server
    return asyncio.to_thread(
        members.sim.client.run_command,
        server.channel,
        server.owner,
        "permissions deny",
        {"what": what, **options},
        seconds=seconds,
    )


@pytest.mark.parametrize("delay", [DISCORD_TIMEOUT_SECONDS + 1, pytest.param(35, marks=pytest.mark.slow)])
async def test_slow_commit_is_stored_and_reported(members, delay_commits, delay):
    await delay_commits(delay)
    [reply] = (await run_deny(members, "/server-stats", who=str(members.server.bob), seconds=60)).messages
    [rule_id] = await load_rule_ids(members)
    assert reply.content.startswith(f"{SAVED}{rule_id}`")
    assert list(get_button_ids(reply)) == [buttons.UNDO]


async def test_slow_confirmed_commit_hides_the_buttons_and_reports_its_result(members, delay_commits):
    [confirmation] = (await run_deny(members, "everything")).messages
    await delay_commits(DISCORD_TIMEOUT_SECONDS)
    members.sim.client.read_journal(on=True)
    [pending_reply] = (await members.press(confirmation, buttons.SAVE_RULE, user=members.server.owner)).messages
    assert pending_reply.content == f"{confirmation.content}\n{errors.SAVING}"
    assert get_button_ids(pending_reply) == {}
    edits = []

    def has_result() -> bool:
        calls = members.sim.client.read_journal(on=True).calls
        edits.extend(call["asked"]["content"] for call in calls if call["method"] == "PATCH")
        return any(content.startswith(SAVED) for content in edits)

    await wait_until(has_result)
    [rule_id] = await load_rule_ids(members)
    assert edits[-1].startswith(f"{SAVED}{rule_id}`")
    listed = members.sim.client.list_messages(members.server.channel, user_id=members.server.owner)
    [reply] = [message for message in listed if message.id == confirmation.id]
    assert (reply.content, list(get_button_ids(reply))) == (edits[-1], [buttons.UNDO])


async def test_change_that_waits_too_long_for_another_one_is_not_stored(members):
    server = members.server
    async with members.stores.database.transaction() as session:
        await lock_guild(session, server.id)
        [reply] = (await run_deny(members, "/server-stats", who=str(server.bob))).messages
    assert reply.content == SETTINGS_BUSY
    assert await load_rule_ids(members) == []


async def test_lost_connection_during_the_commit_is_reported_as_unconfirmed(members, delay_commits, settings, folder):
    await delay_commits(30)
    command = asyncio.create_task(run_deny(members, "/server-stats", who=str(members.server.bob), seconds=60))

    async def is_committing() -> bool:
        [(count,)] = await fetch_rows(members.stores, COUNT_SLEEPING)
        return count > 0

    await wait_until(is_committing)
    kill_postgres(folder)
    try:
        [reply] = (await command).messages
    finally:
        with lease_engines(settings, folder):
            pass
    assert reply.content == service_texts.SAVE_UNCONFIRMED
    assert reply.ephemeral


async def test_write_survives_the_cancellation_of_its_caller():
    release, results = asyncio.Event(), []

    @run_to_completion
    async def write() -> None:
        await release.wait()
        results.append("stored")

    caller = asyncio.create_task(write())
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    asyncio.get_running_loop().call_later(0.01, release.set)
    await wait_for_running_writes(timeout_seconds=60)
    assert results == ["stored"]


async def test_write_goes_on_if_the_response_fails(monkeypatch):
    monkeypatch.setattr("herwa_bot.ui.writes.DEFER_AFTER_SECONDS", 0.0)

    async def write() -> str:
        await asyncio.sleep(0.01)
        return "stored"

    async def fail() -> None:
        raise ConnectionResetError

    assert await await_write(write(), on_slow=fail) == "stored"
