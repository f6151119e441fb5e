"""A module of features, as discovery last registered it.

A feature, as discovery last registered it.

A command, menu, page or route, as discovery last registered it.

A guild's choice for one feature.

A guild's choice for a whole module.

A feature that the operator has turned off everywhere.

A tier: what the operator offers.

Which tier has which feature.

How much of something a tier grants.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from herwa_shared.catalog import Audience, Essential, Limit, SurfaceKind
from herwa_shared.clock import utc_now
from herwa_shared.models.columns import SNOWFLAKE, TIMESTAMPTZ, build_enum_check, build_guild_key


class Module(SQLModel, table=True):
    """One module. `position` is its place in the code's order; a module that the code no longer has is retired."""

    key: str = Field(primary_key=True, max_length=32)
    title: str = Field(max_length=64)
    sentence: str = Field(max_length=200)
    position: int = 0
    retired_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)


class Feature(SQLModel, table=True):
    """One feature. One that the code no longer has is retired, and what was chosen for it stays.

    `lowest_tier` is the tier that discovery gave it to when it was new; which tiers have it is `TierFeature`'s to say.
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
    """One thing that a feature drives; `key` is its name among its kind."""

    __tablename__ = "surface"
    __table_args__ = (build_enum_check("kind", SurfaceKind), build_enum_check("audience", Audience))

    kind: str = Field(primary_key=True, max_length=16)
    key: str = Field(primary_key=True, max_length=64)
    feature_key: str = Field(foreign_key="feature.key", max_length=64)
    title: str = Field(max_length=100)
    audience: str = Field(max_length=16)
    retired_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)


class FeatureToggle(SQLModel, table=True):
    """On or off; no row means the feature's default."""

    __tablename__ = "feature_toggle"

    guild_id: int = build_guild_key(primary_key=True)
    feature_key: str = Field(primary_key=True, foreign_key="feature.key", max_length=64)
    enabled: bool
    changed_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)


class ModuleToggle(SQLModel, table=True):
    """Off switches every feature of it off; on, or no row, leaves each feature its own choice."""

    __tablename__ = "module_toggle"

    guild_id: int = build_guild_key(primary_key=True)
    module_key: str = Field(primary_key=True, foreign_key="module.key", max_length=32)
    enabled: bool
    changed_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)


class KillSwitch(SQLModel, table=True):
    """Off for all guilds while the row is there. People see `reason`."""

    __tablename__ = "kill_switch"

    feature_key: str = Field(primary_key=True, foreign_key="feature.key", max_length=64)
    reason: str = Field(max_length=200)
    by: str = Field(max_length=64)
    at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)


class TierRow(SQLModel, table=True):
    """One tier. The higher `rank` is the better one. What it does not say itself it has from the tier it inherits."""

    __tablename__ = "tier"

    key: str = Field(primary_key=True, max_length=32)
    title: str = Field(max_length=64)
    rank: int = Field(unique=True)
    inherits: str | None = Field(default=None, foreign_key="tier.key", max_length=32)


class TierFeature(SQLModel, table=True):
    """The tier, and each that inherits from it, has the feature."""

    __tablename__ = "tier_feature"

    tier_key: str = Field(primary_key=True, foreign_key="tier.key", max_length=32)
    feature_key: str = Field(primary_key=True, foreign_key="feature.key", max_length=64)


class TierLimit(SQLModel, table=True):
    """One limit of one tier; null is unlimited. No row: what the tier inherits, and where nobody says anything, 0."""

    __tablename__ = "tier_limit"
    __table_args__ = (
        build_enum_check("limit_key", Limit),
        CheckConstraint("value >= 0", name="value_is_a_number_of_things"),
    )

    tier_key: str = Field(primary_key=True, foreign_key="tier.key", max_length=32)
    limit_key: str = Field(primary_key=True, max_length=32)
    value: int | None = Field(default=None, sa_type=SNOWFLAKE)
