"""Who sits in voice, and up to when their time is counted: what survives a restart of the collector."""

from sqlmodel import Field, SQLModel

from herwa_shared.models.columns import SNOWFLAKE, guild_key


class VoiceStay(SQLModel, table=True):
    """The newest stay of a member in a guild's voice channels; moments in milliseconds since 1970.

    Written in the transaction that stores the seconds up to `counted_until_ms`, so that none are stored twice. A stay
    that is over remains as a row that is not `open`, for the same reason, and is forgotten later.
    """

    __tablename__ = "voice_stay"

    guild_id: int = guild_key(primary_key=True)
    user_id: int = Field(sa_type=SNOWFLAKE, primary_key=True)
    channel_id: int = Field(sa_type=SNOWFLAKE)
    since_ms: int = Field(sa_type=SNOWFLAKE, description="since when they sit in voice, whatever the channel")
    counted_until_ms: int = Field(sa_type=SNOWFLAKE)
    muted: bool = False
    streaming: bool = False
    video: bool = False
    open: bool = True
