"""A user as one guild knows them: the name that lists show."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import MOMENT, SNOWFLAKE, guild_key


class Member(SQLModel, table=True):
    """The newest name an event brought: nickname, else display name, else user name."""

    guild_id: int = guild_key(primary_key=True)
    user_id: int = Field(sa_type=SNOWFLAKE, primary_key=True)
    name: str = Field(max_length=100)
    bot: bool = False
    joined_at: datetime | None = Field(default=None, sa_type=MOMENT, description="the last time, where an event told")
    seen_at: datetime = Field(sa_type=MOMENT, default_factory=utc_now)
