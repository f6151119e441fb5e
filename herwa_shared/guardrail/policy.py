"""The policy: a frozen snapshot of all that one guild, and Herwa's operator for it, have decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from herwa_shared.catalog import FEATURES, FeatureKey, FeatureSpec, Limit


class SubjectKind(StrEnum):
    """Whom an access rule is about; the later, the more specific."""

    EVERYONE = "everyone"
    PERMISSION = "permission"
    ROLE = "role"
    MEMBER = "member"


class TargetKind(StrEnum):
    """What an access rule or a channel list is about; the later, the more specific."""

    EVERYTHING = "everything"
    MODULE = "module"
    FEATURE = "feature"
    COMMAND = "command"


class PlaceKind(StrEnum):
    """Where an access rule applies; the later, the more specific. Threads follow their channel."""

    EVERYWHERE = "everywhere"
    CATEGORY = "category"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class AccessRule:
    """One sentence: who may or may not use what, where, until when and why.

    `subject_id` is a role's or member's id, of a named Discord permission its bits, and 0 for everyone. `target_key` is
    empty for everything, else the key of a module or feature, or a command's name. `place_id` is 0 for everywhere.
    `until` is in seconds since 1970: from then on the rule does not apply.
    """

    id: int
    allow: bool
    subject_kind: SubjectKind
    subject_id: int
    target_kind: TargetKind
    target_key: str
    place_kind: PlaceKind = PlaceKind.EVERYWHERE
    place_id: int = 0
    until: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ChannelList:
    """Where a target may run: ids of channels and categories, never none."""

    target_kind: TargetKind
    target_key: str
    place_ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier with what it inherits put in: features by key, limits by name; None is unlimited. Higher rank, better."""

    key: str
    title: str
    rank: int
    features: frozenset[str]
    limits: Mapping[Limit, int | None]


@dataclass(frozen=True, slots=True)
class SubscriptionPeriod:
    """A tier for a time, [starts, ends) in seconds since 1970; without an end it holds until it is revoked."""

    tier: str
    starts_at: float
    ends_at: float | None


@dataclass(frozen=True, slots=True)
class Grant:
    """One feature, or one limit's value, beyond the tier, for a time as of a `Term`."""

    feature: str | None
    limit: Limit | None
    value: int | None
    starts_at: float
    ends_at: float | None


@dataclass(frozen=True, slots=True)
class GlobalPolicy:
    """What holds for all guilds: tiers by key, reasons of kill switches by feature, the catalogue of features."""

    tiers: Mapping[str, Tier]
    kill_switches: Mapping[str, str]
    features: Mapping[FeatureKey, FeatureSpec] = field(default_factory=lambda: FEATURES)


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What a guild may have at one moment: the best live tier (its key), features by key, limits.

    It holds until `until`, in seconds since 1970; None: until something is changed.
    """

    tier: str
    features: frozenset[str]
    limits: Mapping[Limit, int | None]
    until: float | None


@dataclass(frozen=True, slots=True)
class GuildPolicy:
    """All of it for one guild. `version` grows with every change; toggles hold only what the guild chose."""

    guild_id: int
    version: int
    global_policy: GlobalPolicy
    periods: tuple[SubscriptionPeriod, ...] = ()
    grants: tuple[Grant, ...] = ()
    feature_toggles: Mapping[str, bool] = field(default_factory=dict)
    module_toggles: Mapping[str, bool] = field(default_factory=dict)
    rules: tuple[AccessRule, ...] = ()
    channel_lists: tuple[ChannelList, ...] = ()
