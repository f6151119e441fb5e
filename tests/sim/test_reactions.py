"""Reactions: added, taken back, cleared away, as a bot hears it."""

import pytest

from herwa_shared.errors import NotFound
from tests.sim.bot import connected, until
from tests.sim.gateway_client import GUILDS, REACTIONS, listening


@pytest.fixture
def said(sim, place):
    return sim.client.say(place.channel, place.owner)


async def test_a_reaction_names_who_reacted_and_whose_message_it_is(sim, place, said):
    async with listening(sim, GUILDS | REACTIONS) as client:
        sim.client.react(place.channel, said, place.member, "🌻")
        sim.client.unreact(place.channel, said, place.member, "🌻")
        added = await client.event("MESSAGE_REACTION_ADD")
        removed = await client.event("MESSAGE_REACTION_REMOVE")
    assert (added["user_id"], added["message_author_id"]) == (str(place.member), str(place.owner))
    assert added["emoji"] == removed["emoji"] == {"id": None, "name": "🌻"}
    assert added["member"]["user"]["id"] == str(place.member)
    assert (added["message_id"], removed["message_id"]) == (str(said), str(said))
    assert not added["burst"]


async def test_who_reacts_twice_alike_reacts_once(sim, place, said):
    async with listening(sim, GUILDS | REACTIONS) as client:
        for emoji in ("👍", "👍", "spark:4711"):
            sim.client.react(place.channel, said, place.member, emoji)
        first, second = await client.events("MESSAGE_REACTION_ADD", "MESSAGE_REACTION_ADD")
    assert (first["emoji"]["name"], second["emoji"]) == ("👍", {"id": "4711", "name": "spark"})


async def test_a_moderator_clears_one_emoji_or_all(sim, place, said):
    async with listening(sim, GUILDS | REACTIONS) as client:
        sim.client.react(place.channel, said, place.member, "👍")
        sim.client.react(place.channel, said, place.member, "👎")
        sim.client.clear_reactions(place.channel, said, "👎")
        assert (await client.event("MESSAGE_REACTION_REMOVE_EMOJI"))["emoji"]["name"] == "👎"
        sim.client.clear_reactions(place.channel, said)
        assert (await client.event("MESSAGE_REACTION_REMOVE_ALL"))["message_id"] == str(said)


async def test_reactions_stand_below_the_message(sim, place, said):
    sim.client.react(place.channel, said, place.member)
    sim.client.react(place.channel, said, place.owner)
    async with connected(sim) as bot:
        message = await bot.get_channel(place.channel).fetch_message(said)
        assert [(str(one), one.count, one.me) for one in message.reactions] == [("👍", 2, False)]


async def test_nobody_reacts_to_what_was_never_said(sim, place):
    with pytest.raises(NotFound, match="Unknown Message"):
        sim.client.react(place.channel, 1, place.member)


async def test_discord_py_hears_reactions(sim, place, said, bot):
    sim.client.react(place.channel, said, place.member)
    sim.client.unreact(place.channel, said, place.member)
    await until(lambda: ("unreaction", said) in bot.told)
    assert ("reaction", said) in bot.told
