"""A guild's policy in little memory, for the many that are kept and seldom read. Never stored."""

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

# Members of enums as plain strings; a look-up, since Python 3.11 takes 0.2 µs for `.value`.
_ENUM_VALUES: dict[str, str] = {kind: kind.value for kinds in (SubjectKind, TargetKind, PlaceKind) for kind in kinds}


def serialize_policy(policy: GuildPolicy) -> bytes:
    """All but the offer, which the guilds share."""
    return marshal.dumps(
        (
            policy.guild_id,
            policy.version,
            tuple((str(term.tier), term.starts_at, term.ends_at) for term in policy.periods),
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
    """The policy that was packed."""
    content = marshal.loads(serialized_policy)  # noqa: S302 - `pack` made it, in this process
    guild_id, version, periods, grants, features, modules, rules, lists = content
    return GuildPolicy(
        guild_id=guild_id,
        version=version,
        global_policy=global_policy,
        periods=tuple(SubscriptionPeriod(*term) for term in periods),
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
