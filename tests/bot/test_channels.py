"""`/channels` as those who manage a server use it, and where commands run afterwards."""

import pytest

from herwa_shared.guardrail.policy import TargetKind
from herwa_shared.services import channel_lists
from tests.bot.members import Members, buttons


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
