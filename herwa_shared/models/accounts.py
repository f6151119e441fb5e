"""An account of Discord that has logged in.

A guild of a user, as Discord last told: what they are there decides what they may see here.

What Discord gave us to ask on behalf of a user.

A browser in which somebody is logged in.

Log-ins that came back from Discord: each comes back once.

A key with which a program reads one guild.
"""

from datetime import datetime

from sqlalchemy import ARRAY, Text
from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import SNOWFLAKE, TIMESTAMPTZ, build_guild_key, build_user_key


class User(SQLModel, table=True):
    """One person. Their guilds (`user_guild`) are good for a while after `guilds_fetched_at`; None: ask again.

    `guilds_generation` counts the changes that the gateway reported, so that an answer from before one is not kept.
    """

    __tablename__ = "user_account"

    id: int = Field(sa_type=SNOWFLAKE, primary_key=True, sa_column_kwargs={"autoincrement": False})
    name: str = Field(max_length=100)
    avatar: str | None = Field(default=None, max_length=64)
    logged_in_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)
    guilds_fetched_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    guilds_generation: int = 0


class UserGuild(SQLModel, table=True):
    """One guild of one user, also one that the bot is not in. `permissions` are Discord's bits.

    Discord is asked for `role_ids` only where an access rule is about roles; None: not asked yet.
    """

    __tablename__ = "user_guild"

    user_id: int = build_user_key(primary_key=True)
    guild_id: int = Field(sa_type=SNOWFLAKE, primary_key=True, index=True)
    name: str = Field(max_length=100)
    icon: str | None = Field(default=None, max_length=64)
    owner: bool
    permissions: int = Field(sa_type=SNOWFLAKE)
    member_count: int = 0
    role_ids: list[int] | None = Field(default=None, sa_type=ARRAY(SNOWFLAKE))


class UserToken(SQLModel, table=True):
    """The newest access and refresh token of one user, sealed: a copy of this database asks Discord nothing."""

    __tablename__ = "user_token"

    user_id: int = build_user_key(primary_key=True)
    encrypted_tokens: bytes
    expires_at: datetime = Field(sa_type=TIMESTAMPTZ)


class WebSession(SQLModel, table=True):
    """One session. Only a hash of its id is kept; `seen_at` moves at most once a minute."""

    __tablename__ = "web_session"

    digest: bytes = Field(primary_key=True)
    user_id: int = build_user_key(index=True)
    created_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)
    seen_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now, index=True)


class UsedOAuthState(SQLModel, table=True):
    """The hash of one state that has been used. Kept a little longer than a state is valid."""

    __tablename__ = "used_oauth_state"

    digest: bytes = Field(primary_key=True)
    at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now, index=True)


class ApiKey(SQLModel, table=True):
    """One key. Only a keyed hash of it is kept; `hint` is its last four characters, for people to tell keys apart."""

    __tablename__ = "api_key"

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    guild_id: int = build_guild_key(index=True)
    name: str = Field(max_length=80)
    digest: bytes = Field(unique=True)
    hint: str = Field(max_length=4)
    scopes: list[str] = Field(sa_type=ARRAY(Text))
    created_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)
    expires_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    revoked_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    last_used_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
