"""A guild's choice for a whole module."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import MOMENT, guild_key


class ModuleToggle(SQLModel, table=True):
    """Off switches every feature of it off; on, or no row, leaves each feature its own choice."""

    __tablename__ = "module_toggle"

    guild_id: int = guild_key(primary_key=True)
    module_key: str = Field(primary_key=True, foreign_key="module.key", max_length=32)
    enabled: bool
    changed_at: datetime = Field(sa_type=MOMENT, default_factory=utc_now)
