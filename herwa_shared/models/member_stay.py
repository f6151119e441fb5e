"""When a member was in a guild: one row from each joining to the next leaving."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from herwa_shared.models.columns import MOMENT, SNOWFLAKE, guild_key


class MemberStay(SQLModel, table=True):
    """The member was in the guild during `[joined_at, left_at)`; `left_at` None means that nobody heard them leave.

    Only joinings and leavings that were heard have rows. A leaving whose joining nobody knows has the beginning of 1970
    for `joined_at`.
    """

    __tablename__ = "member_stay"

    guild_id: int = guild_key(primary_key=True)
    user_id: int = Field(sa_type=SNOWFLAKE, primary_key=True)
    joined_at: datetime = Field(sa_type=MOMENT, primary_key=True)
    left_at: datetime | None = Field(default=None, sa_type=MOMENT)
