"""A feature, as discovery last registered it."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from herwa_shared.catalog import Essential
from herwa_shared.models.columns import MOMENT, one_of


class Feature(SQLModel, table=True):
    """One feature. One that the code no longer has is retired, and what was chosen for it stays.

    `lowest_tier` is the tier that discovery gave it to when it was new; which tiers have it is `TierFeature`'s to say.
    """

    __table_args__ = (one_of("essential", Essential),)

    key: str = Field(primary_key=True, max_length=64)
    module_key: str = Field(foreign_key="module.key", max_length=32)
    title: str = Field(max_length=64)
    sentence: str = Field(max_length=200)
    lowest_tier: str = Field(max_length=32)
    on_by_default: bool = True
    essential: str = Field(default=Essential.NO, max_length=16)
    retired_at: datetime | None = Field(default=None, sa_type=MOMENT)
