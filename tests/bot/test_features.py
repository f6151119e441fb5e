"""`/features` as those who manage a server use it."""

import pytest

from herwa_shared.clock import utc_now
from herwa_shared.services import audit, kill_switches, tiers
from herwa_shared.services.audit import SYSTEM
from herwa_shared.services.features import feature_list
from tests.bot.members import Members, buttons

REASON = "The numbers are being mended."


class Switches:
    """The owner at work, and what is stored."""

    def __init__(self, members: Members) -> None:
        self.members, self.place = members, members.place

    async def run(self, command: str, what: str = ""):
        options = {"what": what} if what else None
        return await self.members.run(f"features {command}", options, who=self.place.owner)

    async def press(self, message, label: str):
        return (await self.members.press(message, label, who=self.place.owner)).messages[-1]

    async def offered(self, command: str, typed: str = "") -> list[str]:
        return await self.members.type(f"features {command}", {"what": typed}, "what", who=self.place.owner)

    async def on(self) -> dict[str, bool]:
        async with self.members.stores.database.transaction() as session:
            found = await feature_list(session, guild_id=self.place.guild, now=utc_now())
        return {feature.key: feature.enabled for feature in found}

    async def actions(self) -> list[str]:
        async with self.members.stores.database.transaction() as session:
            return [entry.action for entry in await audit.entries(session, guild_id=self.place.guild)]


@pytest.fixture
def switches(members) -> Switches:
    return Switches(members)


async def test_the_list_shows_each_feature_under_its_module_with_its_commands(switches):
    listed = await switches.run("list")
    assert listed.ephemeral
    assert "**Activity**\n🟢 Server stats · on · `/server-stats`" in listed.content
    assert "🔒 Help · always on · `/help`" in listed.content
    await switches.run("disable", "server.stats")
    assert "⚪ Server stats · off" in (await switches.run("list")).content


async def test_a_feature_is_switched_off_at_once_and_on_again_by_undo(switches, members):
    off = await switches.run("disable", "feature:server.stats")
    assert off.content == "**Server stats** is off now; before, it was on.\nStopped: `/server-stats`."
    await members.become("No", "server-stats")
    undone = await switches.press(off, "Undo")
    assert "**Taken back.** Server stats is on again." in undone.content
    await members.become("Yes", "server-stats")
    assert await switches.actions() == ["feature.set", "feature.set"]


async def test_a_whole_module_is_asked_about_with_the_commands_that_stop(switches, members):
    asked = await switches.run("disable", "module:activity")
    assert asked.content.startswith("**Switch off the whole module Activity?**")
    assert "These commands stop: `/server-stats`." in asked.content
    assert (await switches.on())["server.stats"]
    off = await switches.press(asked, "Switch Activity off")
    assert off.content.startswith("The module **Activity** is off now; before, it was on.\nStopped: `/server-stats`.")
    await members.become("No", "server-stats", who=members.place.owner)
    assert "**Activity** · the whole module is off" in (await switches.run("list")).content
    on = await switches.run("enable", "Activity")
    assert "Back to work: `/server-stats`." in on.content
    await members.become("Yes", "server-stats")


async def test_switching_on_says_what_still_keeps_it_off(switches):
    await switches.run("disable", "server.stats")
    await switches.press(await switches.run("disable", "module:activity"), "Switch Activity off")
    on = await switches.run("enable", "server.stats")
    assert "⚪ Its module **Activity** is off: switch that on, too." in on.content
    assert "Back to work" not in on.content


async def test_only_what_makes_sense_is_offered(switches, members):
    assert await switches.offered("enable") == []
    off = await switches.offered("disable")
    assert {"Activity (module)", "Server stats (feature)"} <= set(off)
    assert not {"Essentials (module)", "Help (feature)", "Features (feature)"} & set(off) - {"Essentials (module)"}
    await switches.run("disable", "server.stats")
    await members.become("No", "server-stats")
    assert await switches.offered("enable") == ["Server stats (feature)"]
    assert "Server stats (feature)" not in await switches.offered("disable")


async def test_what_is_so_already_changes_nothing(switches):
    told = await switches.run("enable", "server.stats")
    assert told.content == "**Server stats** is on already. Nothing has changed."
    assert buttons(told) == {}
    assert await switches.actions() == []


async def test_what_is_essential_cannot_be_switched_off(switches):
    assert "cannot be switched off" in (await switches.run("disable", "Access rules")).content
    assert "Nothing" not in (await switches.run("disable", "nonsense")).content


async def test_what_the_tier_lacks_is_refused_with_the_tier_that_has_it(switches, members):
    await switches.run("disable", "server.stats")
    await _move(members, to_free=False)
    try:
        refused = await switches.run("enable", "server.stats")
        assert refused.content == "Server stats is part of Premium; this server is on Free."
        assert "💎 Server stats · part of Premium" in (await switches.run("list")).content
    finally:
        await _move(members, to_free=True)


async def test_what_the_operator_has_switched_off_says_so_with_the_reason(switches, members):
    await _kill(members, on=True)
    try:
        assert f"⛔ Server stats · switched off everywhere by Herwa: {REASON}" in (await switches.run("list")).content
        await switches.run("disable", "server.stats")
        told = await switches.run("enable", "server.stats")
        assert f"⛔ **Server stats** is switched off everywhere by Herwa for now: {REASON}" in told.content
    finally:
        await _kill(members, on=False)


async def _move(members: Members, *, to_free: bool) -> None:
    await members.decide(
        lambda session: tiers.set_tier_feature(
            session, tier="free", feature="server.stats", included=to_free, actor=SYSTEM
        )
    )
    await members.decide(
        lambda session: tiers.set_tier_feature(
            session, tier="premium", feature="server.stats", included=not to_free, actor=SYSTEM
        )
    )


async def _kill(members: Members, *, on: bool) -> None:
    await members.decide(
        lambda session: kill_switches.switch(session, feature="server.stats", on=on, reason=REASON, actor=SYSTEM)
    )
