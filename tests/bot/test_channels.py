"""`/channels` as those who manage a server use it, and where commands run afterwards."""

import asyncio
from functools import partial

import pytest

from herwa_shared.guardrail.policy import TargetKind
from herwa_shared.models import ChannelListEntry
from herwa_shared.policy_cache.notifications import touch
from herwa_shared.services import channel_lists
from tests.bot.members import MANAGER, Members, buttons, is_last
from tests.bot.stored import comes_true


class Lists:
    """The owner at work, and what is stored."""

    def __init__(self, members: Members) -> None:
        self.members, self.place = members, members.place

    async def run(self, command: str, **options: object):
        wanted = {name: str(value) for name, value in options.items()}
        return await self.members.run(f"channels {command}", wanted, who=self.place.owner)

    async def press(self, message, label: str):
        return (await self.members.press(message, label, who=self.place.owner)).messages[-1]

    async def stored(self) -> dict[tuple[TargetKind, str], frozenset[int]]:
        async with self.members.stores.database.transaction() as session:
            found = await channel_lists.lists(session, guild_id=self.place.guild)
        return {(one.target_kind, one.target_key): one.place_ids for one in found}


@pytest.fixture
def lists(members) -> Lists:
    return Lists(members)


@pytest.fixture
def staff(sim, place) -> int:
    return sim.client.create_channel(place.guild, "staff")


async def test_a_command_is_kept_to_its_channels_and_let_go_by_undo(lists, members, staff):
    first = await lists.run("allow", what="/server-stats", where=staff)
    assert first.ephemeral
    assert first.content == f"/server-stats may run only in <#{staff}> now.\nBefore: in every channel."
    await members.become("No", "server-stats")
    await members.become("Yes", "server-stats", channel=staff)
    second = await lists.run("allow", what="/server-stats", where=members.place.channel)
    assert second.content.endswith(f"Before: in <#{staff}>.")
    await members.become("Yes", "server-stats")
    await lists.press(second, "Undo")
    assert await lists.stored() == {(TargetKind.COMMAND, "server-stats"): frozenset([staff])}


async def test_a_thread_stands_for_its_channel(lists, members, sim, staff):
    thread = sim.client.create_thread(staff, "night shift")
    await lists.run("allow", what="/server-stats", where=thread)
    assert await lists.stored() == {(TargetKind.COMMAND, "server-stats"): frozenset([staff])}


async def test_a_list_for_everything_is_asked_about(lists, staff):
    asked = await lists.run("allow", what="everything", where=staff)
    assert asked.content.startswith(f"**Keep everything to <#{staff}>?**")
    assert "`/server-stats`" in asked.content
    assert await lists.stored() == {}
    told = await lists.press(asked, "Keep everything there")
    assert told.content.startswith(f"Everything may run only in <#{staff}> now.")
    assert await lists.stored() == {(TargetKind.EVERYTHING, ""): frozenset([staff])}


async def test_the_same_channel_again_changes_nothing(lists, staff):
    await lists.run("allow", what="/server-stats", where=staff)
    again = await lists.run("allow", what="/server-stats", where=staff)
    assert again.content == f"/server-stats may run in <#{staff}> already. Nothing has changed."
    assert buttons(again) == {}


async def test_a_list_is_cleared_and_comes_back_by_undo(lists, members, staff):
    assert "There is no list for /server-stats" in (await lists.run("clear", what="/server-stats")).content
    await lists.run("allow", what="/server-stats", where=staff)
    await members.become("No", "server-stats")
    offered = await members.type("channels clear", {"what": ""}, "what", who=members.place.owner)
    assert offered == ["/server-stats"]
    cleared = await lists.run("clear", what="/server-stats")
    assert cleared.content.startswith("/server-stats may run in every channel again.\n")
    await members.become("Yes", "server-stats")
    undone = await lists.press(cleared, "Undo")
    assert "is back." in undone.content
    assert len(await lists.stored()) == 1


