"""A guild switches what its tier includes; what is essential stays; every change is in the log once."""

import asyncio

import pytest
from sqlalchemy import delete, insert

from herwa_shared.catalog import Essential
from herwa_shared.clock import utc_now
from herwa_shared.errors import NotFound
from herwa_shared.models import KillSwitch, TierFeature
from herwa_shared.services.features import (
    CannotBeSwitchedOff,
    FeatureNotInTier,
    FeatureStatus,
    feature_list,
    set_feature,
    set_module,
)
from herwa_shared.stores import Stores
from tests.shared.services.chosen import OLGA, Home, never_committed, new_home


@pytest.fixture
async def home(stores: Stores) -> Home:
    return await new_home(stores)


async def status(home: Home, key: str) -> FeatureStatus:
    listed = await home.asks(feature_list, now=utc_now())
    return next(one for one in listed if one.key == key)


async def test_a_feature_is_switched_off_and_on_and_the_log_says_by_whom(home: Home):
    entry_id = await home.does(set_feature, feature="voice.stats", enabled=False)
    assert not (await status(home, "voice.stats")).enabled
    await home.does(set_feature, feature="voice.stats", enabled=True)
    assert (await status(home, "voice.stats")).enabled

    on, off = await home.log()
    assert (off.id, off.action, off.target, off.actor) == (entry_id, "feature.set", "voice.stats", OLGA)
    assert (off.before["enabled"], off.after["enabled"]) == (True, False)
    assert (on.before["enabled"], on.after["enabled"]) == (False, True)


async def test_what_is_so_already_is_no_change(home: Home):
    version = (await home.policy()).version
    assert await home.does(set_feature, feature="voice.stats", enabled=True) is None
    assert await home.does(set_module, module="voice", enabled=True) is None

    assert await home.log() == ()
    assert (await home.policy()).version == version


async def test_a_module_takes_its_features_along_and_gives_them_back_as_they_were(home: Home):
    await home.does(set_feature, feature="ticket.stats", enabled=False)
    await home.does(set_module, module="tickets", enabled=False)
    await home.does(set_module, module="voice", enabled=False)
    voice, tickets = await status(home, "voice.stats"), await status(home, "ticket.stats")
    assert (voice.enabled, voice.module_enabled, tickets.enabled) == (False, False, False)

    await home.does(set_module, module="tickets", enabled=True)
    await home.does(set_module, module="voice", enabled=True)
    voice, tickets = await status(home, "voice.stats"), await status(home, "ticket.stats")
    assert (voice.enabled, tickets.enabled, tickets.module_enabled) == (True, False, True)


@pytest.mark.parametrize(
    "feature", ["governance.features", "governance.permissions", "essentials.help", "essentials.why"]
)
async def test_what_is_essential_cannot_be_switched_off(home: Home, feature: str):
    with pytest.raises(CannotBeSwitchedOff, match="essential"):
        await home.does(set_feature, feature=feature, enabled=False)


async def test_what_is_essential_stays_when_its_module_is_off(home: Home):
    await home.does(set_module, module="governance", enabled=False)

    assert (await status(home, "governance.permissions")).enabled
    assert not (await status(home, "governance.channels")).enabled


async def test_a_free_guild_cannot_switch_on_a_premium_feature_but_may_switch_it_off(stores: Stores, home: Home):
    async with never_committed(stores) as session:
        await session.execute(delete(TierFeature).where(TierFeature.feature_key == "voice.stats"))
        await session.execute(insert(TierFeature).values(tier_key="premium", feature_key="voice.stats"))
        said = {"guild_id": home.id, "feature": "voice.stats", "actor": OLGA}
        with pytest.raises(FeatureNotInTier):  # though by default it is on
            await set_feature(session, **said, enabled=True)
        assert await set_feature(session, **said, enabled=False)
        with pytest.raises(FeatureNotInTier, match=r"^Voice stats is part of Premium; this server is on Free"):
            await set_feature(session, **said, enabled=True)
        (listed,) = [
            one for one in await feature_list(session, guild_id=home.id, now=utc_now()) if one.key == "voice.stats"
        ]
        assert (listed.in_tier, listed.lowest_tier, FeatureNotInTier.status) == (False, "Premium", 403)


async def test_the_list_says_why_the_operator_turned_something_off(stores: Stores, home: Home):
    async with never_committed(stores) as session:
        for feature in ("voice.stats", "governance.permissions"):
            row = {"feature_key": feature, "reason": "Counts twice", "by": "Op", "at": utc_now()}
            await session.execute(insert(KillSwitch).values(**row))
        listed = {one.key: one for one in await feature_list(session, guild_id=home.id, now=utc_now())}

    assert listed["voice.stats"].kill_switch == "Counts twice"
    assert listed["governance.permissions"].kill_switch is None, "kill switches do not reach what is kept"


async def test_the_list_is_in_the_order_of_modules_with_words_for_people(home: Home):
    listed = await home.asks(feature_list, now=utc_now())

    assert list(dict.fromkeys(one.module_title for one in listed))[:3] == ["Activity", "Voice", "Tickets"]
    assert (listed[0].title, listed[0].lowest_tier, listed[0].essential) == ("Server stats", "Free", Essential.NO)
    assert listed[0].sentence.endswith(".")


@pytest.mark.parametrize(
    ("verb", "said", "words"),
    [
        (set_feature, {"feature": "voice.stat"}, "no feature “voice.stat”. Did you mean voice.stats"),
        (set_feature, {"feature": "Voice Stats"}, "Did you mean voice.stats"),
        (set_feature, {"feature": "zzz"}, "There are .*server.stats"),
        (set_feature, {"feature": ""}, "There are .*server.stats"),
        (set_module, {"module": "voices"}, "no module “voices”. Did you mean voice"),
    ],
)
async def test_an_unknown_key_is_answered_with_the_near_ones(home: Home, verb, said, words):
    with pytest.raises(NotFound, match=words):
        await home.does(verb, enabled=False, **said)


async def test_a_guild_that_nobody_knows_chooses_nothing(home: Home):
    with pytest.raises(NotFound, match="knows no such server"):
        await home.does(set_feature, guild_id=12, feature="voice.stats", enabled=False)


async def test_of_many_who_switch_the_same_at_once_one_does(home: Home):
    done = await asyncio.gather(*(home.does(set_feature, feature="voice.stats", enabled=False) for _ in range(20)))

    assert sum(entry is not None for entry in done) == 1
    assert len(await home.log()) == 1
