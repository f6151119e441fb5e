"""Stretches of a guild's past that were brought in later: replays, imports, finished back-fills."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from herwa_shared.models.columns import MOMENT, guild_key


class HistoryCoverage(SQLModel, table=True):
    """Within `[from_at, to_at)` silence means that nothing happened, though no collector ran."""

    __tablename__ = "history_coverage"

    guild_id: int = guild_key(primary_key=True)
    from_at: datetime = Field(sa_type=MOMENT, primary_key=True)
    to_at: datetime = Field(sa_type=MOMENT, primary_key=True)
    source: str = Field(max_length=16, description="replay, import or backfill")
