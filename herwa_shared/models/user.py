"""An account of Discord that has logged in."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import MOMENT, SNOWFLAKE


class User(SQLModel, table=True):
    """One person. Their guilds (`user_guild`) are good for a while after `guilds_asked_at`; None: ask again.

    `guilds_doubted` counts the changes that the gateway reported, so that an answer from before one is not kept.
    """

    __tablename__ = "user_account"

    id: int = Field(sa_type=SNOWFLAKE, primary_key=True, sa_column_kwargs={"autoincrement": False})
    name: str = Field(max_length=100)
    avatar: str | None = Field(default=None, max_length=64)
    logged_in_at: datetime = Field(sa_type=MOMENT, default_factory=utc_now)
    guilds_asked_at: datetime | None = Field(default=None, sa_type=MOMENT)
    guilds_doubted: int = 0
