"""The policy: a frozen snapshot of what a guild and Herwa's operator have configured for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from herwa_shared.catalog import FEATURES, FeatureKey, FeatureSpec, Limit


class SubjectKind(StrEnum):
    """The kind of subject of an access rule, from least to most specific."""

    EVERYONE = "everyone"
    PERMISSION = "permission"
    ROLE = "role"
    MEMBER = "member"


class TargetKind(StrEnum):
    """The kind of target of an access rule or channel list, from least to most specific."""

    EVERYTHING = "everything"
    MODULE = "module"
    FEATURE = "feature"
    COMMAND = "command"


class PlaceKind(StrEnum):
    """Where an access rule applies, from least to most specific. A thread counts as its channel."""

    EVERYWHERE = "everywhere"
    CATEGORY = "category"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class AccessRule:
    """Allow or deny a subject the use of a target, in a place, until a time.

    `subject_id` is the id of a role or member, the bits of a Discord permission, or 0 for everyone. `target_key` is the
    key of a module or feature, the name of a command, or empty for everything. `place_id` is the id of a channel or
    category, or 0 for everywhere. `until` is in Unix seconds and exclusive. `note` is the reason, for people.
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
    """The channels and categories, by id, where a target may run. Never empty."""

    target_kind: TargetKind
    target_key: str
    place_ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier with its inherited features and limits merged in.

    Features are keys. A limit of None is unlimited. A tier with a higher rank is better. It is for sale in Discord if
    it has the id of a SKU.
    """

    key: str
    title: str
    rank: int
    features: frozenset[str]
    limits: Mapping[Limit, int | None]
    sku_id: int | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionPeriod:
    """A tier for the time [starts_at, ends_at) in Unix seconds; None as end: until revoked."""

    tier: str
    starts_at: float
    ends_at: float | None


@dataclass(frozen=True, slots=True)
class Grant:
    """One feature, or one limit's value, beyond the tier, with times as in `SubscriptionPeriod`."""

    feature: str | None
    limit: Limit | None
    value: int | None
    starts_at: float
    ends_at: float | None


@dataclass(frozen=True, slots=True)
class Announcement:
    """What operators tell the guilds of a tier, or all guilds if it is None, during a period in Unix seconds."""

    text: str
    tier: str | None
    starts_at: float
    ends_at: float


@dataclass(frozen=True, slots=True)
class GlobalPolicy:
    """Settings for all guilds: tiers by key, kill-switch reasons by feature, feature catalog, announcements."""

    tiers: Mapping[str, Tier]
    kill_switches: Mapping[str, str]
    features: Mapping[FeatureKey, FeatureSpec] = field(default_factory=lambda: FEATURES)
    announcements: tuple[Announcement, ...] = ()

    def list_announcements(self, tier: str, at: float) -> list[str]:
        """List the announcements to guilds of this tier at `at` (Unix seconds), the newest first."""
        return [
            announcement.text
            for announcement in self.announcements
            if announcement.tier in (None, tier) and announcement.starts_at <= at < announcement.ends_at
        ]

    def find_tier_for_sale(self, current: str, *, feature: str | None = None) -> Tier | None:
        """Find the lowest tier for sale that is better than the current one, and has the feature if one is given."""
        rank = self.tiers[current].rank if current in self.tiers else 0
        return min(
            (
                tier
                for tier in self.tiers.values()
                if tier.sku_id is not None and tier.rank > rank and (feature is None or feature in tier.features)
            ),
            key=lambda tier: tier.rank,
            default=None,
        )


@dataclass(frozen=True, slots=True)
class Entitlement:
    """A guild's entitlement at one time: key of the best active tier, feature keys, limits.

    It is valid until `until`, in Unix seconds; None means until the policy changes.
    """

    tier: str
    features: frozenset[str]
    limits: Mapping[Limit, int | None]
    until: float | None


@dataclass(frozen=True, slots=True)
class GuildPolicy:
    """The policy of one guild.

    `version` increases with every change. The toggles contain only what the guild has set explicitly.
    """

    guild_id: int
    version: int
    global_policy: GlobalPolicy
    periods: tuple[SubscriptionPeriod, ...] = ()
    grants: tuple[Grant, ...] = ()
    feature_toggles: Mapping[str, bool] = field(default_factory=dict)
    module_toggles: Mapping[str, bool] = field(default_factory=dict)
    rules: tuple[AccessRule, ...] = ()
    channel_lists: tuple[ChannelList, ...] = ()
