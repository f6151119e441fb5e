"""`/tickets` as a manager uses it, and the tickets that the bot then counts."""

import asyncio
from datetime import timedelta

import pytest

from herwa_bot.texts import buttons, stats
from herwa_bot.texts import tickets as texts
from herwa_bot.ui.names import MESSAGE_NAMES
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import EPHEMERAL_FLAG
from herwa_shared.services.support_channels import list_support_channels
from herwa_shared.services.texts import SUPPORT_CHANNEL_TITLE, format_undo_removed
from tests.bot.payloads import VOICE_CHANNEL_TYPE
from tests.bot.test_gap_tracker import VIEW_CHANNEL, set_overwrites
from tests.support.db_assertions import fetch_rows, wait_until_stored
from tests.support.event_factories import build_snowflake
from tests.support.waiting import wait_until

FORUM_TYPE = 15
TICKETS_QUERY = """
SELECT thread_id, channel_id, opener_id, responder_id, response_id, closed
FROM ticket WHERE guild_id = :g ORDER BY opened_at
"""


class TicketClient:
    """Runs `/tickets` as the owner and reads the stored tickets."""

    def __init__(self, members, bot) -> None:
        self.members, self.server, self.sim, self.bot = members, members.server, members.sim.client, bot

    async def run(self, command: str, **options: object):
        values = {name: str(value) for name, value in options.items()}
        return await self.members.run(f"tickets {command}", values, user=self.server.owner)

    async def list_marked(self) -> list[int]:
        async with self.members.stores.database.transaction() as session:
            return list(await list_support_channels(session, guild_id=self.server.id))

    async def list_tickets(self):
        await wait_until_stored(self.members.stores, self.bot)
        return [tuple(row) for row in await fetch_rows(self.members.stores, TICKETS_QUERY, g=self.server.id)]


@pytest.fixture
def tickets(members, bot) -> TicketClient:
    return TicketClient(members, bot)


def is_sent(sim, text: str) -> bool:
    """Whether the bot has sent this text since the last call, as a message that only one member sees."""
    bodies = [call["asked"] for call in sim.client.read_journal(on=True).calls if isinstance(call["asked"], dict)]
    return any(body.get("content") == text and body.get("flags") == EPHEMERAL_FLAG for body in bodies)


def mention(channel_id: int) -> str:
    return MESSAGE_NAMES.format_channel(channel_id)


async def test_channel_is_marked_listed_unmarked_and_the_change_undone(tickets, members, server):
    assert texts.NO_CHANNELS in (await tickets.run("list")).content
    marked = await tickets.run("mark", channel=server.channel)
    assert marked.ephemeral
    assert marked.content == texts.format_result(mention(server.channel), is_marked=True, is_changed=True)
    assert await tickets.list_marked() == [server.channel]
    repeated = await tickets.run("mark", channel=server.channel)
    assert repeated.content == texts.format_result(mention(server.channel), is_marked=True, is_changed=False)
    assert texts.format_entry(mention(server.channel)) in (await tickets.run("list")).content
    undone = (await members.press(marked, buttons.UNDO, user=server.owner)).messages[-1]
    assert undone.content.endswith(buttons.format_undone("", [format_undo_removed(SUPPORT_CHANNEL_TITLE)]).strip())
    assert await tickets.list_marked() == []
    await tickets.run("mark", channel=server.channel)
    unmarked = await tickets.run("unmark", channel=server.channel)
    assert unmarked.content == texts.format_result(mention(server.channel), is_marked=False, is_changed=True)
    assert await tickets.list_marked() == []


async def test_only_managers_may_mark_and_only_channels_with_threads_can_be(tickets, members, server, sim):
    assert (await members.run("tickets mark", {"channel": str(server.channel)})).ephemeral
    voice = sim.client.create_channel(server.id, "voice", type_=VOICE_CHANNEL_TYPE)
    assert (await tickets.run("mark", channel=voice)).content == texts.NO_THREADS_HERE
    assert await tickets.list_marked() == []


async def test_thread_and_post_are_tickets_until_another_person_responds(tickets, server, sim):
    forum = sim.client.create_channel(server.id, "help", type_=FORUM_TYPE)
    sim.client.create_thread(server.channel, "before the mark", owner_id=server.ada)
    for channel in (server.channel, forum):
        await tickets.run("mark", channel=channel)
    thread = sim.client.create_thread(server.channel, "a question", owner_id=server.ada)
    post = sim.client.create_post(forum, "it does not start", owner_id=server.bob)
    other = sim.client.create_channel(server.id, "other")
    sim.client.create_thread(other, "no ticket", owner_id=server.ada)
    for user in (server.ada, server.robot):
        sim.client.send_message(thread, user)
    sim.client.send_message(thread, webhook="news")
    assert await tickets.list_tickets() == [
        (thread, server.channel, server.ada, None, None, False),
        (post, forum, server.bob, None, None, False),
    ]
    response = sim.client.send_message(thread, server.bob)
    for user in (server.owner, server.ada, server.bob):
        sim.client.send_message(thread, user)
    sim.client.set_archived(post, archived=True)
    assert await tickets.list_tickets() == [
        (thread, server.channel, server.ada, server.bob, response, False),
        (post, forum, server.bob, None, None, True),
    ]
    sim.client.set_archived(post, archived=False)
    sim.client.delete_channel(thread)
    assert [row[5] for row in await tickets.list_tickets()] == [True, False]


