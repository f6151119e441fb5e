"""Column types and checks that every table spells alike."""

from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, column
from sqlmodel import Field

SNOWFLAKE = BigInteger
TIMESTAMPTZ = DateTime(timezone=True)


def build_guild_key(**options: Any) -> Any:
    """The column of a guild-owned row: it goes when its guild goes."""
    return Field(sa_type=SNOWFLAKE, foreign_key="guild.id", ondelete="CASCADE", **options)


def build_user_key(**options: Any) -> Any:
    """The column of a user-owned row: it goes when its user goes."""
    return Field(sa_type=SNOWFLAKE, foreign_key="user_account.id", ondelete="CASCADE", **options)


def build_enum_check(column_name: str, enum_type: type[StrEnum]) -> CheckConstraint:
    """A plain string column holds nothing but these choices."""
    return CheckConstraint(column(column_name).in_([item.value for item in enum_type]), name=f"{column_name}_is_known")


def build_pair_check(
    kind_column: str, empty_kind: StrEnum, value_column: str, empty_value: str | int
) -> CheckConstraint:
    """The kind `none`, and no other, has nothing in the column that says of what."""
    return CheckConstraint(
        (column(kind_column) == empty_kind.value) == (column(value_column) == empty_value),
        name=f"{kind_column}_has_its_{value_column}",
    )
