"""Column types that every table spells alike."""

from typing import Any

from sqlalchemy import BigInteger, DateTime
from sqlmodel import Field

SNOWFLAKE = BigInteger
MOMENT = DateTime(timezone=True)


def guild_key(**more: Any) -> Any:
    """The column of a guild-owned row: it goes when its guild goes."""
    return Field(sa_type=SNOWFLAKE, foreign_key="guild.id", ondelete="CASCADE", **more)


def user_key(**more: Any) -> Any:
    """The column of a user-owned row: it goes when its user goes."""
    return Field(sa_type=SNOWFLAKE, foreign_key="user_account.id", ondelete="CASCADE", **more)
