"""Tables of subscriptions and of grants beyond the tier."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from herwa_shared.catalog import Limit
from herwa_shared.clock import utc_now
from herwa_shared.models.columns import SNOWFLAKE, TIMESTAMPTZ, build_enum_check, build_guild_key


class SubscriptionSource(StrEnum):
    """How a subscription was obtained."""

    MANUAL = "manual"
    TRIAL = "trial"
    DISCORD = "discord"


class Subscription(SQLModel, table=True):
    """A guild's tier during `[starts_at, ends_at)`; without an end, until it is revoked.

    Of several active subscriptions the one with the best tier applies. Rows are never deleted. `expired_at` is when the
    worker recorded the end in the audit log; the subscription ends at `ends_at` even if that has not happened. With the
    source Discord it was bought there, and `external_id` is the id of Discord's entitlement.
    """

    __table_args__ = (
        build_enum_check("source", SubscriptionSource),
        CheckConstraint("ends_at > starts_at", name="ends_after_it_starts"),
        Index(
            "subscription_to_end",
            "ends_at",
            postgresql_where=text("ends_at IS NOT NULL AND revoked_at IS NULL AND expired_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    guild_id: int = build_guild_key(index=True)
    tier_key: str = Field(foreign_key="tier.key", max_length=32)
    source: str = Field(max_length=16)
    starts_at: datetime = Field(sa_type=TIMESTAMPTZ)
    ends_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    reason: str = Field(default="", max_length=200)
    granted_by: str = Field(max_length=64)
    external_id: str | None = Field(default=None, max_length=64, unique=True)
    created_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)
    revoked_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    expired_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)


class EntitlementCheck(SQLModel, table=True):
    """A request to ask Discord what a guild has bought; guild 0 stands for all guilds. Deleted when Discord replied."""

    __tablename__ = "entitlement_check"

    guild_id: int = Field(sa_type=SNOWFLAKE, primary_key=True, sa_column_kwargs={"autoincrement": False})
    requested_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)


class EntitlementGrant(SQLModel, table=True):
    """One feature, or one limit's value, that a guild has beyond its tier for a period.

    The period is `[starts_at, ends_at)`; without an end, the grant applies until it is revoked. `value` null means
    unlimited. Rows are never deleted.
    """

    __tablename__ = "entitlement_grant"
    __table_args__ = (
        build_enum_check("limit_key", Limit),
        CheckConstraint("(feature_key IS NULL) <> (limit_key IS NULL)", name="feature_or_limit"),
        CheckConstraint("value IS NULL OR (value >= 0 AND limit_key IS NOT NULL)", name="value_is_of_a_limit"),
        CheckConstraint("ends_at > starts_at", name="ends_after_it_starts"),
    )

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    guild_id: int = build_guild_key(index=True)
    feature_key: str | None = Field(default=None, foreign_key="feature.key", max_length=64)
    limit_key: str | None = Field(default=None, max_length=32)
    value: int | None = Field(default=None, sa_type=SNOWFLAKE)
    starts_at: datetime = Field(sa_type=TIMESTAMPTZ)
    ends_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    reason: str = Field(default="", max_length=200)
    granted_by: str = Field(max_length=64)
    created_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)
    revoked_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
