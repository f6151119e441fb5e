"""Tables of the directory: guilds, channels, members and membership periods."""

from datetime import date, datetime

from sqlalchemy import ARRAY, CheckConstraint, Date, Index, Integer, SmallInteger, text, true
from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.guardrail.member_data import MemberAudience
from herwa_shared.models.columns import SNOWFLAKE, TIMESTAMPTZ, build_enum_check, build_guild_key


class Guild(SQLModel, table=True):
    """A guild that the bot is or was in, as last received from Discord.

    `left_at` is set while the bot is not in the guild. `welcomed_at` is when the bot sent its welcome message.
    `is_silent`: without events in the last 24 hours, refreshed every minute.

    The guild chose `timezone`, `week_start` (1 is Monday), `member_audience` (who sees data about single members) and
    `request_channel_id`, where requests for access are posted.
    """

    __table_args__ = (
        build_enum_check("member_audience", MemberAudience),
        CheckConstraint("week_start BETWEEN 1 AND 7", name="week_start_is_a_weekday"),
        # Without `fastupdate`, because a list of pending entries would be searched each time until it is processed.
        Index(
            "guild_name_part",
            "name",
            postgresql_using="gin",
            postgresql_ops={"name": "gin_trgm_ops"},
            postgresql_with={"fastupdate": "off"},
        ),
        Index("guild_by_size", "member_count", "id"),
        Index("guild_silent", "member_count", "id", postgresql_where=text("is_silent")),
        Index("guild_left", "member_count", "id", postgresql_where=text("left_at IS NOT NULL")),
        Index("guild_not_welcomed", "id", postgresql_where=text("welcomed_at IS NULL AND left_at IS NULL")),
    )

    id: int = Field(sa_type=SNOWFLAKE, primary_key=True, sa_column_kwargs={"autoincrement": False})
    name: str = Field(max_length=100)
    owner_id: int = Field(sa_type=SNOWFLAKE, index=True)
    icon: str | None = Field(default=None, max_length=64)
    member_count: int = 0
    timezone: str | None = Field(
        default=None, max_length=64, description="IANA name that the guild chose; null means UTC"
    )
    week_start: int = Field(default=1, sa_type=SmallInteger, sa_column_kwargs={"server_default": "1"})
    member_audience: str = Field(
        default=MemberAudience.INSIGHTS,
        max_length=16,
        sa_column_kwargs={"server_default": MemberAudience.INSIGHTS.value},
    )
    request_channel_id: int | None = Field(default=None, sa_type=SNOWFLAKE)
    welcomed_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    joined_at: datetime = Field(sa_type=TIMESTAMPTZ, description="when the bot last joined")
    left_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    seen_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)
    is_silent: bool = Field(default=True, sa_column_kwargs={"server_default": true()})


class GuildLiveCounters(SQLModel, table=True):
    """The live counters of one guild and when they last changed.

    `online` is None until Discord has sent it once.
    """

    __tablename__ = "guild_live_counters"

    guild_id: int = build_guild_key(primary_key=True)
    online: int | None = None
    in_voice: int = 0
    at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)


class GuildMembership(SQLModel, table=True):
    """A period `[joined_at, left_at)` in which the bot was in the guild.

    `left_at` is None while it is in the guild.
    """

    __tablename__ = "guild_membership"

    guild_id: int = build_guild_key(primary_key=True)
    joined_at: datetime = Field(sa_type=TIMESTAMPTZ, primary_key=True)
    left_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)


class Channel(SQLModel, table=True):
    """A channel, category or thread of a guild.

    Its events count for `parent_id` if it is a thread. A thread's `parent_id` is its channel, a channel's its
    category. A deleted channel keeps its row and name. `no_archived_threads_at`: Discord listed no archived public
    threads of this channel then; those that were archived later have rows. None: it may have any.
    """

    id: int = Field(sa_type=SNOWFLAKE, primary_key=True, sa_column_kwargs={"autoincrement": False})
    guild_id: int = build_guild_key(index=True)
    parent_id: int | None = Field(default=None, sa_type=SNOWFLAKE)
    kind: int = Field(description="Discord's channel type")
    name: str = Field(max_length=100)
    position: int = 0
    deleted: bool = False
    no_archived_threads_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)


class Member(SQLModel, table=True):
    """A member of a guild with the name that lists show.

    `name` is from the newest event: nickname, else display name, else user name.
    """

    __table_args__ = (Index("member_by_user", "user_id"),)

    guild_id: int = build_guild_key(primary_key=True)
    user_id: int = Field(sa_type=SNOWFLAKE, primary_key=True)
    name: str = Field(max_length=100)
    bot: bool = False
    joined_at: datetime | None = Field(
        default=None, sa_type=TIMESTAMPTZ, description="last join, if an event contained it"
    )
    seen_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)


class MembershipPeriod(SQLModel, table=True):
    """A period `[joined_at, left_at)` in which a member was in the guild.

    `left_at` is None if no leave was received. Only received joins and leaves have rows. A leave without a known join
    has 1970-01-01 as `joined_at`.
    """

    __tablename__ = "membership_period"

    guild_id: int = build_guild_key(primary_key=True)
    user_id: int = Field(sa_type=SNOWFLAKE, primary_key=True)
    joined_at: datetime = Field(sa_type=TIMESTAMPTZ, primary_key=True)
    left_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)


class GrowthEstimate(SQLModel, table=True):
    """How many members of a guild had joined on each day (UTC), of those who were members at `listed_at`.

    It holds counts only. The `joined` of a day of `days` is at the same position; days without a join are missing.
    """

    __tablename__ = "growth_estimate"

    guild_id: int = build_guild_key(primary_key=True)
    listed_at: datetime = Field(sa_type=TIMESTAMPTZ)
    days: list[date] = Field(sa_type=ARRAY(Date))
    joined: list[int] = Field(sa_type=ARRAY(Integer))
