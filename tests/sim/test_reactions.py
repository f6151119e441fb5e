"""Gateway events about reactions: added, removed, cleared."""

import pytest

from herwa_shared.errors import NotFound
from tests.sim.gateway_client import GUILDS, REACTIONS, connect_identified
from tests.sim.recording_bot import connect_bot, wait_until


@pytest.fixture
def message_id(sim, server):
    """The id of a message of the owner."""
    return sim.client.send_message(server.channel, server.owner)


async def test_reaction_event_names_the_user_and_the_message_author(sim, server, message_id):
    async with connect_identified(sim, GUILDS | REACTIONS) as client:
        sim.client.add_reaction(server.channel, message_id, server.member, "🌻")
        sim.client.remove_reaction(server.channel, message_id, server.member, "🌻")
        added = await client.wait_for_event("MESSAGE_REACTION_ADD")
        removed = await client.wait_for_event("MESSAGE_REACTION_REMOVE")
    assert (added["user_id"], added["message_author_id"]) == (str(server.member), str(server.owner))
    assert added["emoji"] == removed["emoji"] == {"id": None, "name": "🌻"}
    assert added["member"]["user"]["id"] == str(server.member)
    assert (added["message_id"], removed["message_id"]) == (str(message_id), str(message_id))
    assert not added["burst"]


async def test_repeated_reaction_is_sent_once(sim, server, message_id):
    async with connect_identified(sim, GUILDS | REACTIONS) as client:
        for emoji in ("👍", "👍", "spark:4711"):
            sim.client.add_reaction(server.channel, message_id, server.member, emoji)
        first_event, second_event = await client.wait_for_events("MESSAGE_REACTION_ADD", "MESSAGE_REACTION_ADD")
    assert (first_event["emoji"]["name"], second_event["emoji"]) == ("👍", {"id": "4711", "name": "spark"})


async def test_reactions_can_be_cleared_by_emoji_or_all_at_once(sim, server, message_id):
    async with connect_identified(sim, GUILDS | REACTIONS) as client:
        sim.client.add_reaction(server.channel, message_id, server.member, "👍")
        sim.client.add_reaction(server.channel, message_id, server.member, "👎")
        sim.client.clear_reactions(server.channel, message_id, "👎")
        assert (await client.wait_for_event("MESSAGE_REACTION_REMOVE_EMOJI"))["emoji"]["name"] == "👎"
        sim.client.clear_reactions(server.channel, message_id)
        assert (await client.wait_for_event("MESSAGE_REACTION_REMOVE_ALL"))["message_id"] == str(message_id)


async def test_fetched_message_contains_its_reactions(sim, server, message_id):
    sim.client.add_reaction(server.channel, message_id, server.member)
    sim.client.add_reaction(server.channel, message_id, server.owner)
    async with connect_bot(sim) as bot:
        message = await bot.get_channel(server.channel).fetch_message(message_id)
        assert [(str(reaction), reaction.count, reaction.me) for reaction in message.reactions] == [("👍", 2, False)]


async def test_reacting_to_an_unknown_message_is_refused(sim, server):
    with pytest.raises(NotFound, match="Unknown Message"):
        sim.client.add_reaction(server.channel, 1, server.member)


async def test_discord_py_receives_reactions(sim, server, message_id, bot):
    sim.client.add_reaction(server.channel, message_id, server.member)
    sim.client.remove_reaction(server.channel, message_id, server.member)
    await wait_until(lambda: ("unreaction", message_id) in bot.recorded_events)
    assert ("reaction", message_id) in bot.recorded_events
