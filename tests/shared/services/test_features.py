"""Features and modules: switched by guilds within their tier, essential features excepted, each change audited once."""

import asyncio
import re

import pytest
from sqlalchemy import delete, insert

from herwa_shared.catalog import FEATURES, Essential, FeatureKey
from herwa_shared.clock import utc_now
from herwa_shared.errors import NotFound
from herwa_shared.models import KillSwitch, TierFeature
from herwa_shared.services import audited_settings, texts
from herwa_shared.services.features import (
    FeatureIsEssential,
    FeatureNotInTier,
    FeatureStatus,
    list_features,
    set_feature,
    set_module,
)
from herwa_shared.stores import Stores
from tests.shared.services.guild_under_test import MANAGER, GuildUnderTest, create_guild, open_rollback_session
from tests.shared.services.suggestions import expect_suggestion


@pytest.fixture
async def guild(stores: Stores) -> GuildUnderTest:
    return await create_guild(stores)


async def get_feature_status(guild: GuildUnderTest, key: str) -> FeatureStatus:
    features = await guild.call(list_features, now=utc_now())
    return next(feature for feature in features if feature.key == key)


async def test_feature_is_switched_off_and_on_and_audited(guild: GuildUnderTest):
    entry_id = await guild.call_as_manager(set_feature, feature="voice.stats", enabled=False)
    assert not (await get_feature_status(guild, "voice.stats")).enabled
    await guild.call_as_manager(set_feature, feature="voice.stats", enabled=True)
    assert (await get_feature_status(guild, "voice.stats")).enabled

    enabling_entry, disabling_entry = await guild.list_audit_entries()
    assert (disabling_entry.id, disabling_entry.action, disabling_entry.target, disabling_entry.actor) == (
        entry_id,
        "feature.set",
        "voice.stats",
        MANAGER,
    )
    assert (disabling_entry.before["enabled"], disabling_entry.after["enabled"]) == (True, False)
    assert (enabling_entry.before["enabled"], enabling_entry.after["enabled"]) == (False, True)


async def test_change_without_effect_is_neither_audited_nor_published(guild: GuildUnderTest):
    version = (await guild.load_policy()).version
    assert await guild.call_as_manager(set_feature, feature="voice.stats", enabled=True) is None
    assert await guild.call_as_manager(set_module, module="voice", enabled=True) is None

    assert await guild.list_audit_entries() == ()
    assert (await guild.load_policy()).version == version


async def test_module_switch_keeps_the_settings_of_its_features(guild: GuildUnderTest):
    await guild.call_as_manager(set_feature, feature="ticket.stats", enabled=False)
    await guild.call_as_manager(set_module, module="tickets", enabled=False)
    await guild.call_as_manager(set_module, module="voice", enabled=False)
    voice, tickets = await get_feature_status(guild, "voice.stats"), await get_feature_status(guild, "ticket.stats")
    assert (voice.enabled, voice.module_enabled, tickets.enabled) == (False, False, False)

    await guild.call_as_manager(set_module, module="tickets", enabled=True)
    await guild.call_as_manager(set_module, module="voice", enabled=True)
    voice, tickets = await get_feature_status(guild, "voice.stats"), await get_feature_status(guild, "ticket.stats")
    assert (voice.enabled, tickets.enabled, tickets.module_enabled) == (True, False, True)


@pytest.mark.parametrize(
    "feature", ["governance.features", "governance.permissions", "essentials.help", "essentials.why"]
)
async def test_essential_feature_cannot_be_switched_off(guild: GuildUnderTest, feature: str):
    with pytest.raises(FeatureIsEssential, match="is essential"):
        await guild.call_as_manager(set_feature, feature=feature, enabled=False)


async def test_essential_feature_remains_on_when_its_module_is_off(guild: GuildUnderTest):
    await guild.call_as_manager(set_module, module="governance", enabled=False)

    assert (await get_feature_status(guild, "governance.permissions")).enabled
    assert not (await get_feature_status(guild, "governance.channels")).enabled


