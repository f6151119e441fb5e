"""A tier: what the operator offers."""

from sqlmodel import Field, SQLModel


class Tier(SQLModel, table=True):
    """One tier. The higher `rank` is the better one. What it does not say itself it has from the tier it inherits."""

    key: str = Field(primary_key=True, max_length=32)
    title: str = Field(max_length=64)
    rank: int = Field(unique=True)
    inherits: str | None = Field(default=None, foreign_key="tier.key", max_length=32)
