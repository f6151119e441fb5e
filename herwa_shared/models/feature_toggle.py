"""A guild's choice for one feature."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import MOMENT, guild_key


class FeatureToggle(SQLModel, table=True):
    """On or off; no row means the feature's default."""

    __tablename__ = "feature_toggle"

    guild_id: int = guild_key(primary_key=True)
    feature_key: str = Field(primary_key=True, foreign_key="feature.key", max_length=64)
    enabled: bool
    changed_at: datetime = Field(sa_type=MOMENT, default_factory=utc_now)
