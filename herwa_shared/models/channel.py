"""A channel, category or thread: what its id is called and whom it counts for."""

from sqlmodel import Field, SQLModel

from herwa_shared.models.columns import SNOWFLAKE, guild_key


class Channel(SQLModel, table=True):
    """One place in a guild. A thread's `parent_id` is its channel, a channel's its category. Names outlive deletion."""

    id: int = Field(sa_type=SNOWFLAKE, primary_key=True, sa_column_kwargs={"autoincrement": False})
    guild_id: int = guild_key(index=True)
    parent_id: int | None = Field(default=None, sa_type=SNOWFLAKE)
    kind: int = Field(description="Discord's channel type")
    name: str = Field(max_length=100)
    position: int = 0
    deleted: bool = False
