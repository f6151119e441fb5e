"""A guild of a user, as Discord last told: what they are there decides what they may see here."""

from sqlalchemy import ARRAY
from sqlmodel import Field, SQLModel

from herwa_shared.models.columns import SNOWFLAKE, user_key


class UserGuild(SQLModel, table=True):
    """One guild of one user, also one that the bot is not in. `permissions` are Discord's bits.

    Discord is asked for `role_ids` only where an access rule is about roles; None: not asked yet.
    """

    __tablename__ = "user_guild"

    user_id: int = user_key(primary_key=True)
    guild_id: int = Field(sa_type=SNOWFLAKE, primary_key=True, index=True)
    name: str = Field(max_length=100)
    icon: str | None = Field(default=None, max_length=64)
    owner: bool
    permissions: int = Field(sa_type=SNOWFLAKE)
    member_count: int = 0
    role_ids: list[int] | None = Field(default=None, sa_type=ARRAY(SNOWFLAKE))
