"""Counts are exact and the bot continues despite faults of the gateway and of REST."""

import asyncio
from collections import Counter

import pytest

from tests.support.bot_process import list_connected_sessions, run_bot_process, wait_for_acknowledgement, wait_until
from tests.support.db_assertions import list_events, move_buffer, wait_until_stored

KINDS = ("message", "message_edit", "message_delete", "reaction", "leave")


@pytest.fixture(autouse=True)
def chaos_cleanup(sim):
    """Disable all faults after each test."""
    yield
    sim.client.disable_faults()


async def generate_activity(sim, server, count: int) -> Counter:
    """Generate messages, edits, deletions, reactions and a leave.

    Returns the expected number of stored events by kind and member.
    """
    expected: Counter = Counter()
    for number in range(count):
        author, reactor = (server.ada, server.bob)[:: 1 if number % 2 else -1]
        message_id = sim.client.send_message(server.channel, author)
        expected["message", author] += 1
        if number % 4 == 0:
            sim.client.add_reaction(server.channel, message_id, reactor)
            expected["reaction", reactor] += 1
        if number % 3 == 0:
            sim.client.edit_message(server.channel, message_id, length=number + 1)
            expected["message_edit", author] += 1
        if number % 5 == 0:
            sim.client.delete_messages(server.channel, message_id)
            expected["message_delete", 0] += 1
        await asyncio.sleep(0.01)
    visitor = sim.client.join(server.id, f"visitor {server.id}")
    sim.client.leave(server.id, visitor)
    expected["leave", visitor] += 1
    return expected


async def count_stored_events(stores, server) -> Counter:
    """Count the server's stored events by kind and member."""
    return Counter((row.kind, row.user) for row in await list_events(stores, server.id, *KINDS))


async def test_counts_are_exact_with_duplicate_malformed_and_dropped_events(stores, sim, bot, server):
    sim.client.enable_faults(double=0.5, malformed=0.5, drop=0.05, reconnect=0.03)
    expected = await generate_activity(sim, server, 60)
    strike_counts = {name: fault["struck"] for name, fault in sim.client.disable_faults().items()}
    assert min(strike_counts[name] for name in ("double", "malformed", "drop")) > 0
    await wait_until(lambda: len(list_connected_sessions(sim)) == 1, bot)
    await wait_until_stored(stores, bot)
    assert await count_stored_events(stores, server) == expected
    await move_buffer(stores)
    assert await count_moved_events(stores, server) == sum(expected.values())


async def count_moved_events(stores, server) -> int:
    """Count the server's events in ClickHouse."""
    query = """
    SELECT count() FROM activity_events
    WHERE guild_id = {guild:UInt64} AND toString(kind) IN {kinds:Array(String)}
    """
    return (await stores.clickhouse.query(query, {"guild": server.id, "kinds": list(KINDS)})).result_rows[0][0]


async def test_bot_starts_while_rest_is_rate_limited_slow_and_failing(stores, settings, sim, server):
    sim.client.enable_faults(
        limit={"next": 2, "seconds": 0.05}, slow={"share": 0.3, "seconds": 0.05}, fail={"next": 1, "status": 502}
    )
    with run_bot_process(settings, sim) as starting_bot:
        await wait_until(lambda: bool(list_connected_sessions(sim)), starting_bot, 60)
        await wait_for_acknowledgement(sim)
        expected = await generate_activity(sim, server, 5)
        await wait_until_stored(stores, starting_bot)
        assert await count_stored_events(stores, server) == expected
        assert sim.client.disable_faults()["limit"]["struck"] == 2


async def test_command_gets_a_reply_despite_rate_limits(sim, bot, server):
    sim.client.enable_faults(limit={"next": 2, "seconds": 0.1}, slow={"share": 1, "seconds": 0.05})
    result = sim.client.run_command(server.channel, server.ada, "server-stats")
    assert result.responded
    assert result.messages


async def test_invalidated_session_is_replaced_and_counting_continues(stores, sim, bot, server):
    sim.client.enable_faults(invalidate={"next": 1})
    sim.client.send_message(server.channel, server.ada)
    await wait_until(lambda: sim.client.enable_faults()["invalidate"]["struck"] > 0, bot)
    await wait_until(lambda: bool(list_connected_sessions(sim)), bot, 60)
    await wait_for_acknowledgement(sim)

    async def is_counting() -> bool:
        sim.client.send_message(server.channel, server.bob)
        await wait_until_stored(stores, bot)
        return ("message", server.bob) in await count_stored_events(stores, server)

    await wait_until(is_counting)
