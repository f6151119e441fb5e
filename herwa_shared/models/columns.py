"""Column types and checks that every table spells alike."""

from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, column
from sqlmodel import Field

SNOWFLAKE = BigInteger
MOMENT = DateTime(timezone=True)


def guild_key(**more: Any) -> Any:
    """The column of a guild-owned row: it goes when its guild goes."""
    return Field(sa_type=SNOWFLAKE, foreign_key="guild.id", ondelete="CASCADE", **more)


def user_key(**more: Any) -> Any:
    """The column of a user-owned row: it goes when its user goes."""
    return Field(sa_type=SNOWFLAKE, foreign_key="user_account.id", ondelete="CASCADE", **more)


def one_of(name: str, choices: type[StrEnum]) -> CheckConstraint:
    """A plain string column holds nothing but these choices."""
    return CheckConstraint(column(name).in_([choice.value for choice in choices]), name=f"{name}_is_known")


def together(kind: str, none: StrEnum, of_it: str, empty: str | int) -> CheckConstraint:
    """The kind `none`, and no other, has nothing in the column that says of what."""
    return CheckConstraint((column(kind) == none.value) == (column(of_it) == empty), name=f"{kind}_has_its_{of_it}")
