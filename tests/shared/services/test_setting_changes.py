"""Changes that are saved together, and changes of settings that someone else has changed meanwhile."""

from typing import Any

import pytest

from herwa_shared.catalog import FeatureKey, ModuleKey
from herwa_shared.errors import NotFound
from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from herwa_shared.services.access_rules import to_setting_value
from herwa_shared.services.audit import Actor, ChangeSource
from herwa_shared.services.channel_lists import set_list
from herwa_shared.services.features import set_feature
from herwa_shared.services.setting_changes import SettingChange, SettingsChanged, SettingType, save_changes
from herwa_shared.services.undo import undo_entries
from herwa_shared.stores import Stores
from tests.shared.services.guild_under_test import GuildUnderTest, build_rule, create_guild
from tests.support.access_rules import add_rule

OTHER_MANAGER = Actor(ChangeSource.DISCORD, 7_000_000_000_000_000_002, "Mia")
ON = {"enabled": True, "by_default": True}
OFF = {"enabled": False, "by_default": False}
ROLE = {"subject_kind": SubjectKind.ROLE, "subject_id": 77}


@pytest.fixture
async def guild(stores: Stores) -> GuildUnderTest:
    return await create_guild(stores)


def build_toggle(key: str, before: Any = ON, after: Any = OFF, type_: SettingType = SettingType.FEATURE):
    return SettingChange(type_, key, before, after)


def build_rule_change(before: Any = None, after: Any = None, target: str = "") -> SettingChange:
    return SettingChange(
        SettingType.RULE, target, before and to_setting_value(before), after and to_setting_value(after)
    )


async def save(guild: GuildUnderTest, *changes: SettingChange) -> tuple[int, ...]:
    return await guild.call_as_manager(save_changes, changes=changes)


async def test_all_types_of_settings_are_saved_and_undone_together(guild: GuildUnderTest):
    entry_ids = await save(
        guild,
        build_toggle(FeatureKey.VOICE_STATS),
        build_toggle(ModuleKey.TICKETS, type_=SettingType.MODULE),
        build_rule_change(after=build_rule(allow=False)),
        SettingChange(SettingType.CHANNEL_LIST, "command:server-stats", None, {"places": ["5", "6"]}),
    )
    policy = await guild.load_policy()
    assert len(entry_ids) == 4
    assert policy.feature_toggles == {FeatureKey.VOICE_STATS: False}
    assert policy.module_toggles == {ModuleKey.TICKETS: False}
    assert [rule.allow for rule in policy.rules] == [False]
    assert [set(channel_list.place_ids) for channel_list in policy.channel_lists] == [{5, 6}]
    await guild.call_as_manager(undo_entries, entry_ids=entry_ids)
    policy = await guild.load_policy()
    assert (policy.feature_toggles, policy.module_toggles, policy.rules, policy.channel_lists) == ({}, {}, (), ())


async def test_toggle_that_someone_else_changed_back_is_no_conflict(guild: GuildUnderTest):
    for enabled in (False, True):
        await guild.call_as_manager(set_feature, feature=FeatureKey.VOICE_STATS, enabled=enabled, actor=OTHER_MANAGER)
    assert len(await save(guild, build_toggle(FeatureKey.VOICE_STATS))) == 1


async def test_conflict_names_the_present_value_and_its_author(guild: GuildUnderTest):
    rule = build_rule(**ROLE)
    rule_id = await guild.call_as_manager(add_rule, rule=rule)
    changed = build_rule(**ROLE, note="by Mia")
    await guild.call_as_manager(add_rule, rule=changed, actor=OTHER_MANAGER)
    with pytest.raises(SettingsChanged) as error:
        await save(
            guild,
            build_toggle(FeatureKey.TICKET_STATS),
            build_rule_change(rule, build_rule(**ROLE, note="mine"), str(rule_id)),
        )
    [conflict] = error.value.conflicts
    assert conflict.current == to_setting_value(changed)
    assert conflict.entry is not None
    assert conflict.entry.actor.name == "Mia"
    policy = await guild.load_policy()
    assert policy.feature_toggles == {}
    assert [rule.note for rule in policy.rules] == ["by Mia"]


async def test_new_rule_conflicts_with_an_unseen_rule_of_the_same_scope(guild: GuildUnderTest):
    existing_id = await guild.call_as_manager(add_rule, rule=build_rule(**ROLE), actor=OTHER_MANAGER)
    with pytest.raises(SettingsChanged) as error:
        await save(guild, build_rule_change(after=build_rule(**ROLE, allow=False)))
    assert [conflict.target for conflict in error.value.conflicts] == [str(existing_id)]


async def test_removed_rule_conflicts_with_its_edit_but_not_with_its_removal(guild: GuildUnderTest):
    rule = build_rule(**ROLE)
    with pytest.raises(SettingsChanged):
        await save(guild, build_rule_change(rule, build_rule(**ROLE, note="mine"), "12345"))
    assert await save(guild, build_rule_change(rule, None, "12345")) == ()


async def test_setting_that_already_has_the_wanted_value_is_no_conflict(guild: GuildUnderTest):
    await guild.call_as_manager(set_feature, feature=FeatureKey.VOICE_STATS, enabled=False, actor=OTHER_MANAGER)
    assert await save(guild, build_toggle(FeatureKey.VOICE_STATS)) == ()


async def test_edited_rule_with_another_scope_replaces_the_old_one(guild: GuildUnderTest):
    rule = build_rule(**ROLE)
    rule_id = await guild.call_as_manager(add_rule, rule=rule)
    moved = build_rule(**ROLE, target_kind=TargetKind.FEATURE, target_key=FeatureKey.VOICE_STATS)
    entry_ids = await save(guild, build_rule_change(rule, moved, str(rule_id)))
    assert [rule.target_key for rule in (await guild.load_policy()).rules] == [FeatureKey.VOICE_STATS]
    await guild.call_as_manager(undo_entries, entry_ids=entry_ids)
    assert [rule.target_key for rule in (await guild.load_policy()).rules] == ["server-stats"]


async def test_edit_that_turns_a_rule_around_leaves_one_rule(guild: GuildUnderTest):
    rule = build_rule(**ROLE)
    rule_id = await guild.call_as_manager(add_rule, rule=rule)
    await save(guild, build_rule_change(rule, build_rule(**ROLE, allow=False), str(rule_id)))
    assert [rule.allow for rule in (await guild.load_policy()).rules] == [False]


async def test_nothing_is_saved_if_one_change_is_invalid(guild: GuildUnderTest):
    with pytest.raises(NotFound):
        await save(
            guild, build_toggle(FeatureKey.VOICE_STATS), build_rule_change(after=build_rule(target_key="no-such"))
        )
    assert (await guild.load_policy()).feature_toggles == {}


async def test_list_that_someone_else_changed_is_not_overwritten(guild: GuildUnderTest):
    target = {"target_kind": TargetKind.COMMAND, "target_key": "server-stats"}
    await guild.call_as_manager(set_list, **target, place_ids=[5, 7], actor=OTHER_MANAGER)
    with pytest.raises(SettingsChanged):
        await save(
            guild,
            SettingChange(SettingType.CHANNEL_LIST, "command:server-stats", {"places": ["5"]}, {"places": ["6"]}),
        )
