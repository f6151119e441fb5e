"""Discovery: registers declared surfaces and features, reports changes, and keeps settings of guilds and operators."""

import asyncio
import json
from dataclasses import replace

import pytest
from sqlalchemy import delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.catalog import FEATURES, MODULES, Audience, FeatureKey, Surface, SurfaceKind
from herwa_shared.errors import BadRequest
from herwa_shared.models import AccessRuleRow, Feature, SurfaceRow, TierFeature
from herwa_shared.services import channel_lists
from herwa_shared.services.discovery import DeclaredSurfaces, compare, from_json, register, to_json
from herwa_shared.stores import Stores
from tests.shared.services.guild_under_test import (
    SURFACE_KINDS,
    SURFACES,
    GuildUnderTest,
    build_rule,
    create_guild,
    load_guild_policy,
    open_rollback_session,
)
from tests.support.access_rules import add_rule

COMMANDS = (SurfaceKind.COMMAND, SurfaceKind.MENU)
COMMAND_SURFACES = tuple(surface for surface in SURFACES if surface.kind in COMMANDS)
# Those that refer to others are first.
CATALOG_TABLES = (
    *("surface", "tier_feature", "kill_switch", "feature_toggle", "module_toggle", "entitlement_grant"),
    *("feature", "module"),
)
NEW_SURFACE = Surface(SurfaceKind.COMMAND, "voice-top", FeatureKey.VOICE_STATS, "Who talks most")


@pytest.fixture
async def guild(stores: Stores) -> GuildUnderTest:
    return await create_guild(stores)


async def load_global_policy_version(session: AsyncSession) -> int | None:
    return await session.scalar(text("SELECT version FROM policy_change WHERE guild_id = 0"))


async def test_first_registration_stores_all_and_assigns_features_to_their_lowest_tier(
    stores: Stores, guild: GuildUnderTest
):
    async with open_rollback_session(stores) as session:
        for table in CATALOG_TABLES:
            await session.execute(text(f"DELETE FROM {table}"))
        diff = await register(session, SURFACE_KINDS, SURFACES)
        feature_tiers = set((await session.execute(select(TierFeature.feature_key, TierFeature.tier_key))).tuples())
        stored_keys = {(row.kind, row.key) for row in await session.scalars(select(SurfaceRow))}

    assert len(diff.new) == len(MODULES) + len(FEATURES) + len(SURFACES)
    assert (diff.changed, diff.retired, diff.unchanged) == ((), (), 0)
    assert {"module voice", "feature voice.stats", "command permissions allow", "page overview"} <= set(diff.new)
    assert diff.format_lines()[0].startswith("new: module ")
    assert feature_tiers == {(feature.key, feature.lowest_tier) for feature in FEATURES.values()}
    assert stored_keys == {(surface.kind, surface.key) for surface in SURFACES}


async def test_repeated_registration_changes_and_publishes_nothing(stores: Stores, guild: GuildUnderTest):
    async with open_rollback_session(stores) as session:
        version_before = await load_global_policy_version(session)
        diff = await register(session, SURFACE_KINDS, SURFACES)
        assert await load_global_policy_version(session) == version_before

    assert not diff
    assert (diff.format_lines(), diff.unchanged) == ((), len(MODULES) + len(FEATURES) + len(SURFACES))


async def test_registration_reports_new_changed_retired_and_returned_surfaces(stores: Stores, guild: GuildUnderTest):
    changed_surfaces = [
        replace(COMMAND_SURFACES[0], title="Something else", audience=Audience.MANAGERS),
        *COMMAND_SURFACES[2:],
        NEW_SURFACE,
    ]
    async with open_rollback_session(stores) as session:
        first = await register(session, COMMANDS, changed_surfaces)
        second = await register(session, COMMANDS, COMMAND_SURFACES)
        third = await register(session, COMMANDS, COMMAND_SURFACES)

    assert first.format_lines() == (
        "new: command voice-top",
        "changed: command server-stats (title, audience)",
        "retired: command voice-stats",
    )
    assert second.format_lines() == (
        "changed: command server-stats (title, audience)",
        "changed: command voice-stats (is back)",
        "retired: command voice-top",
    )
    assert not third


