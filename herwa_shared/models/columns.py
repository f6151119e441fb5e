"""Column types, key columns, conditions and check constraints shared by all tables."""

from collections.abc import Collection
from enum import StrEnum
from typing import Any

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ColumnElement, DateTime, any_, column, literal
from sqlmodel import Field, col

SNOWFLAKE = BigInteger
TIMESTAMPTZ = DateTime(timezone=True)


def build_guild_key(**options: Any) -> Any:
    """Build the foreign key column of a guild-owned row; deleting the guild deletes the row."""
    return Field(sa_type=SNOWFLAKE, foreign_key="guild.id", ondelete="CASCADE", **options)


def build_user_key(**options: Any) -> Any:
    """Build the foreign key column of a user-owned row; deleting the user deletes the row."""
    return Field(sa_type=SNOWFLAKE, foreign_key="user_account.id", ondelete="CASCADE", **options)


def matches_any(id_column: int | None, ids: Collection[int]) -> ColumnElement[bool]:
    """Build an `= ANY(array)` condition.

    It needs one bind parameter for any number of ids; a statement can have at most 32,767.
    """
    return col(id_column) == any_(literal(list(ids), ARRAY(BigInteger)))


def build_enum_check(column_name: str, enum_type: type[StrEnum]) -> CheckConstraint:
    """Build the check that a string column contains only values of the enum."""
    return CheckConstraint(column(column_name).in_([item.value for item in enum_type]), name=f"{column_name}_is_known")


def build_pair_check(
    kind_column: str, empty_kind: StrEnum, value_column: str, empty_value: str | int
) -> CheckConstraint:
    """Build the check that `value_column` is empty for `empty_kind` and for no other kind.

    `empty_value` is what counts as empty. Example: `subject_id` is 0 exactly if `subject_kind` is "everyone".
    """
    return CheckConstraint(
        (column(kind_column) == empty_kind.value) == (column(value_column) == empty_value),
        name=f"{kind_column}_has_its_{value_column}",
    )