async def test_the_list_of_lists_names_targets_and_places(lists, staff):
    assert "No list yet" in (await lists.run("list")).content
    await lists.run("allow", what="/server-stats", where=staff)
    assert f"\n/server-stats: <#{staff}>" in (await lists.run("list")).content


@pytest.mark.parametrize("what", ["/channels", "module:governance", "everything"])
async def test_whoever_keeps_the_managers_own_commands_to_a_channel_is_told(lists, staff, what):
    asked = await lists.run("allow", what=what, where=staff)
    assert "⚠️ Members with Manage Server could then use " in asked.content
    assert "`/channels list|allow|clear`" in asked.content.split("⚠️")[1]
    assert await lists.stored() == {}


async def test_a_list_that_somebody_began_meanwhile_is_told_as_it_is(lists, members, staff):
    asked = await lists.run("allow", what="everything", where=staff)
    await lists.press(await lists.run("allow", what="everything", where=members.place.channel), "Keep everything there")
    told = await lists.press(asked, "Keep everything there")
    both = ", ".join(f"<#{one}>" for one in sorted([staff, members.place.channel]))
    assert told.content == f"Everything may run only in {both} now.\nBefore: in <#{members.place.channel}>."


async def test_of_two_who_add_at_once_both_are_told_the_truth(lists, sim, place):
    channels = [sim.client.create_channel(place.guild, f"desk-{number}") for number in range(4)]
    told = await asyncio.gather(*(lists.run("allow", what="/server-stats", where=one) for one in channels))
    assert await lists.stored() == {(TargetKind.COMMAND, "server-stats"): frozenset(channels)}
    named = sorted(one.content.split("now.")[0].count("<#") for one in told)
    assert named == [1, 2, 3, 4]


async def test_a_hundred_places_are_listed_to_the_last(lists, members, place):
    places = [(1 << 62) + number for number in range(100)]
    for key in ("server-stats", "voice-stats"):
        await members.decide(
            partial(
                channel_lists.set_list,
                guild_id=place.guild,
                target_kind=TargetKind.COMMAND,
                target_key=key,
                place_ids=places,
                actor=MANAGER,
            )
        )
    shown, pages = await lists.run("list"), []
    while True:
        assert len(shown.content) <= 2000
        pages.append(shown.content)
        if is_last(shown):
            break
        shown = await lists.press(shown, "Next")
    assert all("\n".join(pages).count(f"<#{one}>") == 2 for one in places)
    cleared = await lists.run("clear", what="/server-stats")
    assert len(cleared.content) <= 2000
    assert cleared.content.endswith("-# Where a wider target has a list, that decides.")
    assert "and 80 more." in cleared.content


async def test_a_list_of_what_herwa_no_longer_has_can_still_be_cleared(lists, members, staff):
    gone = [(TargetKind.MODULE, "oldies"), (TargetKind.FEATURE, "oldies.stats"), (TargetKind.COMMAND, "old-stats")]

    async def begin(session):
        for kind, key in gone:
            session.add(
                ChannelListEntry(guild_id=members.place.guild, target_kind=kind, target_key=key, place_id=staff)
            )
        await touch(session, guild_id=members.place.guild)

    await members.decide(begin)

    async def offered():
        return await members.type("channels clear", {"what": ""}, "what", who=members.place.owner)

    async def is_offered():
        return await offered() == ["oldies (module)", "oldies.stats (feature)", "/old-stats"]

    await comes_true(is_offered)
    for kind, key in gone:
        assert (await lists.run("clear", what=f"{kind}:{key}")).content.count("may run in every channel again") == 1
    assert await lists.stored() == {}


async def test_what_happens_in_no_channel_cannot_be_kept_to_one(lists, members, staff):
    told = await lists.run("allow", what="module:dashboard", where=staff)
    assert told.content == "The Dashboard module has no command, so that it cannot be kept to a channel."
    assert await lists.stored() == {}
    assert await members.type("channels allow", {"what": "overview"}, "what", who=members.place.owner) == []
