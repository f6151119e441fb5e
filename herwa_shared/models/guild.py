"""A server that the bot is or was in."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import MOMENT, SNOWFLAKE


class Guild(SQLModel, table=True):
    """One guild as Discord last described it. `left_at` is set while the bot is not in it."""

    id: int = Field(sa_type=SNOWFLAKE, primary_key=True, sa_column_kwargs={"autoincrement": False})
    name: str = Field(max_length=100)
    owner_id: int = Field(sa_type=SNOWFLAKE)
    icon: str | None = Field(default=None, max_length=64)
    member_count: int = 0
    timezone: str | None = Field(
        default=None, max_length=64, description="IANA name that its people chose; none means UTC"
    )
    joined_at: datetime = Field(sa_type=MOMENT, description="when the bot joined, the last time it did")
    left_at: datetime | None = Field(default=None, sa_type=MOMENT)
    seen_at: datetime = Field(sa_type=MOMENT, default_factory=utc_now)
