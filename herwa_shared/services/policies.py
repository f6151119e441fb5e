"""Load policies for the guardrail: one query for the global policy, one per guild policy."""

from collections.abc import Iterable, Mapping
from sys import intern
from types import MappingProxyType
from typing import Any

from sqlalchemy import JSON, BigInteger, bindparam, column, text
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.catalog import Limit
from herwa_shared.guardrail.policy import (
    AccessRule,
    Announcement,
    ChannelList,
    GlobalPolicy,
    Grant,
    GuildPolicy,
    PlaceKind,
    SubjectKind,
    SubscriptionPeriod,
    TargetKind,
    Tier,
)

GLOBAL_POLICY_QUERY = text("""
SELECT json_build_object(
    'tiers', (SELECT json_agg(json_build_array(key, title, rank, inherits, sku_id) ORDER BY rank) FROM tier),
    'features', (SELECT json_agg(json_build_array(tier_key, feature_key)) FROM tier_feature),
    'limits', (SELECT json_agg(json_build_array(tier_key, limit_key, value)) FROM tier_limit),
    'kill_switches', (SELECT json_object_agg(feature_key, reason) FROM kill_switch),
    'announcements', (
        SELECT json_agg(
            json_build_array(text, tier_key, extract(epoch FROM starts_at), extract(epoch FROM ends_at))
            ORDER BY id DESC
        )
        FROM announcement
        WHERE ended_at IS NULL AND ends_at > now()
    )
) AS decided
""").columns(column("decided", JSON))

# Rows that ended over an hour ago are left out, so that policies do not grow with a guild's history. The hour is a
# margin for clock differences: no clock is wrong by more.
GUILD_POLICY_QUERY = (
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

NO_TOGGLES: Mapping[str, bool] = MappingProxyType({})
"""The empty mapping that all policies without toggles share."""


async def load_global_policy(session: AsyncSession) -> GlobalPolicy:
    """Load the global policy: kill switches, and tiers with their inheritance resolved."""
    data = (await session.execute(GLOBAL_POLICY_QUERY)).scalar_one()
    return GlobalPolicy(
        tiers=MappingProxyType(_parse_tiers(data)),
        kill_switches=MappingProxyType(data["kill_switches"] or {}),
        announcements=tuple(Announcement(*row) for row in data["announcements"] or ()),
    )


async def load_policy(session: AsyncSession, *, guild_id: int, global_policy: GlobalPolicy) -> GuildPolicy:
    """Load the policy of a guild; an unknown guild has one without any settings."""
    data = (await session.execute(GUILD_POLICY_QUERY, {"guild_id": guild_id})).scalar_one()
    return GuildPolicy(
        guild_id=guild_id,
        version=data["version"] or 0,
        global_policy=global_policy,
        periods=tuple(SubscriptionPeriod(intern(tier), starts, ends) for tier, starts, ends in data["terms"] or ()),
        grants=tuple(_parse_grant(row) for row in data["grants"] or ()),
        feature_toggles=_parse_toggles(data["features"]),
        module_toggles=_parse_toggles(data["modules"]),
        rules=tuple(_parse_rule(row) for row in data["rules"] or ()),
        channel_lists=tuple(
            ChannelList(TargetKind(kind), intern(key), frozenset(places)) for kind, key, places in data["lists"] or ()
        ),
    )


def _parse_tiers(data: Mapping[str, Any]) -> dict[str, Tier]:
    parents = {key: inherits for key, _, _, inherits, _ in data["tiers"] or ()}
    features: dict[str, set[str]] = {}
    for tier, feature in data["features"] or ():
        features.setdefault(tier, set()).add(feature)
    limits: dict[str, dict[str, int | None]] = {}
    for tier, limit, value in data["limits"] or ():
        limits.setdefault(tier, {})[limit] = value
    tiers = {}
    for key, title, rank, _, sku_id in data["tiers"] or ():
        lineage = _list_lineage(key, parents)
        tiers[key] = Tier(
            key=key,
            title=title,
            rank=rank,
            features=frozenset[str]().union(*(features.get(ancestor, ()) for ancestor in lineage)),
            limits=MappingProxyType(_merge_limits([limits.get(ancestor, {}) for ancestor in lineage])),
            sku_id=sku_id,
        )
    return tiers


def _list_lineage(key: str, parents: Mapping[str, str | None]) -> list[str]:
    """List a tier and its ancestors, nearest first; stops at a cycle."""
    lineage: list[str] = []
    parent: str | None = key
    while parent is not None and parent not in lineage:
        lineage.append(parent)
        parent = parents.get(parent)
    return lineage


def _merge_limits(tier_limits: Iterable[Mapping[str, int | None]]) -> dict[Limit, int | None]:
    """Resolve every limit from the nearest tier that sets it; 0 if none does."""
    return {limit: next((limits[limit] for limits in tier_limits if limit in limits), 0) for limit in Limit}


def _parse_toggles(toggles: Mapping[str, bool] | None) -> Mapping[str, bool]:
    return MappingProxyType({intern(key): enabled for key, enabled in toggles.items()}) if toggles else NO_TOGGLES


def _parse_grant(row: list[Any]) -> Grant:
    feature, limit, value, starts, ends = row
    return Grant(feature, None if limit is None else Limit(limit), value, starts, ends)


def _parse_rule(row: list[Any]) -> AccessRule:
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
