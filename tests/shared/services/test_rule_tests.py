"""Named tests of access rules: added, removed, and run against a policy."""

from dataclasses import replace

import pytest

from herwa_shared.catalog import SurfaceRegistry
from herwa_shared.discord.constants import ADMINISTRATOR
from herwa_shared.errors import BadRequest, DiscordUnavailable, NotFound
from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from herwa_shared.services.access_rules import to_setting_value
from herwa_shared.services.rule_tests import (
    MAX_TESTS,
    RuleTestInfo,
    RuleTestsBroken,
    add_rule_test,
    build_role_permissions,
    list_failing_tests,
    list_rule_tests,
    remove_rule_test,
)
from herwa_shared.services.setting_changes import SettingChange, SettingType, save_changes
from herwa_shared.stores import Stores
from tests.shared.services.guild_under_test import SURFACES, GuildUnderTest, build_rule, create_guild
from tests.support.access_rules import add_rule

MODS = 77
PERMISSIONS = {0: 0, MODS: 0, 88: ADMINISTRATOR}
TEST = {"name": "Mods can use ticket stats", "role_id": MODS, "command": "ticket-stats", "is_allowed": True}


@pytest.fixture
async def guild(stores: Stores) -> GuildUnderTest:
    return await create_guild(stores)


async def test_tests_are_added_and_removed_with_audit_entries(guild: GuildUnderTest):
    test_id = await guild.call_as_manager(add_rule_test, **TEST)
    [test] = await guild.call(list_rule_tests)
    assert test == RuleTestInfo(test_id, **TEST)
    await guild.call_as_manager(remove_rule_test, test_id=test_id)
    assert await guild.call(list_rule_tests) == ()
    assert [entry.action for entry in await guild.list_audit_entries()] == ["rule_test.remove", "rule_test.add"]
    with pytest.raises(NotFound):
        await guild.call_as_manager(remove_rule_test, test_id=test_id)


async def test_invalid_tests_are_refused(guild: GuildUnderTest):
    await guild.call_as_manager(add_rule_test, **TEST)
    for changes in ({"name": " "}, {"name": "x" * 81}, {"name": TEST["name"].upper()}):
        with pytest.raises(BadRequest):
            await guild.call_as_manager(add_rule_test, **TEST | changes)
    with pytest.raises(NotFound):
        await guild.call_as_manager(add_rule_test, **TEST | {"name": "other", "command": "dance"})
    for number in range(MAX_TESTS - 1):
        await guild.call_as_manager(add_rule_test, **TEST | {"name": f"test {number}"})
    with pytest.raises(BadRequest, match="maximum"):
        await guild.call_as_manager(add_rule_test, **TEST | {"name": "one more"})


async def test_failing_tests_are_found(guild: GuildUnderTest):
    tests = [
        RuleTestInfo(1, "Mods", MODS, "ticket-stats", True),
        RuleTestInfo(2, "members", 0, "ticket-stats", False),
        RuleTestInfo(3, "admins", 88, "ticket-stats", True),
        RuleTestInfo(4, "a deleted role", 99, "ticket-stats", True),
        RuleTestInfo(5, "a deleted command", MODS, "dance", True),
    ]

    async def list_failing() -> list[int]:
        policy = await guild.load_policy()
        failing = list_failing_tests(tests, policy, SurfaceRegistry(SURFACES), PERMISSIONS, at=0)
        return [test.id for test in failing]

    assert await list_failing() == [2, 4, 5]
    target = {"target_kind": TargetKind.COMMAND, "target_key": "ticket-stats"}
    await guild.call_as_manager(add_rule, rule=build_rule(allow=False, **target))
    assert await list_failing() == [1, 4, 5]
    allow_mods = replace(build_rule(allow=True, **target), subject_kind=SubjectKind.ROLE, subject_id=MODS)
    await guild.call_as_manager(add_rule, rule=allow_mods)
    assert await list_failing() == [4, 5]


async def test_changes_that_break_a_test_are_not_saved(guild: GuildUnderTest):
    deny = build_rule(allow=False, target_kind=TargetKind.COMMAND, target_key="ticket-stats")
    change = SettingChange(SettingType.RULE, "", None, to_setting_value(deny))
    await guild.call_as_manager(add_rule_test, **TEST)
    with pytest.raises(RuleTestsBroken, match=TEST["name"]):
        await guild.call_as_manager(save_changes, changes=[change], role_permissions=PERMISSIONS)
    with pytest.raises(DiscordUnavailable):
        await guild.call_as_manager(save_changes, changes=[change])
    assert (await guild.load_policy()).rules == ()
    [test] = await guild.call(list_rule_tests)
    await guild.call_as_manager(remove_rule_test, test_id=test.id)
    await guild.call_as_manager(save_changes, changes=[change])
    assert len((await guild.load_policy()).rules) == 1


async def test_tests_that_failed_before_do_not_prevent_a_change(guild: GuildUnderTest):
    deny = build_rule(allow=False, target_kind=TargetKind.COMMAND, target_key="ticket-stats")
    await guild.call_as_manager(add_rule, rule=deny)
    await guild.call_as_manager(add_rule_test, **TEST)
    other = build_rule(allow=False, target_kind=TargetKind.COMMAND, target_key="voice-stats")
    change = SettingChange(SettingType.RULE, "", None, to_setting_value(other))
    await guild.call_as_manager(save_changes, changes=[change], role_permissions=PERMISSIONS)
    assert len((await guild.load_policy()).rules) == 2


def test_every_member_has_the_permissions_of_everyone():
    assert build_role_permissions({9: 1, MODS: 2}, guild_id=9) == {0: 1, 9: 1, MODS: 3}
