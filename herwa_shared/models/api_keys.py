"""API keys of guilds, and their use."""

from datetime import date, datetime
from secrets import token_bytes
from typing import Any

from sqlalchemy import ARRAY, Column, ForeignKey, Index, SmallInteger, Text, false
from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import SNOWFLAKE, TIMESTAMPTZ, build_guild_key


class ApiKey(SQLModel, table=True):
    """An API key with which a program reads one guild.

    `digest` is a keyed hash of the key, which is not stored. `hint` is its last four characters, by which people
    recognize it. `networks` are the client networks that may use it; empty: all. `revoked_at` is when it was ended
    before its expiry, for `end_reason`. `successor_id` is the key that replaces it after a rotation. From
    `pseudonym_secret` the pseudonyms of members are derived that the key sees; its successor has the same.
    """

    __tablename__ = "api_key"

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    guild_id: int = build_guild_key(index=True)
    name: str = Field(max_length=80)
    digest: bytes = Field(unique=True)
    hint: str = Field(max_length=4, index=True)
    scopes: list[str] = Field(sa_type=ARRAY(Text))
    created_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)
    expires_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    revoked_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    last_used_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    is_test: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    networks: list[str] = Field(default_factory=list, sa_type=ARRAY(Text), sa_column_kwargs={"server_default": "{}"})
    end_reason: str | None = Field(default=None, sa_type=Text)
    successor_id: int | None = Field(
        default=None, sa_column=Column(SNOWFLAKE, ForeignKey("api_key.id", ondelete="SET NULL"), nullable=True)
    )
    pseudonym_secret: bytes = Field(default_factory=lambda: token_bytes(16), repr=False)


def _build_key_column(**options: Any) -> Any:
    return Field(sa_type=SNOWFLAKE, foreign_key="api_key.id", ondelete="CASCADE", **options)


class ApiKeyUsage(SQLModel, table=True):
    """How many requests were made with a key on one day (UTC) at one endpoint, with one outcome.

    `endpoint` is the method and the template of the path, empty for a request that reached no endpoint. `code` is that
    of the error, empty without one.
    """

    __tablename__ = "api_key_usage"

    key_id: int = _build_key_column(primary_key=True)
    day: date = Field(primary_key=True)
    endpoint: str = Field(sa_type=Text, primary_key=True)
    status: int = Field(sa_type=SmallInteger, primary_key=True)
    code: str = Field(sa_type=Text, primary_key=True)
    requests: int = Field(sa_type=SNOWFLAKE)
    milliseconds: int = Field(sa_type=SNOWFLAKE)


class ApiKeyRequest(SQLModel, table=True):
    """One of the last requests with a key: no address of the client, no id and no parameter of the URL."""

    __tablename__ = "api_key_request"
    __table_args__ = (Index("ix_api_key_request_key_id_at", "key_id", "at"),)

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    key_id: int = _build_key_column()
    at: datetime = Field(sa_type=TIMESTAMPTZ)
    endpoint: str = Field(sa_type=Text)
    status: int = Field(sa_type=SmallInteger)
    code: str = Field(sa_type=Text)
    milliseconds: int
    request_id: str = Field(sa_type=Text)
