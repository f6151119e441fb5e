"""A feature that the operator has turned off everywhere."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import MOMENT


class KillSwitch(SQLModel, table=True):
    """Off for all guilds while the row is there. People see `reason`."""

    __tablename__ = "kill_switch"

    feature_key: str = Field(primary_key=True, foreign_key="feature.key", max_length=64)
    reason: str = Field(max_length=200)
    by: str = Field(max_length=64)
    at: datetime = Field(sa_type=MOMENT, default_factory=utc_now)
