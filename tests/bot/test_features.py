"""`/features` as a manager uses it."""

import pytest

from herwa_bot.texts import buttons
from herwa_bot.texts import features as texts
from herwa_bot.texts.errors import format_no_match
from herwa_shared.clock import utc_now
from herwa_shared.services import audit, kill_switches, tiers
from herwa_shared.services.audit import SYSTEM
from herwa_shared.services.features import list_features
from herwa_shared.services.texts import format_essential_feature, format_feature_not_in_tier, format_undo_toggled
from tests.support.member_client import MemberClient, get_button_ids

REASON = "The numbers are being repaired."
COMMAND = "`/server-stats`"
HISTORY_COMMANDS = "`/history import|pause|resume|status`"
ACTIVITY_COMMANDS = f"{COMMAND}, `/top channels|members`, {HISTORY_COMMANDS}"
TURN_OFF = buttons.format_turn_off("Activity")


def format_entry(icon, status):
    """Format the entry of Server stats in the list."""
    return texts.format_entry(icon, "Server stats", status, COMMAND)


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
    heading = texts.format_module_heading("Activity", enabled=True)
    past_messages = texts.format_entry("🟢", "Past messages", texts.ON, HISTORY_COMMANDS)
    assert f"{heading}\n{past_messages}\n{format_entry('🟢', texts.ON)}" in feature_list_reply.content
    assert texts.format_entry("🔒", "Help", texts.ALWAYS_ON, "`/help`") in feature_list_reply.content
    await feature_client.run("disable", "server.stats")
    assert format_entry("⚪", texts.OFF) in (await feature_client.run("list")).content


async def test_feature_is_disabled_immediately_and_undo_enables_it(feature_client, members):
    disabled_reply = await feature_client.run("disable", "feature:server.stats")
    assert disabled_reply.content == texts.format_result("Server stats", COMMAND, enabled=False)
    await members.wait_for_verdict("No", "server-stats")
    undo_reply = await feature_client.press(disabled_reply, buttons.UNDO)
    result = format_undo_toggled("Server stats", enabled=True)
    assert undo_reply.content == buttons.format_undone(disabled_reply.content, [result])
    await members.wait_for_verdict("Yes", "server-stats")
    assert await feature_client.list_audit_actions() == ["feature.set", "feature.set"]


async def test_disabling_a_module_needs_confirmation_and_lists_its_commands(feature_client, members):
    confirmation = await feature_client.run("disable", "module:activity")
    assert confirmation.content == texts.format_disable_question("Activity", ACTIVITY_COMMANDS, has_essential=False)
    assert (await feature_client.load_feature_states())["server.stats"]
    disabled_reply = await feature_client.press(confirmation, TURN_OFF)
    assert disabled_reply.content == texts.format_result("Activity", ACTIVITY_COMMANDS, enabled=False)
    await members.wait_for_verdict("No", "server-stats", user=members.server.owner)
    assert texts.format_module_heading("Activity", enabled=False) in (await feature_client.run("list")).content
    enabled_reply = await feature_client.run("enable", "Activity")
    assert enabled_reply.content == texts.format_result("Activity", ACTIVITY_COMMANDS, enabled=True)
    await members.wait_for_verdict("Yes", "server-stats")


async def test_enabling_a_feature_names_its_disabled_module(feature_client):
    await feature_client.run("disable", "server.stats")
    await feature_client.press(await feature_client.run("disable", "module:activity"), TURN_OFF)
    enabled_reply = await feature_client.run("enable", "server.stats")
    blockers = texts.format_blockers([texts.format_module_blocker("Activity")])
    assert enabled_reply.content == texts.format_result("Server stats", "", enabled=True) + blockers


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
    assert reply.content == texts.format_unchanged("Server stats", enabled=True)
    assert get_button_ids(reply) == {}
    assert await feature_client.list_audit_actions() == []


async def test_essential_feature_cannot_be_disabled(feature_client):
    assert (await feature_client.run("disable", "Access rules")).content == format_essential_feature("Access rules")
    assert (await feature_client.run("disable", "xyzzy")).content == format_no_match("xyzzy", [])


async def test_free_guild_cannot_enable_a_premium_feature(feature_client, members):
    await feature_client.run("disable", "server.stats")
    await _move_feature(members, to_free=False)
    try:
        refusal = await feature_client.run("enable", "server.stats")
        assert refusal.content == format_feature_not_in_tier("Server stats", "Premium", "Free")
        assert format_entry("💎", texts.format_needs_tier("Premium")) in (await feature_client.run("list")).content
    finally:
        await _move_feature(members, to_free=True)


async def test_kill_switch_is_shown_with_its_reason(feature_client, members):
    await _set_kill_switch(members, active=True)
    try:
        entry = format_entry("⛔", texts.format_turned_off_everywhere(REASON))
        assert entry in (await feature_client.run("list")).content
        await feature_client.run("disable", "server.stats")
        reply = await feature_client.run("enable", "server.stats")
        assert texts.format_killed_blocker("Server stats", REASON) in reply.content
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
