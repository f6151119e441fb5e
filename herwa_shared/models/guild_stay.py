"""When the bot was in a guild: one row from each joining to the next leaving."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from herwa_shared.models.columns import MOMENT, guild_key


class GuildStay(SQLModel, table=True):
    """The bot was in the guild during `[joined_at, left_at)`; `left_at` None means that it is there now."""

    __tablename__ = "guild_stay"

    guild_id: int = guild_key(primary_key=True)
    joined_at: datetime = Field(sa_type=MOMENT, primary_key=True)
    left_at: datetime | None = Field(default=None, sa_type=MOMENT)
