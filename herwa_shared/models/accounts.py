"""Tables of users, cached guilds, tokens, web sessions and used OAuth states."""

from datetime import datetime

from sqlalchemy import ARRAY
from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import SNOWFLAKE, TIMESTAMPTZ, build_user_key

MAX_BROWSER_LENGTH = 60


class User(SQLModel, table=True):
    """A Discord account that has logged in.

    `guilds_fetched_at` is when their `user_guild` rows were fetched; they are valid for a limited time after it. None
    means that they must be fetched again. `guilds_generation` counts the changes that the gateway reported, so that a
    response fetched before a change is not saved after it.
    """

    __tablename__ = "user_account"

    id: int = Field(sa_type=SNOWFLAKE, primary_key=True, sa_column_kwargs={"autoincrement": False})
    name: str = Field(max_length=100)
    avatar: str | None = Field(default=None, max_length=64)
    logged_in_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)
    guilds_fetched_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    guilds_generation: int = 0


class UserGuild(SQLModel, table=True):
    """A guild of a user as last fetched from Discord; it decides what the user may see in Herwa.

    The bot need not be in the guild. `permissions` are Discord's bits. `role_ids` is fetched only when an access rule
    is about roles; None means not fetched yet.
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
    """The newest access and refresh token of one user.

    They are encrypted, so that a copy of the database alone cannot be used to call Discord.
    """

    __tablename__ = "user_token"

    user_id: int = build_user_key(primary_key=True)
    encrypted_tokens: bytes
    expires_at: datetime = Field(sa_type=TIMESTAMPTZ)


class WebSession(SQLModel, table=True):
    """A logged-in browser session.

    `digest` is the hash of its token, which is not stored. `seen_at` is updated at most once a minute. `browser` names
    browser and system for the user, such as "Firefox on Windows"; it is empty for sessions from before it was stored.
    """

    __tablename__ = "web_session"

    digest: bytes = Field(primary_key=True)
    user_id: int = build_user_key(index=True)
    browser: str = Field(default="", max_length=MAX_BROWSER_LENGTH, sa_column_kwargs={"server_default": ""})
    created_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)
    seen_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now, index=True)


class UsedOAuthState(SQLModel, table=True):
    """The hash of an OAuth state that has been used, so that it cannot be used twice.

    Rows are kept somewhat longer than a state is valid.
    """

    __tablename__ = "used_oauth_state"

    digest: bytes = Field(primary_key=True)
    at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now, index=True)