async def test_comparison_changes_nothing(stores: Stores, guild: GuildUnderTest):
    async with open_rollback_session(stores) as session:
        diff = await compare(session, COMMANDS, [*COMMAND_SURFACES[1:], NEW_SURFACE])
        assert diff == await compare(session, COMMANDS, [*COMMAND_SURFACES[1:], NEW_SURFACE])

    assert diff.format_lines() == ("new: command voice-top", "retired: command server-stats")


async def test_package_retires_only_surfaces_of_its_kinds(stores: Stores, guild: GuildUnderTest):
    async with open_rollback_session(stores) as session:
        diff = await register(session, [SurfaceKind.API], [])
        assert diff.format_lines() == ("retired: api stats",)
        with pytest.raises(ValueError, match="another package declares"):
            await register(session, [SurfaceKind.API], SURFACES)


async def test_settings_of_operators_and_guilds_survive_a_retirement(stores: Stores, guild: GuildUnderTest):
    await guild.call_as_manager(add_rule, rule=build_rule())
    await guild.call_as_manager(
        channel_lists.add_places, target_kind="command", target_key="server-stats", place_ids=[12]
    )
    policy_before = await load_guild_policy(stores, guild.id)
    async with open_rollback_session(stores) as session:
        await session.execute(delete(TierFeature).where(TierFeature.feature_key == "server.stats"))
        await session.execute(insert(TierFeature).values(tier_key="premium", feature_key="server.stats"))
        await session.execute(text("UPDATE feature SET retired_at = now(), title = 'Old' WHERE key = 'server.stats'"))
        await register(session, COMMANDS, COMMAND_SURFACES[1:])
        diff = await register(session, COMMANDS, COMMAND_SURFACES)
        tier_keys = await session.scalars(select(TierFeature.tier_key).where(TierFeature.feature_key == "server.stats"))
        assert list(tier_keys) == ["premium"]
        assert (await session.get(Feature, "server.stats", populate_existing=True)).retired_at is None
        assert len(list(await session.scalars(select(AccessRuleRow).where(AccessRuleRow.guild_id == guild.id)))) == 1

    assert diff.format_lines() == ("changed: command server-stats (is back)",)
    policy_after = await load_guild_policy(stores, guild.id)
    assert (policy_after.rules, policy_after.channel_lists) == (policy_before.rules, policy_before.channel_lists)


async def test_feature_missing_from_the_catalog_is_retired(stores: Stores, guild: GuildUnderTest):
    async with open_rollback_session(stores) as session:
        await session.execute(
            text(
                "INSERT INTO feature (key, module_key, title, sentence, lowest_tier, on_by_default, essential)"
                " VALUES ('voice.old', 'voice', 'Old', 'Old.', 'free', true, 'no')"
            )
        )
        api_surfaces = [surface for surface in SURFACES if surface.kind is SurfaceKind.API]
        assert (await register(session, [SurfaceKind.API], api_surfaces)).format_lines() == (
            "retired: feature voice.old",
        )


async def test_concurrent_registrations_report_a_new_surface_once(stores: Stores, guild: GuildUnderTest):
    async def register_new_surface() -> int:
        async with stores.database.transaction() as session:
            return len((await register(session, COMMANDS, [*COMMAND_SURFACES, NEW_SURFACE])).new)

    try:
        assert sum(await asyncio.gather(*(register_new_surface() for _ in range(6)))) == 1
    finally:
        async with stores.database.transaction() as session:
            await register(session, COMMANDS, COMMAND_SURFACES)


def test_declaration_is_parsed_from_json():
    payload = json.dumps({"kinds": list(COMMANDS), "surfaces": json.loads(to_json(COMMAND_SURFACES))})

    assert from_json(payload) == DeclaredSurfaces(frozenset(COMMANDS), COMMAND_SURFACES)


@pytest.mark.parametrize(
    "payload",
    ["", "[]", "{}", '{"kinds": ["x"], "surfaces": []}', '{"kinds": [], "surfaces": [{"kind": "command"}]}'],
)
def test_invalid_declaration_is_refused(payload):
    with pytest.raises(BadRequest, match="The list of surfaces is invalid"):
        from_json(payload)
