"""A server that the bot is or was in.

How a guild does at this moment: what live counters show.

When the bot was in a guild: one row from each joining to the next leaving.

A channel, category or thread: what its id is called and whom it counts for.

A user as one guild knows them: the name that lists show.

When a member was in a guild: one row from each joining to the next leaving.
"""

from datetime import datetime

from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import SNOWFLAKE, TIMESTAMPTZ, build_guild_key


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
    joined_at: datetime = Field(sa_type=TIMESTAMPTZ, description="when the bot joined, the last time it did")
    left_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    seen_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)


class GuildLiveCounters(SQLModel, table=True):
    """The newest numbers of one guild and when they changed; `online` is None until Discord has said it once."""

    __tablename__ = "guild_live_counters"

    guild_id: int = build_guild_key(primary_key=True)
    online: int | None = None
    in_voice: int = 0
    at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)


class GuildMembership(SQLModel, table=True):
    """The bot was in the guild during `[joined_at, left_at)`; `left_at` None means that it is there now."""

    __tablename__ = "guild_membership"

    guild_id: int = build_guild_key(primary_key=True)
    joined_at: datetime = Field(sa_type=TIMESTAMPTZ, primary_key=True)
    left_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)


class Channel(SQLModel, table=True):
    """One place in a guild. A thread's `parent_id` is its channel, a channel's its category. Names outlive deletion."""

    id: int = Field(sa_type=SNOWFLAKE, primary_key=True, sa_column_kwargs={"autoincrement": False})
    guild_id: int = build_guild_key(index=True)
    parent_id: int | None = Field(default=None, sa_type=SNOWFLAKE)
    kind: int = Field(description="Discord's channel type")
    name: str = Field(max_length=100)
    position: int = 0
    deleted: bool = False


class Member(SQLModel, table=True):
    """The newest name an event brought: nickname, else display name, else user name."""

    guild_id: int = build_guild_key(primary_key=True)
    user_id: int = Field(sa_type=SNOWFLAKE, primary_key=True)
    name: str = Field(max_length=100)
    bot: bool = False
    joined_at: datetime | None = Field(
        default=None, sa_type=TIMESTAMPTZ, description="the last time, where an event told"
    )
    seen_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)


class MembershipPeriod(SQLModel, table=True):
    """The member was in the guild during `[joined_at, left_at)`; `left_at` None means that nobody heard them leave.

    Only joinings and leavings that were heard have rows. A leaving whose joining nobody knows has the beginning of 1970
    for `joined_at`.
    """

    __tablename__ = "membership_period"

    guild_id: int = build_guild_key(primary_key=True)
    user_id: int = Field(sa_type=SNOWFLAKE, primary_key=True)
    joined_at: datetime = Field(sa_type=TIMESTAMPTZ, primary_key=True)
    left_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
