"""The button that takes a change back: after a restart, too late, and for whom it is."""

import re

from herwa_bot.confirm import UNDO_FOR, UndoButton
from herwa_shared.clock import utc_now
from herwa_shared.services import channel_lists
from tests.bot.members import Members, buttons
from tests.bot.process import bot_process
from tests.bot.stored import settled


async def test_undo_works_after_a_restart(sim, stores, settings, place):
    members = Members(sim, stores, place)
    with bot_process(settings, sim) as first:
        await first.listens()
        await settled(stores, first)
        await members.become("Yes", "server-stats")
        off = await members.run("features disable", {"what": "server.stats"}, who=place.owner)
        await members.become("No", "server-stats")
        await first.stop()
    with bot_process(settings, sim) as second:
        await second.listens()
        undone = (await members.press(off, "Undo", who=place.owner)).messages[-1]
        assert "**Taken back.** Server stats is on again." in undone.content
        assert buttons(undone) == {}
        await members.become("Yes", "server-stats")


async def test_whoever_may_no_longer_change_anything_may_not_undo_either(sim, members):
    place = members.place
    managing = sim.client.create_role(place.guild, "Managers", permissions=1 << 5)
    sim.client.set_roles(place.guild, place.ada, [managing])
    staff = sim.client.create_channel(place.guild, "staff")
    listed = await members.run("channels allow", {"what": "/server-stats", "where": str(staff)}, who=place.ada)
    sim.client.set_roles(place.guild, place.ada, [])
    refused = (await members.press(listed, "Undo", who=place.ada)).messages[-1]
    assert "Manage Server" in refused.content
    async with members.stores.database.transaction() as session:
        assert len(await channel_lists.lists(session, guild_id=place.guild)) == 1


def test_the_button_fits_into_discords_bounds_and_names_its_end():
    button = UndoButton.make("permissions", (2**62, 2**62 + 1))
    assert len(button.custom_id) <= 100
    [until] = re.findall(r":(\d{10}):", button.custom_id)
    assert int(until) <= (utc_now() + UNDO_FOR).timestamp()
    assert button.command == "permissions allow"
