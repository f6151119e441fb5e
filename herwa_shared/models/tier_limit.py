"""How much of something a tier grants."""

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from herwa_shared.catalog import Limit
from herwa_shared.models.columns import SNOWFLAKE, one_of


class TierLimit(SQLModel, table=True):
    """One limit of one tier; null is unlimited. No row: what the tier inherits, and where nobody says anything, 0."""

    __tablename__ = "tier_limit"
    __table_args__ = (one_of("limit_key", Limit), CheckConstraint("value >= 0", name="value_is_a_number_of_things"))

    tier_key: str = Field(primary_key=True, foreign_key="tier.key", max_length=32)
    limit_key: str = Field(primary_key=True, max_length=32)
    value: int | None = Field(default=None, sa_type=SNOWFLAKE)
