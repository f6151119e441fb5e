"""Tables of privacy: choices of members, who opened their data, erasure requests and deletions of guilds."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import SNOWFLAKE, TIMESTAMPTZ, build_guild_key


class PrivacyChoice(SQLModel, table=True):
    """What a member chose for one guild, or for all guilds (`guild_id` is None).

    `digest` is a keyed hash of guild and user, so the row does not show who the member is. `opted_out_at` is set while
    the member is opted out. Events before `erased_until` are never stored with the member again, whenever they arrive.
    """

    __tablename__ = "privacy_choice"

    digest: bytes = Field(primary_key=True)
    guild_id: int | None = build_guild_key(default=None)
    opted_out_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    erased_until: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)


class ErasureRequest(SQLModel, table=True):
    """A request to erase a member from one guild, or from all (`guild_id` is None).

    PostgreSQL is erased in the transaction that inserts the row, ClickHouse afterwards, by the worker. Then `user_id`
    is set to null; `digest` (as in `privacy_choice`) remains for the answer to the member.
    """

    __tablename__ = "erasure_request"
    __table_args__ = (CheckConstraint("(user_id IS NULL) = (finished_at IS NOT NULL)", name="finished_without_user"),)

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    guild_id: int | None = build_guild_key(default=None)
    user_id: int | None = Field(default=None, sa_type=SNOWFLAKE)
    digest: bytes = Field(index=True)
    requested_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)
    erased_until: datetime = Field(sa_type=TIMESTAMPTZ)
    finished_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)


class GuildDeletion(SQLModel, table=True):
    """The deletion of a guild.

    `deleted_at` is when it was deleted from PostgreSQL (None while the request of its owner waits), `finished_at` when
    it was deleted from ClickHouse too.
    `at_once`: without waiting for 30 days, on request of the owner or the operator.
    """

    __tablename__ = "guild_deletion"

    guild_id: int = Field(sa_type=SNOWFLAKE, primary_key=True, sa_column_kwargs={"autoincrement": False})
    at_once: bool = False
    requested_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)
    deleted_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    finished_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)


class MemberDataView(SQLModel, table=True):
    """A user opened data about single members in an hour; one row for each user, view and hour.

    `user_id` is 0 after the user was erased.
    """

    __tablename__ = "member_data_view"
    __table_args__ = (
        Index(
            "member_data_view_unique",
            "guild_id",
            "hour",
            "user_id",
            "view",
            unique=True,
            postgresql_where=text("user_id <> 0"),
        ),
    )

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    guild_id: int = build_guild_key()
    hour: datetime = Field(sa_type=TIMESTAMPTZ)
    user_id: int = Field(sa_type=SNOWFLAKE)
    view: str = Field(max_length=32)
