"""One feature, or one limit's value, that a guild has beyond its tier."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from herwa_shared.catalog import Limit
from herwa_shared.clock import utc_now
from herwa_shared.models.columns import MOMENT, SNOWFLAKE, guild_key, one_of


class EntitlementGrant(SQLModel, table=True):
    """A feature or a limit (`value` null: unlimited), for a time as of a subscription. Rows are never deleted."""

    __tablename__ = "entitlement_grant"
    __table_args__ = (
        one_of("limit_key", Limit),
        CheckConstraint("(feature_key IS NULL) <> (limit_key IS NULL)", name="feature_or_limit"),
        CheckConstraint("value IS NULL OR (value >= 0 AND limit_key IS NOT NULL)", name="value_is_of_a_limit"),
        CheckConstraint("ends_at > starts_at", name="ends_after_it_starts"),
    )

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    guild_id: int = guild_key(index=True)
    feature_key: str | None = Field(default=None, foreign_key="feature.key", max_length=64)
    limit_key: str | None = Field(default=None, max_length=32)
    value: int | None = Field(default=None, sa_type=SNOWFLAKE)
    starts_at: datetime = Field(sa_type=MOMENT)
    ends_at: datetime | None = Field(default=None, sa_type=MOMENT)
    reason: str = Field(default="", max_length=200)
    granted_by: str = Field(max_length=64)
    created_at: datetime = Field(sa_type=MOMENT, default_factory=utc_now)
    revoked_at: datetime | None = Field(default=None, sa_type=MOMENT)
