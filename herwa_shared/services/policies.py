"""Load what was decided as the guardrail reads it: one statement for the operator's offer, one for a guild's own."""

from collections.abc import Iterable, Mapping
from sys import intern
from types import MappingProxyType
from typing import Any

from sqlalchemy import JSON, BigInteger, bindparam, column, text
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.catalog import Limit
from herwa_shared.guardrail.policy import (
    AccessRule,
    ChannelList,
    Grant,
    GuildPolicy,
    Offer,
    PlaceKind,
    SubjectKind,
    TargetKind,
    Term,
    Tier,
)

OFFER = text("""
SELECT json_build_object(
    'tiers', (SELECT json_agg(json_build_array(key, title, rank, inherits) ORDER BY rank) FROM tier),
    'features', (SELECT json_agg(json_build_array(tier_key, feature_key)) FROM tier_feature),
    'limits', (SELECT json_agg(json_build_array(tier_key, limit_key, value)) FROM tier_limit),
    'kill_switches', (SELECT json_object_agg(feature_key, reason) FROM kill_switch)
) AS decided
""").columns(column("decided", JSON))

# What ended over an hour ago is left out: no clock is that wrong, and a guild's past is not carried around forever.
POLICY = (
    text("""
SELECT json_build_object(
    'version', (SELECT max(version) FROM policy_change WHERE guild_id IN (:guild_id, 0)),
    'terms', (
        SELECT json_agg(
            json_build_array(tier_key, extract(epoch FROM starts_at), extract(epoch FROM ends_at)) ORDER BY id
        )
        FROM subscription
        WHERE guild_id = :guild_id AND revoked_at IS NULL AND (ends_at > now() - interval '1 hour' OR ends_at IS NULL)
    ),
    'grants', (
        SELECT json_agg(
            json_build_array(
                feature_key, limit_key, value, extract(epoch FROM starts_at), extract(epoch FROM ends_at)
            ) ORDER BY id
        )
        FROM entitlement_grant
        WHERE guild_id = :guild_id AND revoked_at IS NULL AND (ends_at > now() - interval '1 hour' OR ends_at IS NULL)
    ),
    'features', (SELECT json_object_agg(feature_key, enabled) FROM feature_toggle WHERE guild_id = :guild_id),
    'modules', (SELECT json_object_agg(module_key, enabled) FROM module_toggle WHERE guild_id = :guild_id),
    'rules', (
        SELECT json_agg(
            json_build_array(
                id, allow, subject_kind, subject_id, target_kind, target_key, place_kind, place_id,
                extract(epoch FROM until), note
            ) ORDER BY id
        )
        FROM access_rule
        WHERE guild_id = :guild_id
    ),
    'lists', (
        SELECT json_agg(json_build_array(target_kind, target_key, places) ORDER BY target_kind, target_key)
        FROM (
            SELECT target_kind, target_key, json_agg(place_id) AS places
            FROM channel_list_entry
            WHERE guild_id = :guild_id
            GROUP BY target_kind, target_key
        ) AS listed
    )
) AS decided
""")
    .bindparams(bindparam("guild_id", type_=BigInteger))
    .columns(column("decided", JSON))
)

NOTHING: Mapping[str, bool] = MappingProxyType({})


async def load_offer(session: AsyncSession) -> Offer:
    """What the operator decides for all guilds: each tier with what it inherits put in."""
    decided = (await session.execute(OFFER)).scalar_one()
    return Offer(
        tiers=MappingProxyType(_tiers(decided)),
        kill_switches=MappingProxyType(decided["kill_switches"] or {}),
    )


async def load_policy(session: AsyncSession, *, guild_id: int, offer: Offer) -> GuildPolicy:
    """All that is decided for this guild. One that nobody has seen has a policy too: it has chosen nothing."""
    decided = (await session.execute(POLICY, {"guild_id": guild_id})).scalar_one()
    return GuildPolicy(
        guild_id=guild_id,
        version=decided["version"] or 0,
        offer=offer,
        terms=tuple(Term(intern(tier), starts, ends) for tier, starts, ends in decided["terms"] or ()),
        grants=tuple(_grant(row) for row in decided["grants"] or ()),
        feature_toggles=_toggles(decided["features"]),
        module_toggles=_toggles(decided["modules"]),
        rules=tuple(_rule(row) for row in decided["rules"] or ()),
        lists=tuple(
            ChannelList(TargetKind(kind), intern(key), frozenset(places))
            for kind, key, places in decided["lists"] or ()
        ),
    )


def _tiers(decided: Mapping[str, Any]) -> dict[str, Tier]:
    parents = {key: inherits for key, _, _, inherits in decided["tiers"] or ()}
    features: dict[str, set[str]] = {}
    for tier, feature in decided["features"] or ():
        features.setdefault(tier, set()).add(feature)
    limits: dict[str, dict[str, int | None]] = {}
    for tier, limit, value in decided["limits"] or ():
        limits.setdefault(tier, {})[limit] = value
    tiers = {}
    for key, title, rank, _ in decided["tiers"] or ():
        line = _line(key, parents)
        tiers[key] = Tier(
            key=key,
            title=title,
            rank=rank,
            features=frozenset[str]().union(*(features.get(one, ()) for one in line)),
            limits=MappingProxyType(_limits([limits.get(one, {}) for one in line])),
        )
    return tiers


def _line(key: str, parents: Mapping[str, str | None]) -> list[str]:
    """The tier and those that it inherits from, the nearest first; a circle is walked once."""
    line: list[str] = []
    above: str | None = key
    while above is not None and above not in line:
        line.append(above)
        above = parents.get(above)
    return line


def _limits(said: Iterable[Mapping[str, int | None]]) -> dict[Limit, int | None]:
    """Every limit by the nearest tier that says anything about it; where none does it is 0."""
    return {limit: next((one[limit] for one in said if limit in one), 0) for limit in Limit}


def _toggles(chosen: Mapping[str, bool] | None) -> Mapping[str, bool]:
    return MappingProxyType({intern(key): on for key, on in chosen.items()}) if chosen else NOTHING


def _grant(row: list[Any]) -> Grant:
    feature, limit, value, starts, ends = row
    return Grant(feature, None if limit is None else Limit(limit), value, starts, ends)


def _rule(row: list[Any]) -> AccessRule:
    id_, allow, subject_kind, subject_id, target_kind, target_key, place_kind, place_id, until, note = row
    return AccessRule(
        id=id_,
        allow=allow,
        subject_kind=SubjectKind(subject_kind),
        subject_id=subject_id,
        target_kind=TargetKind(target_kind),
        target_key=intern(target_key),
        place_kind=PlaceKind(place_kind),
        place_id=place_id,
        until=until,
        note=note,
    )
