"""Tables of the managers who get direct messages, and of the users who get none."""

from datetime import datetime

from sqlmodel import Field, SQLModel, func

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import SNOWFLAKE, TIMESTAMPTZ, build_guild_key


class MessageSubscriber(SQLModel, table=True):
    """A manager who gets direct messages about a topic of a guild, one of `MessageTopic`."""

    __tablename__ = "message_subscriber"

    guild_id: int = build_guild_key(primary_key=True)
    topic: str = Field(primary_key=True, max_length=16)
    user_id: int = Field(sa_type=SNOWFLAKE, primary_key=True, sa_column_kwargs={"autoincrement": False})
    since: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)


class DirectMessageMute(SQLModel, table=True):
    """A user who switched off all direct messages, about everything and in all guilds."""

    __tablename__ = "direct_message_mute"

    user_id: int = Field(sa_type=SNOWFLAKE, primary_key=True, sa_column_kwargs={"autoincrement": False})
    muted_at: datetime = Field(
        sa_type=TIMESTAMPTZ, default_factory=utc_now, sa_column_kwargs={"server_default": func.now()}
    )