async def test_message_that_comes_before_its_thread_is_its_response(tickets, server, sim):
    """Discord may send a message before THREAD_CREATE: the bot then asks for the thread."""
    await tickets.run("mark", channel=server.channel)
    thread = sim.client.create_thread(server.channel, "a question", owner_id=server.ada)
    created = sim.client.read_journal(on=True).events["THREAD_CREATE"][-1]
    response = sim.client.send_message(thread, server.bob)
    await asyncio.to_thread(sim.client.dispatch, "THREAD_CREATE", created, guild_id=server.id)
    assert [row[3:5] for row in await tickets.list_tickets()] == [(server.bob, response)]


async def test_repeated_events_change_nothing(tickets, server, sim):
    await tickets.run("mark", channel=server.channel)
    sim.client.enable_faults(double=1.0)
    try:
        thread = sim.client.create_thread(server.channel, "a question", owner_id=server.ada)
        response = sim.client.send_message(thread, server.bob)
        sim.client.send_message(thread, server.bob)
    finally:
        sim.client.disable_faults()
    assert await tickets.list_tickets() == [(thread, server.channel, server.ada, server.bob, response, False)]


async def test_ticket_stats_shows_tickets_and_to_managers_who_answered(tickets, members, server, sim):
    await tickets.run("mark", channel=server.channel)
    await members.wait_for_verdict("Yes", "ticket-stats")
    assert stats.format_tickets(0, 0, 0) in (await members.run("ticket-stats")).content
    thread = sim.client.create_thread(server.channel, "a question", owner_id=server.ada)
    sim.client.create_thread(server.channel, "another", owner_id=server.ada)
    sim.client.send_message(thread, server.bob)
    assert len(await tickets.list_tickets()) == 2
    reply = await members.run("ticket-stats")
    assert stats.format_tickets(2, 1, 2) in reply.content
    assert stats.format_first_response("0 s", "0 s") in reply.content
    responders = stats.format_responders([(MESSAGE_NAMES.format_member(server.bob), 1)])
    assert not is_sent(sim, responders)
    reply = await members.run("ticket-stats", user=server.owner)
    assert not reply.ephemeral
    assert responders not in reply.content
    await wait_until(lambda: asyncio.to_thread(is_sent, sim, responders))


async def test_thread_on_an_old_message_is_a_ticket_of_today(tickets, server, sim):
    await tickets.run("mark", channel=server.channel)
    old_id = build_snowflake(int((utc_now() - timedelta(days=40)).timestamp() * 1000))
    created = utc_now().isoformat()
    payload = {
        "id": str(old_id),
        "type": 11,
        "guild_id": str(server.id),
        "parent_id": str(server.channel),
        "owner_id": str(server.ada),
        "name": "aside",
        "newly_created": True,
        "message_count": 0,
        "member_count": 1,
        "thread_metadata": {
            "archived": False,
            "auto_archive_duration": 1440,
            "archive_timestamp": created,
            "locked": False,
            "create_timestamp": created,
        },
    }
    await asyncio.to_thread(sim.client.dispatch, "THREAD_CREATE", payload, guild_id=server.id)
    assert [row[0] for row in await tickets.list_tickets()] == [old_id]


async def test_tickets_of_a_channel_that_was_hidden_are_up_to_date_afterwards(tickets, server, sim):
    await tickets.run("mark", channel=server.channel)
    closed_meanwhile = sim.client.create_thread(server.channel, "first", owner_id=server.ada)
    still_open = sim.client.create_thread(server.channel, "second", owner_id=server.ada)
    assert [ticket[-1] for ticket in await tickets.list_tickets()] == [False, False]
    set_overwrites(sim, server.channel, {"id": str(server.id), "type": 0, "allow": "0", "deny": VIEW_CHANNEL})
    sim.client.set_archived(closed_meanwhile, archived=True)
    opened_meanwhile = sim.client.create_thread(server.channel, "third", owner_id=server.bob)
    assert [ticket[-1] for ticket in await tickets.list_tickets()] == [False, False]
    set_overwrites(sim, server.channel)
    assert [(ticket[0], ticket[-1]) for ticket in await tickets.list_tickets()] == [
        (closed_meanwhile, True),
        (still_open, False),
        (opened_meanwhile, False),
    ]
