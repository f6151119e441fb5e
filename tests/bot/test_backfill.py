"""`/history`: messages from before the bot was added are fetched once, after a manager has started it."""

import asyncio

import pytest

from herwa_bot.texts import history as texts
from herwa_shared.discord.constants import PERMISSIONS
from herwa_shared.services.backfills import load_backfill_status
from tests.support.bot_process import run_bot_process
from tests.support.db_assertions import fetch_rows, list_message_events, wait_until_stored
from tests.support.member_client import MemberClient
from tests.support.sample_server import SampleServer
from tests.support.waiting import wait_until

OLD_MESSAGES = 230  # more than two pages
BOT_PERMISSIONS = PERMISSIONS["view_channel"] | PERMISSIONS["read_message_history"]  # without Manage Threads
AUDIT_QUERY = "SELECT action FROM audit_entry WHERE guild_id = :guild ORDER BY number"


class OldServer(SampleServer):
    """A server that had messages, an active and two archived threads, one private, before the bot was added."""

    def __init__(self, sim, name: str, *, messages: int = OLD_MESSAGES) -> None:
        client = sim.client
        self.id = client.create_guild(name, bot=False)
        self.channel = client.create_channel(self.id, "general")
        self.ada, self.bob = client.join(self.id, f"ada of {name}"), client.join(self.id, f"bob of {name}")
        self.owner = client.get_snapshot().personas["owner"]
        for number in range(messages):
            client.send_message(self.channel, self.ada if number % 2 else self.bob)
        self.thread = client.create_thread(self.channel, "now")
        client.send_message(self.thread, self.ada)
        self.archived = client.create_thread(self.channel, "old")
        client.send_message(self.archived, self.bob)
        client.set_archived(self.archived, True)
        self.private = client.create_thread(self.channel, "moderators", private=True)
        client.send_message(self.private, self.bob)
        client.set_archived(self.private, True)
        client.add_bot(self.id)


@pytest.fixture(scope="module")
async def running_bot(settings, sim):
    with run_bot_process(settings, sim) as process:
        await process.wait_until_ready()
        yield process


async def wait_until_finished(stores, guild_id: int):
    async def is_finished() -> bool:
        async with stores.database.transaction() as session:
            status = await load_backfill_status(session, guild_id=guild_id)
        return status is not None and status.state == "finished"

    await wait_until(is_finished, description="the end of the back-fill")
    async with stores.database.transaction() as session:
        return await load_backfill_status(session, guild_id=guild_id)


async def test_old_messages_are_fetched_once_after_a_manager_started_it(stores, sim, running_bot):
    server = OldServer(sim, "Old Oak")
    members = MemberClient(sim, stores, server)
    await wait_until_stored(stores, running_bot)
    assert (await members.run("history status", user=server.owner)).content == texts.NOT_STARTED
    assert (await members.run("history import", user=server.ada)).ephemeral  # refused: no Manage Server
    await asyncio.sleep(2.5)
    assert await list_message_events(stores, server.id) == []

    reply = await members.run("history import", user=server.owner)
    assert texts.LIMITS in reply.content
    status = await wait_until_finished(stores, server.id)
    assert (status.channels, status.open_channels, status.fetched) == (4, 0, OLD_MESSAGES + 3)
    rows = await list_message_events(stores, server.id)
    assert len(rows) == OLD_MESSAGES + 3
    assert {row.channel for row in rows} == {server.channel}
    assert sorted(row.thread for row in rows if row.thread) == sorted([server.thread, server.archived, server.private])
    assert texts.HEADINGS["finished"] in (await members.run("history status", user=server.owner)).content
    periods = await fetch_rows(stores, "SELECT source FROM imported_period WHERE guild_id = :guild", guild=server.id)
    assert ("backfill",) in [tuple(row) for row in periods]
    assert [row[0] for row in await fetch_rows(stores, AUDIT_QUERY, guild=server.id)] == ["history.import"]

    again = await members.run("history import", user=server.owner)
    assert "finished" in again.content
    assert len(await list_message_events(stores, server.id)) == OLD_MESSAGES + 3


@pytest.mark.parametrize("has_joined", [True, False])
async def test_private_threads_need_manage_threads_or_the_bot_in_them(stores, sim, running_bot, has_joined):
    server = OldServer(sim, f"Old Ash {has_joined}", messages=1)
    sim.client.update_role(server.id, server.id + 1, permissions=BOT_PERMISSIONS)
    if has_joined:
        sim.client.join_thread(server.private, sim.client.get_snapshot().application_id)
    members = MemberClient(sim, stores, server)
    await wait_until_stored(stores, running_bot)

    await members.run("history import", user=server.owner)

    status = await wait_until_finished(stores, server.id)
    threads = {row.thread for row in await list_message_events(stores, server.id)}
    assert threads == {0, server.thread, server.archived} | ({server.private} if has_joined else set())
    assert (status.open_channels, status.fetched) == (0, 4 if has_joined else 3)


@pytest.mark.slow
async def test_paused_import_goes_on_where_it_was_also_after_a_kill(stores, settings, sim, running_bot):
    server = OldServer(sim, "Old Elm")
    members = MemberClient(sim, stores, server)
    await wait_until_stored(stores, running_bot)
    await members.run("history import", user=server.owner)
    paused = await members.run("history pause", user=server.owner)
    assert paused.content == texts.PAUSED
    await asyncio.sleep(3)
    stored = len(await list_message_events(stores, server.id))
    await asyncio.sleep(3)
    assert len(await list_message_events(stores, server.id)) == stored < OLD_MESSAGES + 3
    assert texts.HEADINGS["paused"] in (await members.run("history status", user=server.owner)).content
    assert (await members.run("history resume", user=server.owner)).content == texts.RESUMED
    running_bot.kill_if_running()
    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()
        status = await wait_until_finished(stores, server.id)
        await wait_until_stored(stores, bot)
    assert status.fetched == OLD_MESSAGES + 3
    assert len(await list_message_events(stores, server.id)) == OLD_MESSAGES + 3
