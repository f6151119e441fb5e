"""Which tier has which feature."""

from sqlmodel import Field, SQLModel


class TierFeature(SQLModel, table=True):
    """The tier, and each that inherits from it, has the feature."""

    __tablename__ = "tier_feature"

    tier_key: str = Field(primary_key=True, foreign_key="tier.key", max_length=32)
    feature_key: str = Field(primary_key=True, foreign_key="feature.key", max_length=64)