async def test_free_guild_cannot_switch_on_a_premium_feature(stores: Stores, guild: GuildUnderTest):
    async with open_rollback_session(stores) as session:
        await session.execute(delete(TierFeature).where(TierFeature.feature_key == "voice.stats"))
        await session.execute(insert(TierFeature).values(tier_key="premium", feature_key="voice.stats"))
        arguments = {"guild_id": guild.id, "feature": "voice.stats", "actor": MANAGER}
        with pytest.raises(FeatureNotInTier):  # although the feature is on by default
            await set_feature(session, **arguments, enabled=True)
        assert await set_feature(session, **arguments, enabled=False)
        with pytest.raises(FeatureNotInTier, match=texts.format_feature_not_in_tier("Voice stats", "Premium", "Free")):
            await set_feature(session, **arguments, enabled=True)
        (feature_status,) = [
            feature
            for feature in await list_features(session, guild_id=guild.id, now=utc_now())
            if feature.key == "voice.stats"
        ]
        assert (feature_status.in_tier, feature_status.lowest_tier, FeatureNotInTier.status) == (False, "Premium", 403)


async def test_feature_list_contains_reasons_of_kill_switches(stores: Stores, guild: GuildUnderTest):
    async with open_rollback_session(stores) as session:
        for feature in ("voice.stats", "governance.permissions"):
            row = {"feature_key": feature, "reason": "Counts twice", "by": "Op", "at": utc_now()}
            await session.execute(insert(KillSwitch).values(**row))
        status_by_key = {
            feature_status.key: feature_status
            for feature_status in await list_features(session, guild_id=guild.id, now=utc_now())
        }

    assert status_by_key["voice.stats"].kill_switch == "Counts twice"
    assert status_by_key["governance.permissions"].kill_switch is None, (
        "kill switches do not apply to protected features"
    )


async def test_feature_list_is_ordered_by_module_with_titles_and_sentences(guild: GuildUnderTest):
    features = await guild.call(list_features, now=utc_now())

    assert list(dict.fromkeys(feature.module_title for feature in features))[:3] == ["Activity", "Voice", "Tickets"]
    assert [feature.title for feature in features[:2]] == ["Past messages", "Server stats"]
    assert (features[1].lowest_tier, features[1].essential) == ("Free", Essential.NO)
    assert features[1].sentence == FEATURES[FeatureKey.SERVER_STATS].description


@pytest.mark.parametrize(
    ("function", "arguments", "expected_text"),
    [
        (set_feature, {"feature": "voice.stat"}, expect_suggestion("feature", "voice.stat", "voice.stats")),
        (set_feature, {"feature": "Voice Stats"}, expect_suggestion("feature", "Voice Stats", "voice.stats")),
        (set_feature, {"feature": "zzz"}, "activity.history"),
        (set_feature, {"feature": ""}, "activity.history"),
        (set_module, {"module": "voices"}, expect_suggestion("module", "voices", "voice")),
    ],
)
async def test_unknown_key_is_refused_with_suggestions(guild: GuildUnderTest, function, arguments, expected_text):
    with pytest.raises(NotFound, match=re.escape(expected_text)):
        await guild.call_as_manager(function, enabled=False, **arguments)


async def test_unknown_guild_cannot_change_settings(guild: GuildUnderTest):
    with pytest.raises(NotFound, match=texts.UNKNOWN_SERVER):
        await guild.call_as_manager(set_feature, guild_id=12, feature="voice.stats", enabled=False)


async def test_concurrent_identical_changes_are_audited_once(guild: GuildUnderTest):
    entry_ids = await asyncio.gather(
        *(guild.call_as_manager(set_feature, feature="voice.stats", enabled=False) for _ in range(20))
    )

    assert sum(entry_id is not None for entry_id in entry_ids) == 1
    assert len(await guild.list_audit_entries()) == 1


async def test_change_gives_up_without_effect_while_another_one_holds_the_lock(
    stores: Stores, guild: GuildUnderTest, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(audited_settings, "LOCK_TIMEOUT_MS", 100)
    async with stores.database.transaction() as session:
        await audited_settings.lock_guild(session, guild.id)
        with pytest.raises(audited_settings.SettingsBusy):
            await guild.call_as_manager(set_feature, feature="voice.stats", enabled=False)

    assert await guild.list_audit_entries() == ()
    assert await guild.call_as_manager(set_feature, feature="voice.stats", enabled=False)
