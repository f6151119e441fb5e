"""Tables of tickets: channels for support, and the threads that members opened in them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, false
from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import SNOWFLAKE, TIMESTAMPTZ, build_guild_key


class SupportChannel(SQLModel, table=True):
    """A channel whose threads are tickets, if they are opened at `marked_at` or later."""

    __tablename__ = "support_channel"

    guild_id: int = build_guild_key(primary_key=True)
    channel_id: int = Field(sa_type=SNOWFLAKE, primary_key=True)
    marked_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)


class Ticket(SQLModel, table=True):
    """A thread or forum post that was opened in a support channel.

    The response is the earliest message by another person than the opener. A hidden or erased opener has a pseudonym of
    this ticket, a hidden or erased responder is 0. `status_at` is when `closed` last changed at Discord.
    """

    __table_args__ = (
        CheckConstraint("(response_id IS NULL) = (responder_id IS NULL)", name="response_has_a_responder"),
        CheckConstraint("(response_id IS NULL) = (responded_at IS NULL)", name="response_has_a_time"),
        Index("ix_ticket_opened_at", "guild_id", "opened_at"),
    )

    guild_id: int = build_guild_key(primary_key=True)
    thread_id: int = Field(sa_type=SNOWFLAKE, primary_key=True)
    channel_id: int = Field(sa_type=SNOWFLAKE)
    opener_id: int = Field(sa_type=SNOWFLAKE)
    opened_at: datetime = Field(sa_type=TIMESTAMPTZ)
    response_id: int | None = Field(default=None, sa_type=SNOWFLAKE)
    responder_id: int | None = Field(default=None, sa_type=SNOWFLAKE)
    responded_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    closed: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    status_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)
