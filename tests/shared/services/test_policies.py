"""What is loaded is exactly what was chosen, whoever chose it."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, text

from herwa_shared.catalog import FEATURES, Limit, ModuleKey, TierKey
from herwa_shared.clock import utc_now
from herwa_shared.guardrail.permissions import PERMISSIONS
from herwa_shared.guardrail.policy import (
    AccessRule,
    ChannelList,
    Grant,
    GuildPolicy,
    PlaceKind,
    SubjectKind,
    TargetKind,
    Term,
)
from herwa_shared.models import EntitlementGrant, KillSwitch, Subscription, Tier, TierFeature, TierLimit
from herwa_shared.policy_cache.notifications import touch
from herwa_shared.services import access_rules, channel_lists, features
from herwa_shared.services.policies import POLICY, load_offer
from herwa_shared.stores import Stores
from tests.shared.services.chosen import Home, never_committed, new_home, policy_of, rule

TARGETS = (
    (TargetKind.EVERYTHING, ""),
    (TargetKind.MODULE, "voice"),
    (TargetKind.FEATURE, "ticket.stats"),
    (TargetKind.COMMAND, "permissions"),
    (TargetKind.COMMAND, "permissions allow"),
    (TargetKind.COMMAND, "Voice of a member"),
)


@pytest.fixture
async def home(stores: Stores) -> Home:
    return await new_home(stores)


async def test_a_guild_that_nobody_has_seen_has_a_policy(stores: Stores, home: Home):
    policy = await policy_of(stores, 81384788765712384)

    assert policy == GuildPolicy(guild_id=81384788765712384, version=policy.version, offer=policy.offer)
    assert policy.offer.tiers[TierKey.FREE].features == set(FEATURES)


async def test_tiers_come_with_what_they_inherit_and_limits_that_nobody_gave_are_nothing(stores: Stores, home: Home):
    async with never_committed(stores) as session:
        await session.execute(insert(Tier).values(key="patron", title="Patron", rank=77, inherits="premium"))
        await session.execute(insert(TierLimit).values(tier_key="patron", limit_key="widgets", value=50))
        await session.execute(delete(TierFeature).where(TierFeature.feature_key == "voice.stats"))
        await session.execute(insert(TierFeature).values(tier_key="premium", feature_key="voice.stats"))
        await session.execute(delete(TierLimit).where(TierLimit.limit_key == "api_keys"))
        tiers = (await load_offer(session)).tiers

    assert "voice.stats" not in tiers["free"].features
    assert tiers["patron"].features == tiers["premium"].features == tiers["free"].features | {"voice.stats"}
    assert [tiers[key].limits[Limit.WIDGETS] for key in ("free", "premium", "patron")] == [1, 10, 50]
    assert [tiers[key].limits[Limit.HISTORY_DAYS] for key in ("free", "premium", "patron")] == [90, None, None]
    assert tiers["patron"].limits[Limit.API_KEYS] == 0


async def test_tiers_that_inherit_in_a_circle_are_read_all_the_same(stores: Stores, home: Home):
    async with never_committed(stores) as session:
        await session.execute(text("UPDATE tier SET inherits = 'premium' WHERE key = 'free'"))
        tiers = (await load_offer(session)).tiers

    assert tiers["free"].features == tiers["premium"].features
    assert (tiers["free"].limits[Limit.WIDGETS], tiers["premium"].limits[Limit.WIDGETS]) == (1, 10)


async def test_a_kill_switch_comes_with_its_reason(stores: Stores, home: Home):
    async with never_committed(stores) as session:
        await session.execute(
            insert(KillSwitch).values(feature_key="voice.stats", reason="Counts twice", by="Op", at=utc_now())
        )
        assert (await load_offer(session)).kill_switches == {"voice.stats": "Counts twice"}


async def test_the_version_grows_with_the_guilds_changes_and_with_the_operators(stores: Stores, home: Home):
    first = (await home.policy()).version
    await home.does(features.set_feature, feature="voice.stats", enabled=False)
    second = (await home.policy()).version
    async with stores.database.transaction() as session:
        await touch(session, guild_id=None)
    third = (await home.policy()).version

    assert first < second < third


async def test_what_was_revoked_or_is_long_over_is_not_carried_along(stores: Stores, home: Home):
    now = utc_now()
    long_ago, day = now - timedelta(days=400), timedelta(days=1)
    common = {"guild_id": home.id, "tier_key": "premium", "source": "manual", "granted_by": "Op", "starts_at": long_ago}
    async with stores.database.transaction() as session:
        session.add(Subscription(**common))
        session.add(Subscription(**common, ends_at=now + day))
        session.add(Subscription(**common, ends_at=now - day))
        session.add(Subscription(**common, revoked_at=now))

    assert (await home.policy()).terms == (
        Term("premium", long_ago.timestamp(), None),
        Term("premium", long_ago.timestamp(), (now + day).timestamp()),
    )


@pytest.mark.parametrize("seed", range(10))
async def test_what_is_loaded_is_what_was_chosen(stores: Stores, home: Home, seed: int):
    chooser = Chooser(home, random.Random(seed))
    for _ in range(30):
        await chooser.chooses()
    await chooser.is_granted_something()

    assert await home.policy() == chooser.expected(await home.policy())


async def test_a_policy_is_read_by_indexes_alone(stores: Stores, home: Home):
    async with never_committed(stores) as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(
            await session.scalars(text("EXPLAIN " + POLICY.element.text.replace(":guild_id", str(home.id))))
        )
    assert "Seq Scan" not in plan, plan


class Chooser:
    """Chooses at random by the services, and remembers in the plainest way what should come of it."""

    def __init__(self, home: Home, dice: random.Random) -> None:
        self.home = home
        self.dice = dice
        self.features: dict[str, bool] = {}
        self.modules: dict[str, bool] = {}
        self.rules: dict[int, AccessRule] = {}
        self.lists: dict[tuple[TargetKind, str], set[int]] = {}
        self.terms: tuple[Term, ...] = ()
        self.grants: tuple[Grant, ...] = ()

    async def chooses(self) -> None:
        await self.dice.choice(
            [self._toggles, self._switches, self._rules, self._rules, self._lifts, self._lists, self._clears]
        )()

    def expected(self, loaded: GuildPolicy) -> GuildPolicy:
        return GuildPolicy(
            guild_id=self.home.id,
            version=loaded.version,
            offer=loaded.offer,
            terms=self.terms,
            grants=self.grants,
            feature_toggles=self.features,
            module_toggles=self.modules,
            rules=tuple(self.rules[key] for key in sorted(self.rules)),
            lists=tuple(
                ChannelList(kind, key, frozenset(places)) for (kind, key), places in sorted(self.lists.items())
            ),
        )

    async def _toggles(self) -> None:
        key, enabled = self.dice.choice(["server.stats", "voice.stats", "ticket.stats"]), self.dice.random() < 0.5
        if await self.home.does(features.set_feature, feature=key, enabled=enabled):
            self.features[key] = enabled

    async def _switches(self) -> None:
        key, enabled = self.dice.choice([ModuleKey.VOICE, ModuleKey.TICKETS]), self.dice.random() < 0.5
        if await self.home.does(features.set_module, module=key, enabled=enabled):
            self.modules[key] = enabled

    async def _rules(self) -> None:
        subject_kind, subject_id = self.dice.choice(
            [
                (SubjectKind.EVERYONE, 0),
                (SubjectKind.PERMISSION, PERMISSIONS["ban_members"]),
                (SubjectKind.ROLE, (1 << 62) + self.dice.randrange(3)),
                (SubjectKind.MEMBER, (1 << 61) + self.dice.randrange(3)),
            ]
        )
        target_kind, target_key = self.dice.choice(TARGETS)
        place_kind, place_id = self.dice.choice(
            [(PlaceKind.EVERYWHERE, 0), (PlaceKind.CHANNEL, 1 << 60), (PlaceKind.CATEGORY, 1 << 59)]
        )
        until = utc_now() + timedelta(seconds=self.dice.uniform(60, 1e8)) if self.dice.random() < 0.5 else None
        new = rule(
            allow=self.dice.random() < 0.5,
            subject_kind=subject_kind,
            subject_id=subject_id,
            target_kind=target_kind,
            target_key=target_key,
            place_kind=place_kind,
            place_id=place_id,
            until=until,
            note=self.dice.choice(["", "'quoted' \\ \"twice\"", "理由 😀"]),
        )
        said = {name: getattr(new, name) for name in new.__slots__} | {"until": until and until.timestamp()}
        rule_id = await self.home.does(access_rules.add_rule, rule=new)
        self.rules[rule_id] = AccessRule(id=rule_id, **said)

    async def _lifts(self) -> None:
        if self.rules:
            rule_id = self.dice.choice(list(self.rules))
            await self.home.does(access_rules.remove_rule, rule_id=rule_id)
            del self.rules[rule_id]

    async def _lists(self) -> None:
        kind, key = self.dice.choice(TARGETS)
        places = {(1 << 58) + self.dice.randrange(5) for _ in range(3)}
        await self.home.does(channel_lists.allow, target_kind=kind, target_key=key, place_ids=places)
        self.lists.setdefault((kind, key), set()).update(places)

    async def _clears(self) -> None:
        kind, key = self.dice.choice(TARGETS)
        await self.home.does(channel_lists.clear, target_kind=kind, target_key=key)
        self.lists.pop((kind, key), None)

    async def is_granted_something(self) -> None:
        starts = utc_now() - timedelta(seconds=self.dice.uniform(0, 1e7))
        ends = utc_now() + timedelta(seconds=self.dice.uniform(0, 1e7))
        common = {"guild_id": self.home.id, "granted_by": "Op", "starts_at": starts, "ends_at": ends}
        async with self.home.stores.database.transaction() as session:
            session.add(Subscription(**common, tier_key="premium", source="trial"))
            session.add(EntitlementGrant(**common, feature_key="voice.stats"))
            await session.flush()
            session.add(EntitlementGrant(**common, limit_key=Limit.WIDGETS, value=1 << 40))
        when = (starts.timestamp(), ends.timestamp())
        self.terms = (Term("premium", *when),)
        self.grants = (Grant("voice.stats", None, None, *when), Grant(None, Limit.WIDGETS, 1 << 40, *when))
