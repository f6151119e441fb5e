"""A key with which a program reads one guild."""

from datetime import datetime

from sqlalchemy import ARRAY, Text
from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import MOMENT, SNOWFLAKE, guild_key


class ApiKey(SQLModel, table=True):
    """One key. Only a keyed hash of it is kept; `hint` is its last four characters, for people to tell keys apart."""

    __tablename__ = "api_key"

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    guild_id: int = guild_key(index=True)
    name: str = Field(max_length=80)
    digest: bytes = Field(unique=True)
    hint: str = Field(max_length=4)
    scopes: list[str] = Field(sa_type=ARRAY(Text))
    created_at: datetime = Field(sa_type=MOMENT, default_factory=utc_now)
    expires_at: datetime | None = Field(default=None, sa_type=MOMENT)
    revoked_at: datetime | None = Field(default=None, sa_type=MOMENT)
    last_used_at: datetime | None = Field(default=None, sa_type=MOMENT)
