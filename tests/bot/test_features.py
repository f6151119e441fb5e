"""`/features` as a manager uses it."""

import pytest

from herwa_shared.clock import utc_now
from herwa_shared.services import audit, kill_switches, tiers
from herwa_shared.services.audit import SYSTEM
from herwa_shared.services.features import list_features
from tests.support.member_client import MemberClient, get_button_ids

REASON = "The numbers are being mended."


class FeatureCommandClient:
    """Runs `/features` as the owner and reads the stored states and audit entries."""

    def __init__(self, members: MemberClient) -> None:
        self.members, self.server = members, members.server

    async def run(self, command: str, target: str = ""):
        options = {"what": target} if target else None
        return await self.members.run(f"features {command}", options, user=self.server.owner)

    async def press(self, message, label: str):
        return (await self.members.press(message, label, user=self.server.owner)).messages[-1]

    async def list_suggestions(self, command: str, typed: str = "") -> list[str]:
        return await self.members.autocomplete(f"features {command}", {"what": typed}, "what", user=self.server.owner)

    async def load_feature_states(self) -> dict[str, bool]:
        async with self.members.stores.database.transaction() as session:
            features = await list_features(session, guild_id=self.server.id, now=utc_now())
        return {feature.key: feature.enabled for feature in features}

    async def list_audit_actions(self) -> list[str]:
        async with self.members.stores.database.transaction() as session:
            return [entry.action for entry in await audit.list_entries(session, guild_id=self.server.id)]


@pytest.fixture
def feature_client(members) -> FeatureCommandClient:
    return FeatureCommandClient(members)


async def test_list_shows_features_by_module_with_their_commands(feature_client):
    feature_list_reply = await feature_client.run("list")
    assert feature_list_reply.ephemeral
    assert "**Activity**\n🟢 Server stats · on · `/server-stats`" in feature_list_reply.content
    assert "🔒 Help · always on · `/help`" in feature_list_reply.content
    await feature_client.run("disable", "server.stats")
    assert "⚪ Server stats · off" in (await feature_client.run("list")).content


async def test_feature_is_disabled_immediately_and_undo_enables_it(feature_client, members):
    disabled_reply = await feature_client.run("disable", "feature:server.stats")
    assert disabled_reply.content == "**Server stats** is off now; before, it was on.\nStopped: `/server-stats`."
    await members.wait_for_verdict("No", "server-stats")
    undo_reply = await feature_client.press(disabled_reply, "Undo")
    assert "**Taken back.** Server stats is on again." in undo_reply.content
    await members.wait_for_verdict("Yes", "server-stats")
    assert await feature_client.list_audit_actions() == ["feature.set", "feature.set"]


async def test_disabling_a_module_needs_confirmation_and_lists_its_commands(feature_client, members):
    confirmation = await feature_client.run("disable", "module:activity")
    assert confirmation.content.startswith("**Switch off the whole module Activity?**")
    assert "These commands stop: `/server-stats`." in confirmation.content
    assert (await feature_client.load_feature_states())["server.stats"]
    disabled_reply = await feature_client.press(confirmation, "Switch Activity off")
    assert disabled_reply.content.startswith(
        "The module **Activity** is off now; before, it was on.\nStopped: `/server-stats`."
    )
    await members.wait_for_verdict("No", "server-stats", user=members.server.owner)
    assert "**Activity** · the whole module is off" in (await feature_client.run("list")).content
    enabled_reply = await feature_client.run("enable", "Activity")
    assert "Back to work: `/server-stats`." in enabled_reply.content
    await members.wait_for_verdict("Yes", "server-stats")


async def test_enabling_a_feature_names_its_disabled_module(feature_client):
    await feature_client.run("disable", "server.stats")
    await feature_client.press(await feature_client.run("disable", "module:activity"), "Switch Activity off")
    enabled_reply = await feature_client.run("enable", "server.stats")
    assert "⚪ Its module **Activity** is off: switch that on, too." in enabled_reply.content
    assert "Back to work" not in enabled_reply.content


async def test_only_applicable_targets_are_suggested(feature_client, members):
    assert await feature_client.list_suggestions("enable") == []
    suggestions = await feature_client.list_suggestions("disable")
    assert {"Activity (module)", "Server stats (feature)"} <= set(suggestions)
    assert not {"Essentials (module)", "Help (feature)", "Features (feature)"} & set(suggestions) - {
        "Essentials (module)"
    }
    await feature_client.run("disable", "server.stats")
    await members.wait_for_verdict("No", "server-stats")
    assert await feature_client.list_suggestions("enable") == ["Server stats (feature)"]
    assert "Server stats (feature)" not in await feature_client.list_suggestions("disable")


async def test_enabling_an_enabled_feature_changes_nothing(feature_client):
    reply = await feature_client.run("enable", "server.stats")
    assert reply.content == "**Server stats** is on already. Nothing has changed."
    assert get_button_ids(reply) == {}
    assert await feature_client.list_audit_actions() == []


async def test_essential_feature_cannot_be_disabled(feature_client):
    assert "cannot be switched off" in (await feature_client.run("disable", "Access rules")).content
    assert "Nothing" not in (await feature_client.run("disable", "nonsense")).content


async def test_free_guild_cannot_enable_a_premium_feature(feature_client, members):
    await feature_client.run("disable", "server.stats")
    await _move_feature(members, to_free=False)
    try:
        refusal = await feature_client.run("enable", "server.stats")
        assert refusal.content == "Server stats is part of Premium; this server is on Free."
        assert "💎 Server stats · part of Premium" in (await feature_client.run("list")).content
    finally:
        await _move_feature(members, to_free=True)


async def test_kill_switch_is_shown_with_its_reason(feature_client, members):
    await _set_kill_switch(members, active=True)
    try:
        assert (
            f"⛔ Server stats · switched off everywhere by Herwa: {REASON}"
            in (await feature_client.run("list")).content
        )
        await feature_client.run("disable", "server.stats")
        reply = await feature_client.run("enable", "server.stats")
        assert f"⛔ **Server stats** is switched off everywhere by Herwa for now: {REASON}" in reply.content
    finally:
        await _set_kill_switch(members, active=False)


async def _move_feature(members: MemberClient, *, to_free: bool) -> None:
    await members.run_in_transaction(
        lambda session: tiers.set_tier_feature(
            session, tier="free", feature="server.stats", included=to_free, actor=SYSTEM
        )
    )
    await members.run_in_transaction(
        lambda session: tiers.set_tier_feature(
            session, tier="premium", feature="server.stats", included=not to_free, actor=SYSTEM
        )
    )


async def _set_kill_switch(members: MemberClient, *, active: bool) -> None:
    await members.run_in_transaction(
        lambda session: kill_switches.set_kill_switch(
            session, feature="server.stats", active=active, reason=REASON, actor=SYSTEM
        )
    )
