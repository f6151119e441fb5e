"""Compact in-memory serialization of policies.

Many policies are cached and few are read, so memory matters more than access time. The bytes are never written to disk
or sent to another process.
"""

import marshal

from herwa_shared.catalog import Limit
from herwa_shared.guardrail.policy import (
    AccessRule,
    ChannelList,
    GlobalPolicy,
    Grant,
    GuildPolicy,
    PlaceKind,
    SubjectKind,
    SubscriptionPeriod,
    TargetKind,
)

PlainValue = str | float | None

# Enum members as plain strings. A dictionary, because `.value` takes 0.2 µs in Python 3.11.
_ENUM_VALUES: dict[str, str] = {kind: kind.value for kinds in (SubjectKind, TargetKind, PlaceKind) for kind in kinds}


def serialize_policy(policy: GuildPolicy) -> bytes:
    """Serialize everything except the global policy, which all guilds share."""
    return marshal.dumps(
        (
            policy.guild_id,
            policy.version,
            tuple((str(period.tier), period.starts_at, period.ends_at) for period in policy.periods),
            tuple(_serialize_grant(grant) for grant in policy.grants),
            tuple((str(key), on) for key, on in policy.feature_toggles.items()),
            tuple((str(key), on) for key, on in policy.module_toggles.items()),
            tuple(_serialize_rule(rule) for rule in policy.rules),
            tuple(
                (_ENUM_VALUES[channel_list.target_kind], str(channel_list.target_key), tuple(channel_list.place_ids))
                for channel_list in policy.channel_lists
            ),
        )
    )


def deserialize_policy(serialized_policy: bytes, global_policy: GlobalPolicy) -> GuildPolicy:
    """Restore a policy from the output of `serialize_policy`."""
    content = marshal.loads(serialized_policy)  # noqa: S302 - `serialize_policy` made it, in this process
    guild_id, version, periods, grants, features, modules, rules, lists = content
    return GuildPolicy(
        guild_id=guild_id,
        version=version,
        global_policy=global_policy,
        periods=tuple(SubscriptionPeriod(*period) for period in periods),
        grants=tuple(
            Grant(feature, None if limit is None else Limit(limit), *rest) for feature, limit, *rest in grants
        ),
        feature_toggles=dict(features),
        module_toggles=dict(modules),
        rules=tuple(
            AccessRule(
                id_,
                allow,
                SubjectKind(subject_kind),
                subject_id,
                TargetKind(target_kind),
                target_key,
                PlaceKind(place_kind),
                *rest,
            )
            for id_, allow, subject_kind, subject_id, target_kind, target_key, place_kind, *rest in rules
        ),
        channel_lists=tuple(
            ChannelList(TargetKind(target_kind), target_key, frozenset(place_ids))
            for target_kind, target_key, place_ids in lists
        ),
    )


def _serialize_grant(grant: Grant) -> tuple[PlainValue, ...]:
    feature = None if grant.feature is None else str(grant.feature)
    limit = None if grant.limit is None else str(grant.limit)
    return feature, limit, grant.value, grant.starts_at, grant.ends_at


def _serialize_rule(rule: AccessRule) -> tuple[PlainValue, ...]:
    return (
        rule.id,
        rule.allow,
        _ENUM_VALUES[rule.subject_kind],
        rule.subject_id,
        _ENUM_VALUES[rule.target_kind],
        str(rule.target_key),
        _ENUM_VALUES[rule.place_kind],
        rule.place_id,
        rule.until,
        rule.note,
    )
