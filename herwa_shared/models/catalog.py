"""Tables of the catalog, as registered by discovery, of toggles, kill switches and tiers."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from herwa_shared.catalog import Audience, Essential, Limit, SurfaceKind
from herwa_shared.clock import utc_now
from herwa_shared.models.columns import SNOWFLAKE, TIMESTAMPTZ, build_enum_check, build_guild_key


class Module(SQLModel, table=True):
    """A module of features.

    `position` is its index in the code's order. `retired_at` is set when the code no longer declares it.
    """

    key: str = Field(primary_key=True, max_length=32)
    title: str = Field(max_length=64)
    sentence: str = Field(max_length=200)
    position: int = 0
    retired_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)


class Feature(SQLModel, table=True):
    """A feature.

    `retired_at` is set when the code no longer declares it; the settings for it are kept. `lowest_tier` is the tier to
    which discovery added the feature when it was new; which tiers include it now is in `TierFeature`.
    """

    __table_args__ = (build_enum_check("essential", Essential),)

    key: str = Field(primary_key=True, max_length=64)
    module_key: str = Field(foreign_key="module.key", max_length=32)
    title: str = Field(max_length=64)
    sentence: str = Field(max_length=200)
    lowest_tier: str = Field(max_length=32)
    on_by_default: bool = True
    essential: str = Field(default=Essential.NO, max_length=16)
    retired_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)


class SurfaceRow(SQLModel, table=True):
    """A command, menu, page or route that belongs to a feature; `key` is unique per kind."""

    __tablename__ = "surface"
    __table_args__ = (build_enum_check("kind", SurfaceKind), build_enum_check("audience", Audience))

    kind: str = Field(primary_key=True, max_length=16)
    key: str = Field(primary_key=True, max_length=64)
    feature_key: str = Field(foreign_key="feature.key", max_length=64)
    title: str = Field(max_length=100)
    audience: str = Field(max_length=16)
    retired_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)


class FeatureToggle(SQLModel, table=True):
    """A guild's setting for one feature; without a row the feature's default applies."""

    __tablename__ = "feature_toggle"

    guild_id: int = build_guild_key(primary_key=True)
    feature_key: str = Field(primary_key=True, foreign_key="feature.key", max_length=64)
    enabled: bool
    changed_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)


class ModuleToggle(SQLModel, table=True):
    """A guild's setting for one module.

    Off disables every feature of the module that is not essential. On, or no row, leaves each feature its own setting.
    """

    __tablename__ = "module_toggle"

    guild_id: int = build_guild_key(primary_key=True)
    module_key: str = Field(primary_key=True, foreign_key="module.key", max_length=32)
    enabled: bool
    changed_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)


class KillSwitch(SQLModel, table=True):
    """Turns a feature off for all guilds while the row exists; users see `reason`."""

    __tablename__ = "kill_switch"

    feature_key: str = Field(primary_key=True, foreign_key="feature.key", max_length=64)
    reason: str = Field(max_length=200)
    by: str = Field(max_length=64)
    at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)


class TierRow(SQLModel, table=True):
    """A tier that the operator offers.

    A higher `rank` is better. A tier inherits all features of its parent tier (`inherits`), and each limit that it does
    not set itself. It is for sale in Discord if it has the id of a SKU.
    """

    __tablename__ = "tier"

    key: str = Field(primary_key=True, max_length=32)
    title: str = Field(max_length=64)
    rank: int = Field(unique=True)
    inherits: str | None = Field(default=None, foreign_key="tier.key", max_length=32)
    sku_id: int | None = Field(default=None, sa_type=SNOWFLAKE, unique=True)


class TierFeature(SQLModel, table=True):
    """Includes a feature in a tier and in every tier that inherits from it."""

    __tablename__ = "tier_feature"

    tier_key: str = Field(primary_key=True, foreign_key="tier.key", max_length=32)
    feature_key: str = Field(primary_key=True, foreign_key="feature.key", max_length=64)


class TierLimit(SQLModel, table=True):
    """The value of one limit in one tier; null means unlimited.

    Without a row the inherited value applies, and 0 if no ancestor sets one.
    """

    __tablename__ = "tier_limit"
    __table_args__ = (
        build_enum_check("limit_key", Limit),
        CheckConstraint("value >= 0", name="value_is_a_number_of_things"),
    )

    tier_key: str = Field(primary_key=True, foreign_key="tier.key", max_length=32)
    limit_key: str = Field(primary_key=True, max_length=32)
    value: int | None = Field(default=None, sa_type=SNOWFLAKE)
