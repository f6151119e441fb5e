"""When a shard was being listened to: what tells a silent hour from one that nobody counted."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import MOMENT, SNOWFLAKE


class CollectorRun(SQLModel, table=True):
    """One gateway session of one shard, from READY until it was lost; a resumed session is the same run.

    `seen_at` moves with every sign of life; a run that ended by a crash ends there. `intents` are Discord's bits: what
    needs one that is not among them was not counted.
    """

    __tablename__ = "collector_run"

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    shard_id: int
    shard_count: int
    started_at: datetime = Field(sa_type=MOMENT, default_factory=utc_now)
    seen_at: datetime = Field(sa_type=MOMENT, default_factory=utc_now, index=True)
    intents: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
