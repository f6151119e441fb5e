"""Discovery writes down what there is, says what is different, and leaves alone what people chose."""

import asyncio
import json
from dataclasses import replace

import pytest
from sqlalchemy import delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.catalog import FEATURES, MODULES, Audience, FeatureKey, Surface, SurfaceKind
from herwa_shared.errors import BadRequest
from herwa_shared.models import AccessRuleRow, Feature, TierFeature
from herwa_shared.models import Surface as SurfaceRow
from herwa_shared.services import channel_lists
from herwa_shared.services.access_rules import add_rule
from herwa_shared.services.discovery import Declared, as_json, compare, from_json, register
from herwa_shared.stores import Stores
from tests.shared.services.chosen import KINDS, SURFACES, Home, never_committed, new_home, policy_of, rule

COMMANDS = (SurfaceKind.COMMAND, SurfaceKind.MENU)
OURS = tuple(one for one in SURFACES if one.kind in COMMANDS)
NEW = Surface(SurfaceKind.COMMAND, "voice-top", FeatureKey.VOICE_STATS, "Who talks most")


@pytest.fixture
async def home(stores: Stores) -> Home:
    return await new_home(stores)


async def version(session: AsyncSession) -> int | None:
    return await session.scalar(text("SELECT version FROM policy_change WHERE guild_id = 0"))


async def test_an_empty_herwa_learns_everything_and_new_features_go_to_their_lowest_tier(stores: Stores, home: Home):
    async with never_committed(stores) as session:
        await session.execute(text("TRUNCATE module CASCADE"))
        done = await register(session, KINDS, SURFACES)
        given = set((await session.execute(select(TierFeature.feature_key, TierFeature.tier_key))).tuples())
        surfaces = {(row.kind, row.key) for row in await session.scalars(select(SurfaceRow))}

    assert len(done.new) == len(MODULES) + len(FEATURES) + len(SURFACES)
    assert (done.changed, done.retired, done.unchanged) == ((), (), 0)
    assert {"module voice", "feature voice.stats", "command permissions allow", "page overview"} <= set(done.new)
    assert done.lines()[0].startswith("new: module ")
    assert given == {(feature.key, feature.lowest_tier) for feature in FEATURES.values()}
    assert surfaces == {(one.kind, one.key) for one in SURFACES}


async def test_what_is_known_already_is_no_difference_and_nobody_is_told(stores: Stores, home: Home):
    async with never_committed(stores) as session:
        before = await version(session)
        done = await register(session, KINDS, SURFACES)
        assert await version(session) == before

    assert not done
    assert (done.lines(), done.unchanged) == ((), len(MODULES) + len(FEATURES) + len(SURFACES))


async def test_new_changed_retired_and_back(stores: Stores, home: Home):
    moved = [replace(OURS[0], title="Something else", audience=Audience.MANAGERS), *OURS[2:], NEW]
    async with never_committed(stores) as session:
        first = await register(session, COMMANDS, moved)
        second = await register(session, COMMANDS, OURS)
        third = await register(session, COMMANDS, OURS)

    assert first.lines() == (
        "new: command voice-top",
        "changed: command server-stats (title, audience)",
        "retired: command voice-stats",
    )
    assert second.lines() == (
        "changed: command server-stats (title, audience)",
        "changed: command voice-stats (is back)",
        "retired: command voice-top",
    )
    assert not third


async def test_looking_changes_nothing(stores: Stores, home: Home):
    async with never_committed(stores) as session:
        seen = await compare(session, COMMANDS, [*OURS[1:], NEW])
        assert seen == await compare(session, COMMANDS, [*OURS[1:], NEW])

    assert seen.lines() == ("new: command voice-top", "retired: command server-stats")


async def test_a_room_retires_only_kinds_of_its_own(stores: Stores, home: Home):
    async with never_committed(stores) as session:
        done = await register(session, [SurfaceKind.API], [])
        assert done.lines() == ("retired: api stats",)
        with pytest.raises(ValueError, match="another room's"):
            await register(session, [SurfaceKind.API], SURFACES)


async def test_what_operators_and_guilds_chose_survives_a_retirement(stores: Stores, home: Home):
    await home.does(add_rule, rule=rule())
    await home.does(channel_lists.allow, target_kind="command", target_key="server-stats", place_ids=[12])
    chosen = await policy_of(stores, home.id)
    async with never_committed(stores) as session:
        await session.execute(delete(TierFeature).where(TierFeature.feature_key == "server.stats"))
        await session.execute(insert(TierFeature).values(tier_key="premium", feature_key="server.stats"))
        await session.execute(text("UPDATE feature SET retired_at = now(), title = 'Old' WHERE key = 'server.stats'"))
        await register(session, COMMANDS, OURS[1:])
        back = await register(session, COMMANDS, OURS)
        tiers = await session.scalars(select(TierFeature.tier_key).where(TierFeature.feature_key == "server.stats"))
        assert list(tiers) == ["premium"]
        assert (await session.get(Feature, "server.stats", populate_existing=True)).retired_at is None
        assert len(list(await session.scalars(select(AccessRuleRow).where(AccessRuleRow.guild_id == home.id)))) == 1

    assert back.lines() == ("changed: command server-stats (is back)",)
    after = await policy_of(stores, home.id)
    assert (after.rules, after.lists) == (chosen.rules, chosen.lists)


async def test_a_feature_that_the_code_no_longer_has_is_retired(stores: Stores, home: Home):
    async with never_committed(stores) as session:
        await session.execute(
            text(
                "INSERT INTO feature (key, module_key, title, sentence, lowest_tier, on_by_default, essential)"
                " VALUES ('voice.old', 'voice', 'Old', 'Old.', 'free', true, 'no')"
            )
        )
        assert (await register(session, [SurfaceKind.API], [SURFACES[-1]])).lines() == ("retired: feature voice.old",)


async def test_several_processes_that_start_at_once_agree(stores: Stores, home: Home):
    async def start() -> int:
        async with stores.database.transaction() as session:
            return len((await register(session, COMMANDS, [*OURS, NEW])).new)

    try:
        assert sum(await asyncio.gather(*(start() for _ in range(6)))) == 1
    finally:
        async with stores.database.transaction() as session:
            await register(session, COMMANDS, OURS)


def test_rooms_say_what_they_serve_as_json():
    said = json.dumps({"kinds": list(COMMANDS), "surfaces": json.loads(as_json(OURS))})

    assert from_json(said) == Declared(frozenset(COMMANDS), OURS)


@pytest.mark.parametrize(
    "said",
    ["", "[]", "{}", '{"kinds": ["x"], "surfaces": []}', '{"kinds": [], "surfaces": [{"kind": "command"}]}'],
)
def test_what_no_room_says_is_refused(said):
    with pytest.raises(BadRequest, match="not what a room says"):
        from_json(said)
