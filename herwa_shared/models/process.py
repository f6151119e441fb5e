"""Every process of Herwa that is or was running, wherever it runs: what `herwa status` shows."""

from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import MOMENT, SNOWFLAKE


class Process(SQLModel, table=True):
    """One process and its newest sign of life. `detail` is what its room wants people to know.

    `drained` is the newest drain request up to which this process holds nothing back; only collectors set it.
    """

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    name: str = Field(max_length=16)
    host: str = Field(max_length=255)
    pid: int
    started_at: datetime = Field(sa_type=MOMENT, default_factory=utc_now)
    seen_at: datetime = Field(sa_type=MOMENT, default_factory=utc_now, index=True)
    stopped_at: datetime | None = Field(default=None, sa_type=MOMENT)
    drained: int | None = Field(default=None, sa_type=SNOWFLAKE)
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
